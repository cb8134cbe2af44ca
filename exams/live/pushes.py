"""What landed in the attempt's own repository is ledgered, so that its head at any moment can be told afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from exams import collecting, ledger, receipts
from exams.definitions import stage_for_code
from exams.sources import PUSHED
from exams.windows import stage_of

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from exams.models import Event


def record_push(*, attempt_id: uuid.UUID, ref: str, old: str, new: str, received_at: datetime) -> Event:
    """Ledger that a branch moved. One that arrived in its window but is recorded after the sweep still counts.

    Args:
        attempt_id: whose repository.
        ref: full name of the branch, ``refs/heads/…``.
        old: the commit it was at; forty zeros for a new branch.
        new: the commit it is at now.
        received_at: when the last byte of the push had arrived.
    """
    with transaction.atomic():
        attempt = ledger.hold(attempt_id)
        stage = stage_of(attempt, stage_for_code(attempt))
        event = ledger.append(
            attempt=attempt,
            kind=PUSHED,
            payload={
                "ref": ref,
                "old": old,
                "new": new,
                **receipts.facts(stage, ledger.content_sha256({"ref": ref, "new": new})),
            },
            actor=attempt.learner,
            at=received_at,
            receipt=True,
        )
        collecting.again_if_swept(attempt=attempt, stage=stage, received_at=received_at)
        return event
