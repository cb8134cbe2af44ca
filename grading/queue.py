"""The queue of runs, kept in rows: enlist what was taken in, claim one, keep the claim, finish it once or give it up.

A claim is a lease with a fence. The lease ends unless its holder renews it; the fence grows with every claim, so what
an older holder still has to say is refused. `MOVES` names every state a run can go through.

While the stage of a hand-in is open, its run goes no further than its visible cells and is held there: the hidden ones
are run after the window has closed, so that until then nothing knows, or takes time over, what a learner must not see.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from exams import ledger
from exams.errors import Refusal
from exams.models import HandIn, Stage, Submission, SubmissionPurpose, SubmissionState
from exams.one_by_one import one_by_one
from exams.windows import window_of
from grading import verdicts
from grading.models import Cell, GradingRun, RunState
from grading.verdicts import Decision, Occasion, Verdict

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from accounts.models import User

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
MOST_CLAIMS = 5
BACKOFF: tuple[timedelta, ...] = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(seconds=60),
)
SERVED_RECENTLY = timedelta(seconds=60)

MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.HELD}),
    RunState.RUNNING: frozenset({RunState.WAITING, RunState.HELD, RunState.GRADED, RunState.PLATFORM_FAULT}),
    RunState.HELD: frozenset({RunState.WAITING}),
    RunState.GRADED: frozenset(),
    RunState.PLATFORM_FAULT: frozenset(),
}


class LeaseLost(Exception):
    """Somebody else holds this run now, or it is finished: what this holder found is refused."""


class NothingToRepeat(Refusal):
    """Only a run the platform gave up on can be tried again."""


class Part(StrEnum):
    """Which cells of a run are to be run under a claim: of a hand-in, those that may be told when it was made."""

    visible = "visible"
    hidden = "hidden"
    everything = "everything"


@dataclass(frozen=True)
class Claim:
    """The right to grade one run, or a part of it, until the lease ends."""

    run_id: int
    fence: int
    submission: Submission
    part: Part

    @property
    def occasion(self) -> Occasion:
        """When what is found will be told."""
        if self.part is not Part.visible:
            return Occasion.stage_closed
        return Occasion.practice if self.submission.hand_in_id is None else Occasion.stage_open


@dataclass(frozen=True)
class Finding:
    """What a run found, ready to be kept. `cells` are unsaved; `counts` are {"before": …, "after": …}."""

    decision: Decision
    because: str
    cells: Sequence[Cell] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


# --- Enlisting -------------------------------------------------------------------------------------------------


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
        payload=_said(run, submission),
        actor=None,
        at=now,
    )
    return True


def release(*, now: datetime) -> int:
    """Queue what was held for the hidden cells of every hand-in whose stage has closed; return how many there were.

    What waits for them although its stage was opened again meanwhile is held again.
    """
    GradingRun.objects.filter(_has_nothing_to_run(now), state=RunState.WAITING).update(state=RunState.HELD)
    closed = GradingRun.objects.filter(state=RunState.HELD, submission__hand_in__stage__closes_at__lte=now)
    found = dict(closed.order_by("visible_at", "pk").values_list("pk", "submission__attempt_id"))

    def put_in(pk: int) -> bool:
        attempt = ledger.hold(found[pk])
        if not closed.filter(pk=pk).update(state=RunState.WAITING, claims=0):
            return False
        run = GradingRun.objects.select_related("submission").get(pk=pk)
        payload = _said(run, run.submission)
        ledger.append(attempt=attempt, kind="run.queued", payload=payload, actor=None, at=now)
        return True

    return one_by_one(found, put_in, what="run %s, held until its stage closed, cannot be queued")


def _has_nothing_to_run(now: datetime) -> Q:
    """The visible cells were run, and the hidden ones must not be yet."""
    return ~Q(visible_verdict="") & Q(submission__hand_in__stage__closes_at__gt=now)


def told_at(submission: Submission) -> datetime | None:
    """When the hidden cells of a hand-in may be run and told: the closing of its stage. None for a practice run."""
    return None if submission.hand_in is None else submission.hand_in.stage.closes_at


def _is_open(submission: Submission, now: datetime) -> bool:
    """Whether the stage of a hand-in is open at `now`; read afresh, since an extension moves it."""
    if submission.hand_in_id is None:
        return False
    return window_of(Stage.objects.get(hand_ins=submission.hand_in_id)).lateness(now) is None


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
        payload = _said(run, submission) | {"reason": reason}
        ledger.append(attempt=attempt, kind="run.queued", payload=payload, actor=actor, at=now)
    return run


# --- Claiming --------------------------------------------------------------------------------------------------


def in_order(now: datetime) -> QuerySet[GradingRun]:
    """Waiting runs, the next first.

    Hand-ins before practice runs; learners whose last run did not start just now before those whose did, so that
    nobody who asks often keeps the others waiting; last the hidden cells of hand-ins that a later one replaced, which
    decide nothing. Among these whoever is nearest the deadline; then the oldest.
    """
    later = HandIn.objects.filter(
        stage=OuterRef("submission__hand_in__stage"), number__gt=OuterRef("submission__hand_in__number")
    )
    deadline = Stage.objects.filter(attempt=OuterRef("submission__attempt")).values("attempt")
    served = GradingRun.objects.filter(learner=OuterRef("learner"), started_at__gt=now - SERVED_RECENTLY)
    return (
        GradingRun.objects.filter(state=RunState.WAITING)
        .annotate(
            turn=Case(
                When(Exists(later.filter(by_deadline=False)) & ~Q(visible_verdict=""), then=Value(3)),
                When(submission__purpose=SubmissionPurpose.HAND_IN, then=Value(0)),
                When(Exists(served), then=Value(2)),
                default=Value(1),
                output_field=IntegerField(),
            ),
            deadline=Subquery(deadline.annotate(first=Min("closes_at")).values("first")[:1]),
        )
        .order_by("turn", F("deadline").asc(nulls_last=True), "created_at", "pk")
    )


def claim(*, worker: str, now: datetime) -> Claim | None:
    """Take the next run that may start, or None.

    1. Pick the first waiting run whose learner has none in flight; rows others are looking at are passed over.
    2. Move it from waiting to running in one statement, with a new fence and a lease.
    3. See which part is to be run: of a hand-in whose stage is open, the visible one.
    4. Record the start. If another worker took a run of the same learner meanwhile, the database refuses ours.
    """
    busy = GradingRun.objects.filter(learner=OuterRef("learner"), state=RunState.RUNNING)
    try:
        with transaction.atomic():
            run = (
                in_order(now)
                .filter(~Exists(busy), ~_has_nothing_to_run(now), Q(retry_at=None) | Q(retry_at__lte=now))
                .select_for_update(of=("self",), skip_locked=True)
                .first()
            )
            if run is None:
                return None
            moved = GradingRun.objects.filter(pk=run.pk, state=RunState.WAITING).update(
                state=RunState.RUNNING,
                fence=F("fence") + 1,
                claims=F("claims") + 1,
                leased_until=now + LEASE,
                started_at=now,
                retry_at=None,
                worker=worker,
                cells_done=0,
            )
            if not moved:
                return None
            run.refresh_from_db()
            submission = Submission.objects.select_related("attempt__twin", "tree").get(pk=run.submission_id)
            attempt = ledger.hold(submission.attempt_id)
            payload = _said(run, submission) | {"claim": run.claims}
            ledger.append(attempt=attempt, kind="run.started", payload=payload, actor=None, at=now)
            part = _part(run, submission, now)
            return Claim(run_id=run.pk, fence=run.fence, submission=submission, part=part)
    except IntegrityError as refused:
        if "one_in_flight_per_learner" not in str(refused):
            raise
        return None


def _part(run: GradingRun, submission: Submission, now: datetime) -> Part:
    if submission.hand_in_id is None or _is_open(submission, now):
        return Part.visible
    return Part.hidden if run.visible_verdict else Part.everything


def keep(held: Claim, *, done: int, total: int, now: datetime) -> None:
    """Renew the lease and note how far the run has come.

    Raises:
        LeaseLost: the claim is no longer ours.
    """
    if not _held(held).update(leased_until=now + LEASE, cells_done=done, cells_total=total):
        raise LeaseLost(f"run {held.run_id}: claim {held.fence} is over")


def _held(held: Claim) -> QuerySet[GradingRun]:
    return GradingRun.objects.filter(pk=held.run_id, fence=held.fence, state=RunState.RUNNING)


# --- Ending ----------------------------------------------------------------------------------------------------


def finish(held: Claim, finding: Finding, *, now: datetime) -> None:
    """Keep what a run found, once: verdict, cells and ledger row together.

    Of a hand-in in an open stage it is what the visible cells say, and the run is held until the stage has closed.

    Raises:
        LeaseLost: the claim is no longer ours; nothing is kept.
    """
    rejected = finding.decision.verdict is Verdict.rejected_ingest  # there is nothing hidden left to run
    with transaction.atomic():
        run = _held(held).select_for_update().first()
        if run is None:
            raise LeaseLost(f"run {held.run_id}: the result of claim {held.fence} comes too late and is refused")
        ledger.hold(held.submission.attempt_id)  # whoever moves a deadline holds it too
        if held.occasion is Occasion.stage_open and not rejected:
            _hold_back(held, run, finding, now=now)
        elif held.occasion is Occasion.stage_closed and _is_open(held.submission, now):
            _forget(held, run)
        else:
            _finish(held, run, finding, now=now)


def _finish(held: Claim, run: GradingRun, finding: Finding, *, now: datetime) -> None:
    decision = finding.decision
    cells = run.cells.count() + len(finding.cells)
    _held(held).update(
        state=RunState.GRADED,
        finished_at=now,
        leased_until=None,
        verdict=decision.verdict,
        because=finding.because,
        cells_done=cells,
        cells_total=cells,
        mutants_killed=decision.mutants_killed if decision.mutants_total else None,
        mutants_total=decision.mutants_total or None,
        alternatives_passed=decision.alternatives_passed if decision.alternatives_total else None,
        alternatives_total=decision.alternatives_total or None,
        probe_counts=finding.counts,
        timings={**run.timings, **finding.timings},
        provenance=finding.provenance,
    )
    _record(held, finding, kind="run.graded", now=now)


def _hold_back(held: Claim, run: GradingRun, finding: Finding, *, now: datetime) -> None:
    started_at = run.started_at or now
    _held(held).update(
        state=RunState.HELD,
        leased_until=None,
        visible_verdict=finding.decision.verdict,
        visible_because=finding.because,
        visible_at=now,
        cells_done=len(finding.cells),
        cells_total=len(finding.cells),
        timings={
            **finding.timings,
            "waited_seconds": (started_at - held.submission.received_at).total_seconds(),
            "visible_part_seconds": (now - started_at).total_seconds(),
        },
        provenance=finding.provenance,
    )
    _record(held, finding, kind="run.held", now=now)


def _forget(held: Claim, run: GradingRun) -> None:
    """Drop what hidden cells said: the stage was opened again while they ran, and the learner goes on working."""
    state = RunState.HELD if run.visible_verdict else RunState.WAITING
    _held(held).update(state=state, leased_until=None)
    log.warning("Run %s is put back: its stage was opened again while its hidden cells ran", run.pk)


def _record(held: Claim, finding: Finding, *, kind: str, now: datetime) -> None:
    for cell in finding.cells:
        cell.run_id = held.run_id
    Cell.objects.bulk_create(finding.cells)
    run = GradingRun.objects.get(pk=held.run_id)
    attempt = ledger.hold(held.submission.attempt_id)
    ledger.append(attempt=attempt, kind=kind, payload=_said(run, held.submission), actor=None, at=now)


def give_back(held: Claim, fault: str, *, now: datetime) -> RunState:
    """Put a run back after a fault of ours, to be tried again a little later; return the state it went to.

    After `MOST_CLAIMS` claims it ends as a platform fault, which is never a mark and calls an operator.
    """
    with transaction.atomic():
        run = GradingRun.objects.select_for_update().get(pk=held.run_id)
        if run.fence != held.fence or run.state != RunState.RUNNING:
            return RunState(run.state)
        return _put_back(run, fault, now=now)


def reclaim(*, now: datetime) -> int:
    """Put back every run whose holder stopped renewing its lease: it was killed, or lost the database."""
    left = GradingRun.objects.filter(state=RunState.RUNNING, leased_until__lte=now)

    def put_back(pk: int) -> bool:
        run = left.select_for_update(skip_locked=True).filter(pk=pk).first()
        if run is None:
            return False
        _put_back(run, f"worker {run.worker} stopped renewing its lease in the middle of the run", now=now)
        return True

    found = list(left.order_by("leased_until").values_list("pk", flat=True))
    return one_by_one(found, put_back, what="run %s, whose worker was lost, cannot be put back")


def _put_back(run: GradingRun, fault: str, *, now: datetime) -> RunState:
    over = run.claims >= MOST_CLAIMS
    state = RunState.PLATFORM_FAULT if over else RunState.WAITING
    GradingRun.objects.filter(pk=run.pk, fence=run.fence, state=RunState.RUNNING).update(
        state=state,
        leased_until=None,
        retry_at=None if over else now + BACKOFF[min(run.claims, len(BACKOFF)) - 1],
        finished_at=now if over else None,
        last_fault=fault,
    )
    run.refresh_from_db()
    if not over:
        log.warning("Run %s goes back to the queue after claim %s: %s", run.pk, run.claims, fault)
        return state
    log.critical(
        "ALERT: run %s of submission %s ended as a platform fault after %s claims. Last: %s. Once the cause is gone: "
        "manage.py regrade %s --because '…'",
        run.pk,
        run.submission_id,
        run.claims,
        fault,
        run.submission_id,
    )
    submission = Submission.objects.get(pk=run.submission_id)
    attempt = ledger.hold(submission.attempt_id)
    ledger.append(attempt=attempt, kind="run.gave_up", payload=_said(run, submission), actor=None, at=now)
    return state


# --- Looking ---------------------------------------------------------------------------------------------------


def last_run(submission: Submission) -> GradingRun | None:
    """The run that stands for a submission: its last try."""
    return submission.runs.order_by("-try_number").first()


@dataclass(frozen=True)
class Place:
    """Where a waiting run stands: 1 is next. `wait_seconds` is until its verdict, `basis` says what that rests on."""

    position: int
    wait_seconds: int
    basis: str


EXPECTED_SECONDS: Mapping[str, float] = {SubmissionPurpose.RUN: 10.0, SubmissionPurpose.HAND_IN: 30.0}
_RECENT_RUNS = 25


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
        return EXPECTED_SECONDS[purpose], "a first guess: nothing of this kind has been run here yet"
    return seconds[len(seconds) // 2], f"what the last {len(seconds)} runs of this kind took"


def _said(run: GradingRun, submission: Submission) -> dict[str, Any]:
    """What the ledger says of a run; the learner may read all of it."""
    said: dict[str, Any] = {
        "run": str(submission.pk),
        "number": submission.number,
        "purpose": submission.purpose,
        "try": run.try_number,
        "state": run.state,
    }
    if run.state == RunState.HELD:
        said |= {
            "visible_verdict": run.visible_verdict,
            "because": run.visible_because,
            "hidden_checks_after": told_at(submission),
        }
    if run.state == RunState.GRADED:
        said |= {
            "verdict": run.verdict,
            "because": run.because,
            "mutants_killed": run.mutants_killed,
            "mutants_total": run.mutants_total,
            "alternatives_passed": run.alternatives_passed,
            "alternatives_total": run.alternatives_total,
        }
    return said
