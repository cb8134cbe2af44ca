"""A claim ends: with a finding that is kept once, or with the run put back because the platform failed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from exams import ledger
from exams.models import Submission
from exams.one_by_one import one_by_one
from grading.models import Cell, GradingRun, RunState
from grading.queue import patience
from grading.queue.claiming import Claim, LeaseLost, still_held
from grading.queue.holding import is_open
from grading.queue.telling import what_is_said
from grading.verdicts import Decision, Occasion, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """What a run found, ready to be kept. `cells` are unsaved; `counts` are {"before": …, "after": …}."""

    decision: Decision
    because: str
    cells: Sequence[Cell] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


def finish(held: Claim, finding: Finding, *, now: datetime) -> None:
    """Keep what a run found, once: verdict, cells and ledger row together.

    Of a hand-in in an open stage it is what the visible cells say, and the run is held until the stage has closed.

    Raises:
        LeaseLost: the claim is no longer ours; nothing is kept.
    """
    rejected = finding.decision.verdict is Verdict.rejected_ingest  # there is nothing hidden left to run
    with transaction.atomic():
        run = still_held(held).select_for_update().first()
        if run is None:
            raise LeaseLost(f"run {held.run_id}: the result of claim {held.fence} comes too late and is refused")
        ledger.hold(held.submission.attempt_id)  # whoever moves a deadline holds it too
        if held.occasion is Occasion.stage_open and not rejected:
            _hold_back(held, run, finding, now=now)
        elif held.occasion is Occasion.stage_closed and is_open(held.submission, now):
            _forget(held, run)
        else:
            _finish(held, run, finding, now=now)


def _finish(held: Claim, run: GradingRun, finding: Finding, *, now: datetime) -> None:
    decision = finding.decision
    cells = run.cells.count() + len(finding.cells)
    still_held(held).update(
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
    still_held(held).update(
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
    still_held(held).update(state=state, leased_until=None)
    log.warning("Run %s is put back: its stage was opened again while its hidden cells ran", run.pk)


def _record(held: Claim, finding: Finding, *, kind: str, now: datetime) -> None:
    for cell in finding.cells:
        cell.run_id = held.run_id
    Cell.objects.bulk_create(finding.cells)
    run = GradingRun.objects.get(pk=held.run_id)
    attempt = ledger.hold(held.submission.attempt_id)
    ledger.append(attempt=attempt, kind=kind, payload=what_is_said(run, held.submission), actor=None, at=now)


def give_back(held: Claim, fault: str, *, now: datetime) -> RunState:
    """Put a run back after a fault of ours, to be tried again a little later; return the state it went to.

    After `patience.MOST_CLAIMS` claims it ends as a platform fault, which is never a mark and calls an operator.
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
    over = run.claims >= patience.MOST_CLAIMS
    state = RunState.PLATFORM_FAULT if over else RunState.WAITING
    GradingRun.objects.filter(pk=run.pk, fence=run.fence, state=RunState.RUNNING).update(
        state=state,
        leased_until=None,
        retry_at=None if over else now + patience.BACKOFF[min(run.claims, len(patience.BACKOFF)) - 1],
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
    ledger.append(attempt=attempt, kind="run.gave_up", payload=what_is_said(run, submission), actor=None, at=now)
    return state
