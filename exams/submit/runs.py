"""A practice run: code that the learner wants to see run while the clock is still running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from exams import doorbell, ledger, receipts, sources
from exams.collecting import unsaved_submission
from exams.definitions import stage_for_code, twin_of
from exams.errors import Refusal
from exams.models import Submission, SubmissionPurpose, SubmissionState
from exams.submit.hand_ins import next_submission_number
from exams.windows import arrive, require_open

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

    from exams.models import Attempt


class TooManyRunsWaiting(Refusal):
    """As many runs wait as one learner may have waiting."""


class NoRunsLeft(Refusal):
    """The twin's number of runs is used up."""


# How many ingested runs of an attempt are not graded yet is known to grading, which cannot be imported from here.
ungraded_runs: list[Callable[[uuid.UUID], int]] = []


def offer_run(*, attempt: Attempt, source: Any, received_at: datetime) -> Submission:
    """Queue a practice run of a source and ring for its ingest.

    Args:
        attempt: the learner's own.
        source: the JSON object that names the code.
        received_at: when the request's last byte had arrived.

    Raises:
        BadSource: the code is not where the source says.
        WindowClosed: runs are for the stage in which code is written, while it is open.
        TooManyRunsWaiting, NoRunsLeft: the twin's limits are reached.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    arrival = arrive(attempt=attempt, stage_key=stage_for_code(attempt), received_at=received_at)
    require_open(arrival, service="Practice runs are made")
    _check_limits(attempt)
    wanted = sources.read(source, attempt=attempt)
    pin = sources.pin(wanted, attempt=attempt, received_at=received_at)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        require_open(
            arrive(attempt=held, stage_key=arrival.stage.key, received_at=received_at), service="Practice runs are made"
        )
        _check_limits(held)
        submission = unsaved_submission(
            attempt=held,
            number=next_submission_number(held),
            source=wanted,
            pin=pin,
            received_at=received_at,
            hand_in=None,
        )
        submission.save(force_insert=True)
        ledger.append(
            attempt=held,
            kind="run.offered",
            payload={
                "submission": submission.pk,
                "number": submission.number,
                "source": wanted.as_json(),
                "commit": pin.commit,
                "unpinned": pin.unpinned,
                **receipts.facts(arrival.stage, ledger.content_sha256(wanted.as_json())),
            },
            actor=held.learner,
            at=received_at,
            receipt=True,
        )
        doorbell.ring("exams.tasks.ingest_waiting")
        return submission


def _check_limits(attempt: Attempt) -> None:
    limits = twin_of(attempt).limits
    runs = Submission.objects.filter(attempt=attempt, purpose=SubmissionPurpose.RUN)
    waiting = runs.filter(state=SubmissionState.RECEIVED).count() + sum(count(attempt.pk) for count in ungraded_runs)
    if waiting >= limits.runs_waiting:
        raise TooManyRunsWaiting(
            f"{waiting} of your runs wait or are running, and {limits.runs_waiting} is the most. Wait for one to end.",
            limit=limits.runs_waiting,
        )
    if runs.count() >= limits.runs:
        raise NoRunsLeft(
            f"You have made {limits.runs} runs, and that is the most in this attempt. You can still hand in.",
            limit=limits.runs,
        )
