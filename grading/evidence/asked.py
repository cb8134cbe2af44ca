"""What people in the room asked for, and the update that answered it; of a missed promise, one to whom it was made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from exams import incident
from exams.packs.injects import PromiseMissed

if TYPE_CHECKING:
    from datetime import datetime

    from exams.coworkers.answers import Asked
    from exams.models import StatusUpdate
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject

_PERCENT = 100


def asked_in_the_room(kept: Kept) -> list[JsonObject]:
    """What people in the room asked for, and the update that answered it."""
    return [_row(kept, each) for each in kept.asked_in_the_room]


def _row(kept: Kept, asked: Asked) -> JsonObject:
    promised = _promised(kept, asked)
    update, answered_at = asked.update, asked.answered_at
    if promised is not None:  # whoever was promised one has heard nothing of what others were told
        later = (each for each in kept.updates if each.received_at >= asked.due_at)
        answer = next((each for each in later if each.audience == promised.audience), None)
        update, answered_at = (answer.number, answer.received_at) if answer else (None, None)
    return {
        "role": asked.role,
        "name": asked.name,
        "text": asked.text,
        "asked_at": asked.asked_at,
        "answer_by": asked.answer_by,
        "answered_at": answered_at,
        "update": update,
        "in_time": answered_at is not None and answered_at < asked.answer_by,
        "for_promise": None
        if promised is None
        else {"update": promised.number, "audience": promised.audience, "due": promised.next_update_at},
        "due": asked.answer_by <= kept.now,
        "cites": kept.event(f"inject.{asked.role}", key=asked.key, occurrence=asked.occurrence)
        + ([] if update is None else kept.event("status_update.posted", number=update)),
    }


def _promised(kept: Kept, asked: Asked) -> StatusUpdate | None:
    """The update whose promise had been missed, of what somebody asked for that reason; of several, the one due last.

    It is the one that who asks speaks of; see `exams.coworkers.history.History.missed`.
    """
    if not _overdue(kept, asked.due_at, timedelta(0)):  # spares us the script
        return None
    by = _missing_for(kept, asked.key)
    overdue = [] if by is None else _overdue(kept, asked.due_at, by)
    return max(overdue, key=lambda each: each[:2])[2] if overdue else None


def _overdue(kept: Kept, at: datetime, by: timedelta) -> list[tuple[datetime, int, StatusUpdate]]:
    last = {each.audience: each for each in kept.updates if each.received_at < at}
    return [
        (each.next_update_at, each.number, each)
        for each in last.values()
        if each.next_update_at is not None and each.next_update_at + by <= at + timedelta(seconds=1)
    ]


def _missing_for(kept: Kept, key: str) -> timedelta | None:
    """How long after a missed promise a rule of the script speaks; None of one that speaks of something else."""
    if kept.twin.pack is None:
        return None
    drawn = incident.of(kept.attempt)
    rule = next((each for each in drawn.pack.injects(drawn.spec) if each.key == key), None)
    when = [each for each in rule.when if isinstance(each, PromiseMissed)] if rule else []
    return timedelta(seconds=when[0].seconds) * kept.attempt.multiplier_percent / _PERCENT if when else None
