"""What is seen of the queue: the run that stands for a submission, and where a waiting one stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Q, Value, When

from exams.models import Submission, SubmissionPurpose
from grading.models import GradingRun, RunState
from grading.queue import patience
from grading.queue.ordering import in_order
from grading.verdicts import Verdict

_RECENT_RUNS = 25


def last_run(submission: Submission) -> GradingRun | None:
    """The run that stands for a submission: its last try."""
    return submission.runs.order_by("-try_number").first()


@dataclass(frozen=True)
class Place:
    """Where a waiting run stands: 1 is next. `wait_seconds` is until its verdict, `basis` says what that rests on."""

    position: int
    wait_seconds: int
    basis: str


def place(run: GradingRun, *, now: datetime) -> Place | None:
    """Where a run stands in the queue, or None if it does not wait any more.

    The wait is what runs of the same purpose took lately, added up over those ahead and this one, and shared among
    the workers that have been seen lately. The visible cells of a hand-in take what a practice run takes.
    """
    if run.state != RunState.WAITING:
        return None
    ahead: list[str] = []
    own = SubmissionPurpose.RUN.value
    for pk, length in in_order(now).annotate(length=_length(now)).values_list("pk", "length"):
        if pk == run.pk:
            own = length
            break
        ahead.append(length)
    took = {purpose: _took(purpose) for purpose in SubmissionPurpose.values}
    running = GradingRun.objects.filter(state=RunState.RUNNING).annotate(length=_length(now))
    # On average a run in progress is half done.
    before = sum(took[length][0] for length in ahead)
    before += sum(took[length][0] for length in running.values_list("length", flat=True)) / 2
    workers = max(
        1,
        GradingRun.objects.filter(started_at__gt=now - timedelta(minutes=10)).values("worker").distinct().count(),
    )
    seconds, basis = took[own]
    wait = before / workers + seconds
    if run.retry_at is not None and run.retry_at > now:
        wait = max(wait, (run.retry_at - now).total_seconds() + seconds)
    return Place(position=len(ahead) + 1, wait_seconds=round(wait), basis=basis)


def _length(now: datetime) -> Case:
    """Of which purpose a run is by the time it takes."""
    hidden = Q(submission__purpose=SubmissionPurpose.HAND_IN, submission__hand_in__stage__closes_at__lte=now)
    return Case(When(hidden, then=Value(SubmissionPurpose.HAND_IN.value)), default=Value(SubmissionPurpose.RUN.value))


def _took(purpose: str) -> tuple[float, str]:
    """Seconds that runs of this purpose took lately, and what that says."""
    lately = list(
        GradingRun.objects.filter(submission__purpose=purpose, state=RunState.GRADED, started_at__isnull=False)
        .exclude(verdict=Verdict.rejected_ingest)
        .order_by("-finished_at")
        .values_list("started_at", "finished_at")[:_RECENT_RUNS]
    )
    seconds = sorted((end - start).total_seconds() for start, end in lately if start is not None and end is not None)
    if not seconds:
        return patience.EXPECTED_SECONDS[purpose], "a first guess: nothing of this kind has been run here yet"
    return seconds[len(seconds) // 2], f"what the last {len(seconds)} runs of this kind took"
