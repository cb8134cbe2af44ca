"""Shows what a review was judged by: what was kept where it is signed, with a note if today's would be another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from exams import ledger
from exams.models import Event
from grading import evidence
from grading.evidence import code
from rubrics.basis.gathering import Computed, JsonObject, computed, content, differs_now, of_first, plain
from rubrics.models import Basis, ReviewState

if TYPE_CHECKING:
    from datetime import datetime

    from rubrics.models import Review


class Origin(StrEnum):
    """Where the evidence on a page comes from."""

    today = "today"  # computed for this very look
    kept = "kept"  # kept when this review was signed
    kept_with_first = "kept_with_first"  # kept when the review that is appealed against was signed
    not_kept = "not_kept"  # signed, but nothing was kept: computed for this look


_SAYS = {
    Origin.today: "Computed just now. What stands here at the sign-off is kept with the review for good.",
    Origin.kept: "Kept when this review was signed, and never changed since.",
    Origin.kept_with_first: (
        "Kept when the first review was signed: what it was judged by. Ask for figures=today to see today's."
    ),
    Origin.not_kept: "Computed just now: {why}",
}
_BEFORE_KEEPING = "this review was signed before such evidence was kept, so that it may have seen other figures."
_NOT_COMPUTED = (
    "when the review was signed the evidence could not be computed ({why}); it rests on what its mentor wrote."
)
_OTHER = " Recomputed today it is not the same: see what differs."
_ALTERED = " What is stored is not what was kept: the ledger has another hash of it. Tell an operator."
_NO_TODAY = " Today it could not be recomputed ({why})."


@dataclass(frozen=True)
class Shown:
    """A page of evidence, None if there is none at all, and what is to be known of where it comes from."""

    evidence: JsonObject | None
    basis: JsonObject


def show(review: Review, *, today: bool, now: datetime) -> Shown:
    """The evidence of a review as it is to be read.

    1. Of a review that is not signed: today's. Of an appeal that is not: what was kept with the first review.
    2. Of a signed one: what was kept with it; where nothing was, today's, and why.
    3. What was kept is compared with today's; `today` asks for the latter to be shown, with the same note.
    """
    signed = review.state == ReviewState.SIGNED_OFF
    row = Basis.objects.filter(review=review).first() if signed else of_first(review)
    if row is None and not signed:
        page = plain(evidence.collect(review.attempt, now=now))
        return Shown(page, _note(review, Origin.today, _SAYS[Origin.today], at=ledger.iso(now)))
    fresh = computed(review.attempt, now=now)
    if row is None:
        return _instead(review, fresh, _BEFORE_KEEPING)
    stored = content(row)
    if stored["evidence"] is None:
        return _instead(review, fresh, _NOT_COMPUTED.format(why=stored["why_not"]))
    return _kept(review, row, stored, fresh, today=today)


def _kept(review: Review, row: Basis, stored: JsonObject, fresh: Computed, *, today: bool) -> Shown:
    found = differs_now(stored, fresh)
    own = row.review_id == review.pk
    origin = Origin.kept if own else Origin.kept_with_first
    says = _SAYS[origin]
    says += "" if _intact(row) else _ALTERED
    says += _OTHER if found.same is False else ""
    says += _NO_TODAY.format(why=fresh.why_not) if fresh.evidence is None else ""
    shows_today = today and fresh.evidence is not None
    page = fresh.evidence if shows_today else _filled(stored, fresh)
    note = _note(
        review,
        origin,
        says,
        at=ledger.iso(fresh.at) if shows_today else stored["computed_at"],
        shown="today" if shows_today else "kept",
        kept_at=ledger.iso(row.kept_at),
        sha256=row.sha256,
        code=stored["code"],
        left_out=sorted(stored["left_out"]),
        differs=found.as_json(),
        differed_at_sign_off=stored.get("differs"),
    )
    return Shown(page, note)


def _intact(row: Basis) -> bool:
    """Whether it is what was hashed into the ledger: who owns the database can change a row, and not the chain too."""
    events = Event.objects.filter(kind="review.signed_off", attempt=row.review.attempt_id)
    known = events.filter(payload__review=str(row.review_id)).values_list("payload__evidence_sha256", flat=True)
    return list(known) == [ledger.content_sha256(row.content)]


def _instead(review: Review, fresh: Computed, why: str) -> Shown:
    says = _SAYS[Origin.not_kept].format(why=why)
    says += _NO_TODAY.format(why=fresh.why_not) if fresh.evidence is None else ""
    return Shown(fresh.evidence, _note(review, Origin.not_kept, says, at=ledger.iso(fresh.at)))


def _filled(stored: JsonObject, fresh: Computed) -> JsonObject:
    """What was kept; sections that were left out, as today has them, since their rows are kept elsewhere."""
    order = list(fresh.evidence or stored["evidence"])
    order += [name for name in (*stored["evidence"], *stored["left_out"]) if name not in order]
    rest = fresh.evidence or {}
    return {
        name: stored["evidence"][name] if name in stored["evidence"] else rest.get(name)
        for name in order
        if name in stored["evidence"] or name in stored["left_out"]
    }


def _note(review: Review, origin: Origin, says: str, *, at: str, **known: Any) -> JsonObject:
    version = review.attempt.twin
    return {
        "origin": origin,
        "says": says,
        "shown": "today",
        "computed_at": at,
        "kept_at": None,
        "sha256": "",
        "code": code.version(),
        "code_today": code.version(),
        "twin": {"slug": version.slug, "version": version.version, "sha256": version.content_sha256},
        "left_out": [],
        "differs": None,
        "differed_at_sign_off": None,
    } | known
