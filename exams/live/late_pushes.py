"""A push that came too late does not land, but it is not lost: it is kept, marked with how late it was, for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from exams import late, ledger
from exams.definitions import stage_for_code
from exams.windows import arrive

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from exams.models import LateWrite


def keep_late_push(
    *, attempt_id: uuid.UUID, moves: Sequence[tuple[str, str, str]], folder: str, received_at: datetime
) -> LateWrite | None:
    """Store that a push came late; None if an extension has made it count in time meanwhile.

    Args:
        attempt_id: whose repository.
        moves: (full name of the branch, commit it is at, commit it would have moved to).
        folder: name of the folder below `late/` of the repository that holds its pack.
        received_at: when the last byte of the push had arrived.
    """
    payload = {"moves": [{"ref": ref, "old": old, "new": new} for ref, old, new in moves], "folder": folder}
    with transaction.atomic():
        attempt = ledger.hold(attempt_id)
        arrival = arrive(attempt=attempt, stage_key=stage_for_code(attempt), received_at=received_at)
        if arrival.counts:
            return None
        kept, _ = late.keep(
            arrival=arrival,
            kind=late.PUSH,
            payload=payload,
            content_sha256=ledger.content_sha256(payload["moves"]),
            actor=attempt.learner,
        )
        return kept
