"""Late writes are never lost: stored whole, marked with how late they were, counting only if an admin grants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exams import ledger, receipts
from exams.errors import Refusal
from exams.models import Event, LateWrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from exams.receipts import Receipt
    from exams.windows import Arrival

PUSH = "push"
MAX_LATE_WRITES = 300  # pushes not among them: the repository has a budget of bytes for those
RECEIVED_LATE = "late_write.received"


class TooManyLateWrites(Refusal):
    """So much arrived late that no more is stored."""


def keep(
    *,
    arrival: Arrival,
    kind: str,
    payload: dict[str, Any],
    content_sha256: str,
    actor: User,
    blocked_checks: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> tuple[LateWrite, Receipt]:
    """Store a late write and say so in its receipt. The attempt must be held.

    The same content sent late again is the same late write: its first receipt is given again.

    Args:
        arrival: how late it came, and for which stage.
        kind: what it would have been in time, for example ``hand_in``.
        payload: all that a grant needs to make it count.
        content_sha256: hash of what was sent, in hex.
        actor: who sent it.
        blocked_checks: the critical self-checks that would have blocked it in time; the receipt names them.
        missing: what it lacks, for the receipt.

    Raises:
        TooManyLateWrites: `MAX_LATE_WRITES` different ones are stored already.
    """
    attempt, stage = arrival.attempt, arrival.stage
    if arrival.late_by is None:
        raise ValueError("what arrived in time is not late")
    kept = LateWrite.objects.filter(attempt=attempt, stage=stage, kind=kind, content_sha256=content_sha256).first()
    if kept is not None:
        first = Event.objects.get(attempt=attempt, kind=RECEIVED_LATE, payload__late_write=str(kept.pk))
        return kept, receipts.give(first, stage, now=arrival.received_at)
    others = LateWrite.objects.filter(attempt=attempt).exclude(kind=PUSH)
    if kind != PUSH and others.count() >= MAX_LATE_WRITES:
        raise TooManyLateWrites(
            f"{MAX_LATE_WRITES} late writes are stored for this attempt, and that is the most that is kept. "
            "Ask an admin to look at what is there.",
            limit=MAX_LATE_WRITES,
        )
    late = LateWrite.objects.create(
        attempt=attempt,
        stage=stage,
        kind=kind,
        payload=payload,
        content_sha256=content_sha256,
        received_at=arrival.received_at,
        late_by=arrival.late_by,
    )
    event = ledger.append(
        attempt=attempt,
        kind=RECEIVED_LATE,
        payload={
            "late_write": late.pk,
            "kind": kind,
            "late_by_seconds": arrival.late_by.total_seconds(),
            **({"blocked_checks": list(blocked_checks)} if blocked_checks else {}),
            **({"missing": list(missing)} if missing else {}),
            **receipts.facts(stage, content_sha256),
        },
        actor=actor,
        at=arrival.received_at,
        receipt=True,
    )
    return late, receipts.give(event, stage, now=arrival.received_at)
