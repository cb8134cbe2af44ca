"""The queue of runs, kept in rows: enlist what was taken in, claim one, keep the claim, finish it once or give it up.

A claim is a lease with a fence. The lease ends unless its holder renews it; the fence grows with every claim, so what
an older holder still has to say is refused. `MOVES` names every state a run can go through.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from exams import ledger
from exams.errors import Refusal
from exams.models import Stage, Submission, SubmissionPurpose, SubmissionState
from grading import verdicts
from grading.models import Cell, GradingRun, RunState
from grading.verdicts import Decision, Verdict

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
    RunState.WAITING: frozenset({RunState.RUNNING}),
    RunState.RUNNING: frozenset({RunState.WAITING, RunState.GRADED, RunState.PLATFORM_FAULT}),
    RunState.GRADED: frozenset(),
    RunState.PLATFORM_FAULT: frozenset(),
}


class LeaseLost(Exception):
    """Somebody else holds this run now, or it is finished: what this holder found is refused."""


class NothingToRepeat(Refusal):
    """Only a run the platform gave up on can be tried again."""


@dataclass(frozen=True)
class Claim:
    """The right to grade one run until the lease ends."""

    run_id: int
    fence: int
    submission: Submission


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
    added = 0
    for submission_id, attempt_id in waiting.order_by("received_at").values_list("pk", "attempt_id"):
        with transaction.atomic():
            attempt = ledger.hold(attempt_id)
            submission = Submission.objects.get(pk=submission_id)
            if submission.runs.exists():
                continue
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
            added += 1
    return added


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
    nobody who asks often keeps the others waiting; then whoever is nearest the deadline; then the oldest.
    """
    deadline = Stage.objects.filter(attempt=OuterRef("submission__attempt")).values("attempt")
    served = GradingRun.objects.filter(learner=OuterRef("learner"), started_at__gt=now - SERVED_RECENTLY)
    return (
        GradingRun.objects.filter(state=RunState.WAITING)
        .annotate(
            turn=Case(
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
    3. Record the start. If another worker took a run of the same learner meanwhile, the database refuses ours.
    """
    busy = GradingRun.objects.filter(learner=OuterRef("learner"), state=RunState.RUNNING)
    try:
        with transaction.atomic():
            run = (
                in_order(now)
                .filter(~Exists(busy), Q(retry_at=None) | Q(retry_at__lte=now))
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
            return Claim(run_id=run.pk, fence=run.fence, submission=submission)
    except IntegrityError as refused:
        if "one_in_flight_per_learner" not in str(refused):
            raise
        return None


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

    Raises:
        LeaseLost: the claim is no longer ours; nothing is kept.
    """
    decision = finding.decision
    with transaction.atomic():
        kept = _held(held).update(
            state=RunState.GRADED,
            finished_at=now,
            leased_until=None,
            verdict=decision.verdict,
            because=finding.because,
            cells_done=len(finding.cells),
            cells_total=len(finding.cells),
            mutants_killed=decision.mutants_killed if decision.mutants_total else None,
            mutants_total=decision.mutants_total or None,
            alternatives_passed=decision.alternatives_passed if decision.alternatives_total else None,
            alternatives_total=decision.alternatives_total or None,
            probe_counts=finding.counts,
            timings=finding.timings,
            provenance=finding.provenance,
        )
        if not kept:
            raise LeaseLost(f"run {held.run_id}: the result of claim {held.fence} comes too late and is refused")
        for cell in finding.cells:
            cell.run_id = held.run_id
        Cell.objects.bulk_create(finding.cells)
        run = GradingRun.objects.get(pk=held.run_id)
        attempt = ledger.hold(held.submission.attempt_id)
        ledger.append(attempt=attempt, kind="run.graded", payload=_said(run, held.submission), actor=None, at=now)


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
    reclaimed = 0
    while True:
        with transaction.atomic():
            run = (
                GradingRun.objects.select_for_update(skip_locked=True)
                .filter(state=RunState.RUNNING, leased_until__lte=now)
                .order_by("leased_until")
                .first()
            )
            if run is None:
                return reclaimed
            _put_back(run, f"worker {run.worker} stopped renewing its lease in the middle of the run", now=now)
            reclaimed += 1


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
    the workers that have been seen lately.
    """
    if run.state != RunState.WAITING:
        return None
    ahead: list[str] = []
    for pk, purpose in in_order(now).values_list("pk", "submission__purpose"):
        if pk == run.pk:
            break
        ahead.append(purpose)
    took = {purpose: _took(purpose) for purpose in SubmissionPurpose.values}
    own = took[run.submission.purpose]
    running = GradingRun.objects.filter(state=RunState.RUNNING)
    # On average a run in progress is half done.
    before = sum(took[purpose][0] for purpose in ahead)
    before += sum(took[purpose][0] for purpose in running.values_list("submission__purpose", flat=True)) / 2
    workers = max(
        1,
        GradingRun.objects.filter(started_at__gt=now - timedelta(minutes=10)).values("worker").distinct().count(),
    )
    wait = before / workers + own[0]
    if run.retry_at is not None and run.retry_at > now:
        wait = max(wait, (run.retry_at - now).total_seconds() + own[0])
    return Place(position=len(ahead) + 1, wait_seconds=round(wait), basis=own[1])


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
