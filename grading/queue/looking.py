"""What is seen of the queue: the run that stands for a submission, and where a waiting one stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, Max, Q, Value, When

from exams.models import AttemptState, Stage, Submission, SubmissionPurpose
from grading.models import GradingRun, RunState
from grading.queue import ordering, patience
from grading.queue.foreseeing import LONG_AGO, Running, Waiting, foresee
from grading.queue.holding import has_nothing_to_run
from grading.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RECENT_RUNS = 25
_RECENTLY = timedelta(minutes=30)
_FEW = 3  # so many of the last half hour say more than many of yesterday
_STILL_ACTIVE = timedelta(minutes=15)
_WORKERS_SEEN = timedelta(minutes=10)


def last_run(submission: Submission) -> GradingRun | None:
    """The run that stands for a submission: its last try."""
    return submission.runs.order_by("-try_number").first()


@dataclass(frozen=True)
class Place:
    """Where a waiting run stands: 1 is next.

    `wait_seconds` is until its verdict if nobody else comes, `wait_seconds_at_most` if everybody who might go first
    does, and runs take long; `basis` says what these rest on.
    """

    position: int
    wait_seconds: int
    wait_seconds_at_most: int
    basis: str


@dataclass(frozen=True)
class _Took:
    """How many seconds runs of a kind took lately: half of them, and nine of ten; and what that says."""

    usually: float
    at_most: float
    basis: str


def place(run: GradingRun, *, now: datetime) -> Place | None:
    """Where a run stands in the queue, or None if it does not wait any more.

    The queue is played forward by the rule that workers follow, twice: with what runs of each kind took lately by the
    median, and with what nine of ten took and everybody who is about and would go first. The visible cells of a hand-in
    take what a practice run takes.
    """
    if run.state != RunState.WAITING:
        return None
    took = {purpose: _took(purpose, now) for purpose in SubmissionPurpose.values}
    seen = _seen(run, now)
    found = seen.play(run.pk, {kind: each.usually for kind, each in took.items()}, ())
    if found is None:  # it has been taken since it was looked up
        return None
    position, soonest = found
    newcomers = _who_may_come(seen.learners, now)
    _, latest = seen.play(run.pk, {kind: each.at_most for kind, each in took.items()}, newcomers) or found
    return Place(position, round(soonest), round(max(soonest, latest)), took[seen.kinds[run.pk]].basis)


@dataclass(frozen=True)
class _Seen:
    """The queue at a moment: who waits (how long each takes is not told yet), who runs, how many workers there are."""

    waiting: tuple[Waiting, ...]
    kinds: Mapping[int, str]  # by run
    running: tuple[tuple[int, str, float], ...]  # learner, kind, seconds since it started
    workers: int

    @property
    def learners(self) -> set[int]:
        return {each.learner for each in self.waiting} | {learner for learner, _, _ in self.running}

    def play(self, own: int, takes: Mapping[str, float], newcomers: Iterable[Waiting]) -> tuple[int, float] | None:
        """At which place a run starts, and in how many seconds it ends."""
        # Ties go to those who may come: with them it is the longest wait that is asked for.
        line = [replace(each, takes=takes[SubmissionPurpose.RUN]) for each in newcomers]
        line += [replace(each, takes=takes[self.kinds[each.key]]) for each in self.waiting]
        # One that takes longer than others did may take longer still.
        running = [Running(who, max(takes[kind] - since, takes[kind] / 4)) for who, kind, since in self.running]
        for number, each in enumerate(foresee(line, running, workers=self.workers), start=1):
            if each.key == own:
                return number, each.ends
        return None


def _seen(run: GradingRun, now: datetime) -> _Seen:
    line = list(
        ordering.in_order(now)
        .filter(~has_nothing_to_run(now) | Q(pk=run.pk))
        .annotate(kind=_kind(now))
        .values_list("pk", "learner_id", "turn", "served", "retry_at", "kind")
    )
    started = GradingRun.objects.filter(state=RunState.RUNNING).annotate(kind=_kind(now))
    running = tuple(
        (learner, kind, -_seconds(at, now))
        for learner, kind, at in started.values_list("learner_id", "kind", "started_at")
    )
    seen_lately = GradingRun.objects.filter(started_at__gt=now - _WORKERS_SEEN).values("worker").distinct().count()
    return _Seen(
        waiting=tuple(
            Waiting(pk, learner, turn, _seconds(served, now), 0.0, max(_seconds(retry_at, now), 0.0))
            for pk, learner, turn, served, retry_at, _ in line
        ),
        kinds={pk: kind for pk, *_, kind in line},
        running=running,
        workers=max(1, len(running), seen_lately),
    )


def _seconds(at: datetime | None, now: datetime) -> float:
    return LONG_AGO if at is None else (at - now).total_seconds()


def _who_may_come(known: set[int], now: datetime) -> list[Waiting]:
    """Learners who have nothing in the queue and may ask before this run's turn: one run of each."""
    closing = Stage.objects.filter(
        attempt__state=AttemptState.LIVE, closes_at__gt=now, closes_at__lte=now + patience.NEAR_DEADLINE
    )
    at_deadline = set(closing.values_list("attempt__learner_id", flat=True))
    about = GradingRun.objects.filter(
        submission__attempt__state=AttemptState.LIVE, started_at__gt=now - _STILL_ACTIVE
    ).values_list("learner_id")
    served = dict(about.annotate(last=Max("started_at")))
    return [
        Waiting(
            key=-number,
            learner=learner,
            turn=ordering.AT_DEADLINE if learner in at_deadline else ordering.BY_TURNS,
            served=_seconds(served.get(learner), now),
            takes=0.0,
        )
        for number, learner in enumerate(sorted((at_deadline | set(served)) - known), start=1)
    ]


def _kind(now: datetime) -> Case:
    """Of which purpose a run is by the time it takes."""
    hidden = Q(submission__purpose=SubmissionPurpose.HAND_IN, submission__hand_in__stage__closes_at__lte=now)
    return Case(When(hidden, then=Value(SubmissionPurpose.HAND_IN.value)), default=Value(SubmissionPurpose.RUN.value))


def _took(purpose: str, now: datetime) -> _Took:
    """What runs of this purpose took lately, by the last half hour if there were some."""
    lately = list(
        GradingRun.objects.filter(submission__purpose=purpose, state=RunState.GRADED, started_at__isnull=False)
        .exclude(verdict=Verdict.rejected_ingest)
        .order_by("-finished_at")
        .values_list("started_at", "finished_at")[:_RECENT_RUNS]
    )
    ended = [(start, end) for start, end in lately if start is not None and end is not None]
    just_now = [each for each in ended if each[1] > now - _RECENTLY]
    chosen = just_now if len(just_now) >= _FEW else ended
    seconds = sorted((end - start).total_seconds() for start, end in chosen)
    if not seconds:
        guess = patience.EXPECTED_SECONDS[purpose]
        return _Took(guess, 2 * guess, "a first guess: nothing of this kind has been run here yet")
    basis = f"about, from what the last {len(seconds)} runs of this kind took"
    return _Took(seconds[len(seconds) // 2], seconds[len(seconds) * 9 // 10], basis)
