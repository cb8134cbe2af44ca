"""Opens a review when an attempt is closed and the work that counts in it is graded."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from exams import ledger
from exams.models import Attempt, AttemptState
from exams.one_by_one import one_by_one
from exams.queries import counting_submission
from grading.models import GradingRun, RunState
from rubrics.models import Review

# A closed attempt is left alone this long, so that a hand-in still inside a busy server is judged, not missed.
SETTLE = timedelta(seconds=10)


def open_waiting(*, now: datetime, limit: int = 200) -> int:
    """Opens a review for each attempt that is closed and whose counting work is graded; returns how many.

    At most `limit`; those that are not graded yet, however many, stand before nobody.

    1. Find closed attempts without a review that have settled.
    2. Pass over those whose counting submission is still being taken in or graded.
    3. Open one review each; the unique key on attempt and round makes a second sweeper's insert a no-op.
    """
    waiting = (
        Attempt.objects.filter(
            state=AttemptState.CLOSED, closed_at__lte=now - SETTLE, reviews=None, twin__rubric__isnull=False
        )
        .select_related("twin__rubric")
        .order_by("closed_at", "pk")
    )
    found = {attempt.pk: attempt for attempt in waiting}

    def open_one(pk: UUID) -> bool:
        return is_graded(found[pk]) and _open(attempt=found[pk], now=now)

    return one_by_one(found, open_one, what="the review of attempt %s cannot be opened", most=limit)


def is_graded(attempt: Attempt) -> bool:
    """Whether the submission that counts is graded, or grading it failed for good; true where none was handed in."""
    submission = counting_submission(attempt)
    if submission is None:
        return True
    latest = GradingRun.objects.filter(submission=submission).order_by("-try_number").first()
    return latest is not None and latest.state in {RunState.GRADED, RunState.PLATFORM_FAULT}


@transaction.atomic
def _open(*, attempt: Attempt, now: datetime) -> bool:
    held = ledger.hold(attempt.pk)
    if held.state != AttemptState.CLOSED or Review.objects.filter(attempt=held).exists():
        return False
    last = held.hand_ins.order_by("-received_at").first()
    Review.objects.create(
        attempt=held,
        rubric=attempt.twin.rubric,
        opened_at=now,
        waiting_since=last.received_at if last else held.closed_at or now,
    )
    ledger.append(attempt=held, kind="review.opened", payload={}, actor=None, at=now)
    return True
