"""Auto-save: versions of every deliverable are kept, and two tabs never silently overwrite each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from exams import collecting, late, ledger, receipts, sources
from exams.content import ContentUnusable, check_plain, check_size, is_blank
from exams.definitions import deliverable_of
from exams.errors import Refusal
from exams.live.listing import CONFLICTED, SAVED, has_its_own, last_entry, receipt_of
from exams.live.thinning import thin
from exams.models import Draft
from exams.windows import arrive

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt, LateWrite
    from exams.receipts import Receipt
    from exams.twins.definition import Deliverable
    from exams.windows import Arrival

BYTES_PER_CHARACTER = 4  # of UTF-8, at most
_KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list"}


class StaleDraft(Refusal):
    """Somebody saved in between. Both are kept; the facts hold the other version and where this one was stored."""


@dataclass(frozen=True)
class Saved:
    """A draft's version that holds what was sent (None when it came late), and its receipt."""

    receipt: Receipt
    draft: Draft | None
    late: LateWrite | None
    unchanged: bool = False


def save_draft(
    *, attempt: Attempt, deliverable: str, content: Any, based_on: int, actor: User, received_at: datetime
) -> Saved:
    """Save a version of a deliverable that was edited from version `based_on` (0: there was none).

    The same content as the current version makes no new one. A save on a stale version is stored beside the current
    one as a conflict copy, and refused. Very many versions are thinned out by age (see `thinning`).

    Raises:
        StaleDraft: `based_on` is not the current version; the copy is stored all the same.
        ContentTooLarge, ContentUnusable, BadSource: it cannot be kept, or names no source.
        NoSuchDeliverable, NotStarted, AttemptVoid, StageNotOpenYet: there is nothing to save it to.
    """
    wanted = deliverable_of(attempt, deliverable)
    content = checked(content, deliverable=wanted, attempt=attempt)
    sha256 = ledger.content_sha256(content)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=wanted.stage, received_at=received_at)
        if not arrival.counts:
            kept, receipt = late.keep(
                arrival=arrival,
                kind="draft",
                payload={"deliverable": wanted.key, "content": content, "based_on": based_on},
                content_sha256=sha256,
                actor=actor,
            )
            return Saved(receipt=receipt, draft=None, late=kept)
        current = current_draft(held, wanted.key)
        if current is not None and current.content_sha256 == sha256:
            return Saved(receipt=receipt_of(current, arrival), draft=current, late=None, unchanged=True)
        stale = based_on != (current.version if current is not None else 0)
        draft = _store(
            arrival, deliverable=wanted.key, content=content, sha256=sha256, based_on=based_on, stale=stale, actor=actor
        )
        receipt = receipt_of(draft, arrival)
        thin(attempt=held, stage=arrival.stage, draft=draft, now=received_at)
        if not stale:
            collecting.again_if_swept(attempt=held, stage=arrival.stage, received_at=received_at)
            return Saved(receipt=receipt, draft=draft, late=None)
    raise _stale(draft, current, receipt)


def checked(content: Any, *, deliverable: Deliverable, attempt: Attempt) -> Any:
    """The content as it is kept: bounded plain JSON, for code the source it names.

    Raises:
        ContentTooLarge, ContentUnusable, BadSource: it cannot be kept.
    """
    what = f"content of {deliverable.key!r}"
    check_plain(content, what=what)
    if deliverable.kind == "code":
        return sources.read(content, attempt=attempt).as_json()
    if not is_blank(content) and not isinstance(content, (str, dict)):
        raise ContentUnusable(
            f"{deliverable.title} is expected as text (Markdown), or as an object of texts by name; this is "
            f"{_KINDS[type(content)]}. Nothing was stored; send it as text."
        )
    most = deliverable.max_characters * BYTES_PER_CHARACTER
    check_size(ledger.canonical(content), what=what, max_bytes=most)
    return ledger.plain(content)


def current_draft(attempt: Attempt, deliverable: str) -> Draft | None:
    """The version that is edited on: the newest that is no conflict copy."""
    return Draft.objects.filter(attempt=attempt, deliverable=deliverable, conflict=False).order_by("-version").first()


def record_draft(
    *,
    attempt: Attempt,
    deliverable: str,
    content: Any,
    sha256: str,
    based_on: int,
    conflict: bool,
    received_at: datetime,
) -> Draft:
    """Write the row of a version. The attempt must be held."""
    last = Draft.objects.filter(attempt=attempt, deliverable=deliverable).aggregate(last=Max("version"))["last"]
    return Draft.objects.create(
        attempt=attempt,
        deliverable=deliverable,
        version=(last or 0) + 1,
        based_on=based_on,
        conflict=conflict,
        content=content,
        content_sha256=sha256,
        received_at=received_at,
    )


def _store(
    arrival: Arrival, *, deliverable: str, content: Any, sha256: str, based_on: int, stale: bool, actor: User
) -> Draft:
    # A client that tries a stale save again and again keeps one copy of it, not many, and one entry.
    if stale:
        copies = Draft.objects.filter(
            attempt=arrival.attempt, deliverable=deliverable, conflict=True, content_sha256=sha256
        )
        copy = copies.order_by("version").first()
        if copy is not None:
            return copy
    last = last_entry(arrival.attempt, deliverable)
    draft = record_draft(
        attempt=arrival.attempt,
        deliverable=deliverable,
        content=content,
        sha256=sha256,
        based_on=based_on,
        conflict=stale,
        received_at=arrival.received_at,
    )
    if not has_its_own(arrival.attempt, last, received_at=arrival.received_at):
        return draft
    without = draft.version - last.payload["version"] - 1 if last is not None else 0
    ledger.append(
        attempt=arrival.attempt,
        kind=CONFLICTED if stale else SAVED,
        payload={
            "deliverable": deliverable,
            "version": draft.version,
            "based_on": based_on,
            **({"versions_without_entry": without} if without else {}),
            **receipts.facts(arrival.stage, sha256),
        },
        actor=actor,
        at=arrival.received_at,
        receipt=True,
    )
    return draft


def _stale(draft: Draft, current: Draft | None, receipt: Receipt) -> StaleDraft:
    version = current.version if current is not None else 0
    return StaleDraft(
        f"This was edited from version {draft.based_on}, but version {version} has been saved since, perhaps in "
        f"another tab. Nothing is lost: yours is kept as conflict copy {draft.version}. Compare the two "
        f"and save again from version {version}.",
        yours={"version": draft.version, "conflict": True, "content": draft.content},
        current=None
        if current is None
        else {"version": current.version, "content": current.content, "received_at": ledger.iso(current.received_at)},
        receipt=receipts.as_json(receipt),
    )
