"""A worker takes a run and keeps it: a claim is a lease with a fence, and what an older holder says is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from exams import ledger
from exams.models import Submission
from grading.models import GradingRun, RunState
from grading.queue import patience
from grading.queue.holding import has_nothing_to_run, is_open
from grading.queue.ordering import in_order
from grading.queue.telling import what_is_said
from grading.verdicts import Occasion

if TYPE_CHECKING:
    from datetime import datetime


class LeaseLost(Exception):
    """Somebody else holds this run now, or it is finished: what this holder found is refused."""


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
                .filter(~Exists(busy), ~has_nothing_to_run(now), Q(retry_at=None) | Q(retry_at__lte=now))
                .select_for_update(of=("self",), skip_locked=True)
                .first()
            )
            if run is None:
                return None
            moved = GradingRun.objects.filter(pk=run.pk, state=RunState.WAITING).update(
                state=RunState.RUNNING,
                fence=F("fence") + 1,
                claims=F("claims") + 1,
                leased_until=now + patience.LEASE,
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
            payload = what_is_said(run, submission) | {"claim": run.claims}
            ledger.append(attempt=attempt, kind="run.started", payload=payload, actor=None, at=now)
            part = _part(run, submission, now)
            return Claim(run_id=run.pk, fence=run.fence, submission=submission, part=part)
    except IntegrityError as refused:
        if "one_in_flight_per_learner" not in str(refused):
            raise
        return None


def _part(run: GradingRun, submission: Submission, now: datetime) -> Part:
    if submission.hand_in_id is None or is_open(submission, now):
        return Part.visible
    return Part.hidden if run.visible_verdict else Part.everything


def keep(held: Claim, *, done: int, total: int, now: datetime) -> None:
    """Renew the lease and note how far the run has come.

    Raises:
        LeaseLost: the claim is no longer ours.
    """
    if not still_held(held).update(leased_until=now + patience.LEASE, cells_done=done, cells_total=total):
        raise LeaseLost(f"run {held.run_id}: claim {held.fence} is over")


def still_held(held: Claim) -> QuerySet[GradingRun]:
    """The run of a claim, as long as the claim is not over; else nothing."""
    return GradingRun.objects.filter(pk=held.run_id, fence=held.fence, state=RunState.RUNNING)
