"""The deadline needs no browser: an overdue stage is closed once, at its deadline, and what was saved is handed in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from exams import collecting, doorbell, ledger, receipts
from exams.models import Attempt, AttemptState, Stage, StageState
from exams.one_by_one import UNUSABLE

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection
    from datetime import datetime

log = logging.getLogger(__name__)

BATCH = 20  # attempts in one transaction: few enough that the first are done while the last still wait

CLOSE = """
    UPDATE exams_stage
    SET closed_at = closes_at, swept_at = clock_timestamp(),
        state = CASE state WHEN 'open' THEN 'closed_by_deadline' ELSE state END
    WHERE attempt_id = ANY(%(attempts)s) AND closed_at IS NULL AND closes_at <= %(now)s
    RETURNING id
"""
FINISH = """
    UPDATE exams_attempt
    SET state = 'closed', closed_at = (SELECT max(closes_at) FROM exams_stage WHERE attempt_id = exams_attempt.id)
    WHERE id = ANY(%(attempts)s) AND state = 'live'
      AND NOT EXISTS (SELECT FROM exams_stage WHERE attempt_id = exams_attempt.id AND closed_at IS NULL)
    RETURNING id
"""
# When it was recorded, as late as can be before the commit: lateness is this less the deadline.
STAMP = "UPDATE exams_stage SET swept_at = clock_timestamp() WHERE id = ANY(%(stages)s)"


def close_overdue(now: datetime) -> int:
    """Close every stage whose deadline has come; return how many this call closed.

    Any number of sweepers may run at once: each takes attempts that no other holds. For a batch of attempts, in one
    transaction:

    1. Take and hold those with an overdue stage that nobody else holds.
    2. Close their overdue stages in one statement; the closing time is the deadline itself.
    3. Hand in what was saved for those that nobody handed in.
    4. Close the attempts that have no open window left.
    5. Ledger each, with a receipt.

    If something in one attempt makes that fail, the others are closed one by one, and operators are called for that
    one, which the next sweep tries again.
    """
    closed, most = 0, BATCH
    failed: set[uuid.UUID] = set()
    while True:
        try:
            batch = _close_batch(now, without=failed, most=most)
        except _BatchFailed as fault:
            if len(fault.attempts) > 1:
                most = 1
                continue
            failed |= fault.attempts
            log.critical(
                "ALERT: attempt %s is overdue and cannot be closed; the others are closed without it",
                *fault.attempts,
                exc_info=fault.__cause__,
            )
            continue
        if batch is None:
            return closed
        closed += batch


class _BatchFailed(Exception):
    """Something in the rows of one of these attempts keeps them from being closed."""

    def __init__(self, attempts: Collection[uuid.UUID]) -> None:
        super().__init__(f"{len(attempts)} attempts")
        self.attempts = set(attempts)


def _close_batch(now: datetime, *, without: Collection[uuid.UUID], most: int) -> int | None:
    attempts: dict[uuid.UUID, Attempt] = {}
    try:
        return _close(attempts, now, without=without, most=most)
    except UNUSABLE as fault:
        if not attempts:
            raise
        raise _BatchFailed(attempts) from fault


def _close(
    attempts: dict[uuid.UUID, Attempt], now: datetime, *, without: Collection[uuid.UUID], most: int
) -> int | None:
    """Close one batch; `attempts` is filled with those that are held for it."""
    with transaction.atomic():
        attempts.update(_hold_overdue(now, without=without, most=most))
        if not attempts:
            return None
        stages = _close_stages(attempts, now)
        by_deadline = [stage for stage in stages if stage.state == StageState.CLOSED_BY_DEADLINE]
        collected = {each.stage.pk: each for each in collecting.collect(by_deadline)} if by_deadline else {}
        for stage in stages:
            _record(stage, collected.get(stage.pk))
        _finish(attempts)
        with connection.cursor() as cursor:
            cursor.execute(STAMP, {"stages": [stage.pk for stage in stages]})
        return len(stages)


def _hold_overdue(now: datetime, *, without: Collection[uuid.UUID], most: int) -> dict[uuid.UUID, Attempt]:
    overdue = Stage.objects.filter(attempt=OuterRef("pk"), closed_at=None, closes_at__lte=now)
    held = (
        Attempt.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("twin", "learner")
        .filter(Exists(overdue), state=AttemptState.LIVE)
        .exclude(pk__in=without)
        .order_by("pk")[:most]
    )
    return {attempt.pk: attempt for attempt in held}


def _close_stages(attempts: dict[uuid.UUID, Attempt], now: datetime) -> list[Stage]:
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, {"attempts": list(attempts), "now": now})
        closed = [row[0] for row in cursor.fetchall()]
    stages = list(Stage.objects.filter(pk__in=closed).order_by("attempt_id", "position"))
    for stage in stages:
        stage.attempt = attempts[stage.attempt_id]
    return stages


def _record(stage: Stage, collected: collecting.Collected | None) -> None:
    said = {"stage": stage.key, "by_deadline": False} if collected is None else collecting.summary(collected)
    ledger.append(
        attempt=stage.attempt,
        kind=receipts.CLOSED,
        payload=said | {"closed_at": stage.closes_at},
        actor=None,
        at=stage.closes_at,
        receipt=True,
    )


def _finish(attempts: dict[uuid.UUID, Attempt]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FINISH, {"attempts": list(attempts)})
        finished = [row[0] for row in cursor.fetchall()]
    for attempt in Attempt.objects.filter(pk__in=finished).select_related("twin", "learner"):
        assert attempt.closed_at is not None  # noqa: S101 - the statement above set it
        ledger.append(attempt=attempt, kind="attempt.closed", payload={}, actor=None, at=attempt.closed_at)
    if finished:
        doorbell.ring("rubrics.tasks.open_reviews")
