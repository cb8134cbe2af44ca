"""What landed in the attempt's own repository is ledgered, so that its head at any moment can be told afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from exams import collecting, ledger, receipts
from exams.definitions import stage_for_code
from exams.models import Event
from exams.sources import PUSHED
from exams.windows import stage_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime


def record_push(
    *,
    attempt_id: uuid.UUID,
    ref: str,
    old: str,
    new: str,
    found: Mapping[str, str] | None = None,
    received_at: datetime,
) -> Event:
    """Ledger that a branch moved, once: branches only go forward, so a move happens once.

    One that arrived in its window but is recorded after the sweep still counts.

    Args:
        attempt_id: whose repository.
        ref: full name of the branch, ``refs/heads/…``.
        old: the commit it was at; forty zeros for a new branch.
        new: the commit it is at now.
        found: what the ledger says beside it of a push that was found afterwards.
        received_at: when the last byte of the push had arrived.
    """
    with transaction.atomic():
        attempt = ledger.hold(attempt_id)
        move = {"ref": ref, "old": old, "new": new}
        known = Event.objects.filter(attempt=attempt, kind=PUSHED, payload__contains=move).first()
        if known is not None:
            return known
        stage = stage_of(attempt, stage_for_code(attempt))
        event = ledger.append(
            attempt=attempt,
            kind=PUSHED,
            payload={
                **move,
                **(found or {}),
                **receipts.facts(stage, ledger.content_sha256({"ref": ref, "new": new})),
            },
            actor=attempt.learner,
            at=received_at,
            receipt=True,
        )
        collecting.again_if_swept(attempt=attempt, stage=stage, received_at=received_at)
        return event
