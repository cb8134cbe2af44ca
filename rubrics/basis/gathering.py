"""Computes what a review is judged by, in the form in which it is kept: JSON of a limited size."""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from exams import ledger
from exams.access import READ_BY_ADMIN
from exams.models import Event
from grading import evidence
from grading.evidence import code
from rubrics.basis.comparing import Differences, differences
from rubrics.models import Basis, Round

if TYPE_CHECKING:
    from exams.models import Attempt
    from rubrics.models import Review

log = logging.getLogger(__name__)

JsonObject = dict[str, Any]

MOST_BYTES = 2 * 1024 * 1024  # the database refuses more
_WHY_CHARACTERS = 300
# What other rows hold word for word, where the database keeps it as well: the hand-ins.
COPIES = ("documents",)
LEAST = "proposals"  # never left out: with each band come its conditions, the figures and what those cite
_NO_WORK = ("review.", "appeal.", READ_BY_ADMIN, "export.")  # entries of the ledger that change no figure


@dataclass(frozen=True)
class Computed:
    """The evidence of one moment, as plain JSON, or why there is none; and the code that computed it."""

    at: datetime
    evidence: JsonObject | None
    why_not: str
    code: str


@dataclass(frozen=True)
class Gathered:
    """What a sign-off will keep: its text, its hash, and the ledger's last entry of the work that it knows of."""

    text: str
    last: int

    @property
    def sha256(self) -> str:
        """The hash of the text, as the database computes it too."""
        return ledger.content_sha256(self.text)


def computed(attempt: Attempt, *, now: datetime) -> Computed:
    """The evidence as it is computed now.

    A fault in computing it is ours: it is logged for operators, told in words, and stands in nobody's way.
    """
    found, why_not = None, ""
    try:
        with transaction.atomic():
            found = plain(evidence.collect(attempt, now=now))
    except Exception as fault:
        log.exception("ALERT: the evidence of attempt %s cannot be computed", attempt.pk)
        why_not = f"{type(fault).__name__}: {fault}"[:_WHY_CHARACTERS]
    return Computed(now, found, why_not, code.version())


def plain(value: Any) -> JsonObject:
    """A page of evidence as JSON gives it back."""
    found: JsonObject = json.loads(_text(value))
    return found


def gather(review: Review, *, now: datetime) -> Gathered:
    """What a review is judged by at this moment; an appeal, by what the first review was judged by.

    1. The number of the last entry of work in the ledger: what comes later was not known.
    2. The evidence, computed; of an appeal that which was kept with the first, and how today's differs from it.
    3. Copies of other rows are left out; then whole sections, the largest first, until it fits. Each leaves its hash.
    """
    attempt = review.attempt
    last = _last(attempt)
    today = computed(attempt, now=now)
    body = _body(review, today) | {"salt": secrets.token_hex(16), "review": str(review.pk)}
    first = of_first(review)
    if first is not None:
        stored = content(first)
        same = ("evidence", "why_not", "left_out", "computed_at", "code", "twin")
        body |= {key: stored[key] for key in same} | {"first": first.sha256}
        body["differs"] = differences(stored["evidence"], today.evidence).as_json()
    return Gathered(_fitting(body), last)


def still_holds(gathered: Gathered, attempt: Attempt) -> bool:
    """Whether nothing that evidence is made of was recorded since; asked while the attempt is held."""
    return gathered.last == _last(attempt)


def of_first(review: Review) -> Basis | None:
    """What the first review of an appealed attempt was judged by, if it was kept and could be computed."""
    if review.round != Round.APPEAL:
        return None
    found = Basis.objects.filter(review__attempt=review.attempt_id, review__round=Round.FIRST).first()
    return found if found is not None and content(found)["evidence"] is not None else None


def content(basis: Basis) -> JsonObject:
    """What was kept."""
    found: JsonObject = json.loads(basis.content)
    return found


def differs_now(stored: JsonObject, today: Computed) -> Differences:
    """How today's evidence differs from what was kept."""
    return differences(stored["evidence"], today.evidence)


def _body(review: Review, found: Computed) -> JsonObject:
    version = review.attempt.twin
    return {
        "attempt": str(review.attempt_id),
        "computed_at": ledger.iso(found.at),
        "code": found.code,
        "twin": {"slug": version.slug, "version": version.version, "sha256": version.content_sha256},
        "why_not": found.why_not,
        "left_out": {},
        "evidence": found.evidence,
    }


def _fitting(body: JsonObject) -> str:
    """The text of a body, with as much of its evidence as fits."""
    for name in COPIES:
        body = _without(body, name)
    while len(text := _text(body)) > MOST_BYTES and body["evidence"] is not None:
        rest = {name: len(_text(part)) for name, part in body["evidence"].items() if name != LEAST}
        if rest:
            body = _without(body, max(rest, key=lambda name: rest[name]))
        else:
            why = f"what the bands propose comes to {len(text)} bytes, and at most {MOST_BYTES} are kept"
            body = body | {"evidence": None, "why_not": why}
    return text


def _without(body: JsonObject, name: str) -> JsonObject:
    found = body["evidence"]
    if found is None or name not in found:
        return body
    left = _text(found[name])
    said = {"bytes": len(left), "sha256": ledger.content_sha256(left)}
    return body | {
        "evidence": {key: part for key, part in found.items() if key != name},
        "left_out": body["left_out"] | {name: said},
    }


def _last(attempt: Attempt) -> int:
    events = Event.objects.filter(attempt=attempt).order_by("-seq").values_list("seq", "kind")
    return next((seq for seq, kind in events.iterator(chunk_size=50) if not kind.startswith(_NO_WORK)), 0)


def _text(value: Any) -> str:
    """JSON in ASCII, so that a byte is a character and nothing in a learner's text upsets the database."""
    return json.dumps(value, default=_named, separators=(",", ":"), allow_nan=False)


def _named(value: Any) -> str:
    match value:
        case datetime():
            return ledger.iso(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
    raise TypeError(f"evidence holds a {type(value).__name__}, which has no JSON form")
