"""Runs come into the queue: what was taken in, what was held until its stage closed, what is to be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from exams import ledger
from exams.errors import Refusal
from exams.models import Submission, SubmissionPurpose, SubmissionState
from exams.one_by_one import one_by_one
from grading import verdicts
from grading.models import GradingRun, RunState
from grading.queue.holding import has_nothing_to_run
from grading.queue.looking import last_run
from grading.queue.telling import what_is_said
from grading.verdicts import Verdict

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from accounts.models import User


class NothingToRepeat(Refusal):
    """Only a run the platform gave up on can be tried again."""


def enlist(*, now: datetime) -> int:
    """Give every submission that ingest is done with its run; return how many there were.

    What ingest refused needs no container: its run is graded `rejected_ingest` at once.
    """
    waiting = Submission.objects.filter(
        ~Exists(GradingRun.objects.filter(submission=OuterRef("pk"))),
        state__in=[SubmissionState.INGESTED, SubmissionState.REJECTED],
    )
    found = dict(waiting.order_by("received_at").values_list("pk", "attempt_id"))
    return one_by_one(found, lambda pk: _enlist(pk, found[pk], now=now), what="submission %s cannot be given its run")


def _enlist(submission_id: uuid.UUID, attempt_id: uuid.UUID, *, now: datetime) -> bool:
    attempt = ledger.hold(attempt_id)
    submission = Submission.objects.get(pk=submission_id)
    if submission.runs.exists():
        return False
    run = GradingRun(submission=submission, learner_id=attempt.learner_id, created_at=now)
    if submission.state == SubmissionState.REJECTED:
        run.state = RunState.GRADED
        run.started_at = run.finished_at = now
        run.verdict = Verdict.rejected_ingest
        run.because = f"{verdicts.words(Verdict.rejected_ingest).happened} {submission.rejected_because}"
    run.save(force_insert=True)
    queued = run.state == RunState.WAITING
    ledger.append(
        attempt=attempt,
        kind="run.queued" if queued else "run.graded",
        payload=what_is_said(run, submission),
        actor=None,
        at=now,
    )
    return True


def release(*, now: datetime) -> int:
    """Queue what was held for the hidden cells of every hand-in whose stage has closed; return how many there were.

    What waits for them although its stage was opened again meanwhile is held again.
    """
    GradingRun.objects.filter(has_nothing_to_run(now), state=RunState.WAITING).update(state=RunState.HELD)
    closed = GradingRun.objects.filter(state=RunState.HELD, submission__hand_in__stage__closes_at__lte=now)
    found = dict(closed.order_by("visible_at", "pk").values_list("pk", "submission__attempt_id"))

    def put_in(pk: int) -> bool:
        attempt = ledger.hold(found[pk])
        if not closed.filter(pk=pk).update(state=RunState.WAITING, claims=0):
            return False
        run = GradingRun.objects.select_related("submission").get(pk=pk)
        payload = what_is_said(run, run.submission)
        ledger.append(attempt=attempt, kind="run.queued", payload=payload, actor=None, at=now)
        return True

    return one_by_one(found, put_in, what="run %s, held until its stage closed, cannot be queued")


def ungraded_practice_runs(attempt_id: uuid.UUID) -> int:
    """How many practice runs of an attempt have been taken in and have no verdict yet."""
    return (
        Submission.objects.filter(attempt_id=attempt_id, purpose=SubmissionPurpose.RUN)
        .filter(Q(state=SubmissionState.INGESTED, runs=None) | Q(runs__state__in=[RunState.WAITING, RunState.RUNNING]))
        .distinct()
        .count()
    )


def try_again(*, submission: Submission, actor: User | None, reason: str, now: datetime) -> GradingRun:
    """Queue a submission afresh after the platform gave up on it.

    Raises:
        NothingToRepeat: its last run did not end as a platform fault.
    """
    with transaction.atomic():
        attempt = ledger.hold(submission.attempt_id)
        last = last_run(submission)
        if last is None or last.state != RunState.PLATFORM_FAULT:
            raise NothingToRepeat(
                "Only a run that ended as a platform fault is tried again; this one "
                f"{'has not been enlisted' if last is None else 'is ' + last.state}."
            )
        run = GradingRun.objects.create(
            submission=submission, learner_id=attempt.learner_id, try_number=last.try_number + 1, created_at=now
        )
        payload = what_is_said(run, submission) | {"reason": reason}
        ledger.append(attempt=attempt, kind="run.queued", payload=payload, actor=actor, at=now)
    return run
