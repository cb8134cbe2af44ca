"""A status update is posted once, timed by the server, and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from exams import late, ledger, receipts
from exams.content import check_text
from exams.definitions import stage_for_updates, twin_of
from exams.errors import Refusal
from exams.models import StatusUpdate
from exams.windows import arrive

if TYPE_CHECKING:
    from accounts.models import User
    from exams.models import Attempt, LateWrite
    from exams.receipts import Receipt

TEXT_CHARACTERS = 4_000
IMPACT_CHARACTERS = 2_000
FURTHEST_NEXT = timedelta(days=7)


class TooManyUpdates(Refusal):
    """More status updates than an incident can need."""


class UpdateUnusable(Refusal):
    """The update says nothing, says too much, or promises the next one at an impossible time."""


@dataclass(frozen=True)
class Posted:
    """An update that was posted, or the late write it became."""

    receipt: Receipt
    update: StatusUpdate | None
    late: LateWrite | None


def post_update(
    *,
    attempt: Attempt,
    audience: StatusUpdate.Audience,
    state: StatusUpdate.State,
    text: str,
    impact: str,
    next_update_at: datetime | None,
    actor: User,
    received_at: datetime,
) -> Posted:
    """Post a status update; one that arrives after the live window is stored as late and does not count.

    Raises:
        UpdateUnusable: empty or too long text, or `next_update_at` not within seven days after now.
        TooManyUpdates: the twin's limit is reached.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    check_words(text=text, impact=impact, next_update_at=next_update_at, received_at=received_at)
    payload: dict[str, Any] = {
        "audience": str(audience),
        "state": str(state),
        "text": text,
        "impact": impact,
        "next_update_at": ledger.iso(next_update_at) if next_update_at else None,
    }
    content = ledger.content_sha256(payload)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=stage_for_updates(held), received_at=received_at)
        if not arrival.counts:
            kept, receipt = late.keep(
                arrival=arrival, kind="status_update", payload=payload, content_sha256=content, actor=actor
            )
            return Posted(receipt=receipt, update=None, late=kept)
        _require_room(held)
        update = record_update(attempt=held, payload=payload, received_at=received_at)
        event = ledger.append(
            attempt=held,
            kind="status_update.posted",
            payload={"number": update.number, **payload, **receipts.facts(arrival.stage, content)},
            actor=actor,
            at=received_at,
            receipt=True,
        )
        return Posted(receipt=receipts.give(event, arrival.stage, now=received_at), update=update, late=None)


def record_update(*, attempt: Attempt, payload: dict[str, Any], received_at: datetime) -> StatusUpdate:
    """Write the row of an update. The attempt must be held."""
    return StatusUpdate.objects.create(
        attempt=attempt,
        number=_last_number(attempt) + 1,
        audience=payload["audience"],
        state=payload["state"],
        text=payload["text"],
        impact=payload["impact"],
        next_update_at=datetime.fromisoformat(payload["next_update_at"]) if payload["next_update_at"] else None,
        received_at=received_at,
    )


def _last_number(attempt: Attempt) -> int:
    last: int | None = StatusUpdate.objects.filter(attempt=attempt).aggregate(last=Max("number"))["last"]
    return last or 0


def _require_room(attempt: Attempt) -> None:
    """What a learner sends is bounded by the twin; what an admin grants is not."""
    last, most = _last_number(attempt), twin_of(attempt).limits.status_updates
    if last >= most:
        raise TooManyUpdates(
            f"{last} status updates are posted in this attempt, and {most} is the most that is taken.", limit=most
        )


def check_words(*, text: str, impact: str, next_update_at: datetime | None, received_at: datetime) -> None:
    """Refuse an update that could not be read or kept.

    Raises:
        UpdateUnusable: with what to change.
        ContentUnusable: the text holds what is not text.
    """
    for name, words, most in (("text", text, TEXT_CHARACTERS), ("impact", impact, IMPACT_CHARACTERS)):
        check_text(words, what=name)
        if len(words) > most:
            raise UpdateUnusable(
                f"The {name} has {len(words)} characters; at most {most} are taken. Shorten it.", field=name, limit=most
            )
    if not text.strip():
        raise UpdateUnusable("The text is empty. Say what is known, in a sentence or two.", field="text")
    if next_update_at is not None and not received_at < next_update_at <= received_at + FURTHEST_NEXT:
        raise UpdateUnusable(
            f"The next update is promised for {ledger.iso(next_update_at)}; this one arrived at "
            f"{ledger.iso(received_at)}. Name a time after that, within {FURTHEST_NEXT.days} days.",
            field="next_update_at",
        )
