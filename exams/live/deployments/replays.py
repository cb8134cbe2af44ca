"""A worker takes a deployment to replay customers' questions on it: a lease with a fence, ended once or put back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Case, Count, F, Min, Q, Value, When

from exams import ledger
from exams.live.deployments.moving import (
    customers_ask,
    held,
    move,
    open_release,
    tell,
    tell_of_rollbacks_to,
    tell_outcomes,
)
from exams.live.telemetry.reading import UNDECIDED
from exams.models import Attempt, AttemptState, Deployment, DeploymentKind, DeploymentState
from exams.one_by_one import one_by_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime

    from exams.live.telemetry import Replayed

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # longer than a container and an assistant may take to start, which cannot be interrupted
# Nothing renews the first lease while the traffic of an incident is drawn, for which a crowded machine takes minutes.
# It is as long as the task may take: else the next worker draws the same, and what either finds is refused.
DRAWING = timedelta(seconds=330)
MOST_CLAIMS = 5
BACKOFF = tuple(timedelta(seconds=each) for each in (2, 5, 10, 30, 60))


class LeaseLost(Exception):
    """Somebody else holds this deployment now, or it was decided or called off: what this holder found is refused."""


@dataclass(frozen=True)
class Claim:
    """The right to replay one deployment until its lease ends."""

    deployment: Deployment
    fence: int


def enlist() -> int:
    """Give every live attempt the row of the release it opened with: a start by older code made none."""
    missing = Attempt.objects.filter(state=AttemptState.LIVE, deployments=None).select_related("twin")

    def open_one(attempt_id: uuid.UUID) -> bool:
        attempt = ledger.hold(attempt_id)
        return not attempt.deployments.exists() and open_release(attempt) is not None

    wanted = [attempt.pk for attempt in missing if customers_ask(attempt)]
    return one_by_one(wanted, open_one, what="the release of attempt %s cannot be recorded")


def waiting(*, now: datetime) -> list[int]:
    """What can be replayed now: first what learners wait for, then what incidents opened with; the oldest first."""
    return list(
        Deployment.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), state=DeploymentState.WAITING)
        .exclude(attempt__state=AttemptState.VOID)
        .order_by(Case(When(kind=DeploymentKind.DEPLOY, then=Value(0)), default=Value(1)), "requested_at", "pk")
        .values_list("pk", flat=True)
    )


@dataclass(frozen=True)
class Queue:
    """How many deployments have not been replayed yet, and for how long the oldest of them has waited."""

    waiting: int
    oldest_seconds: float


def queue(*, now: datetime) -> Queue:
    """What waits or is being replayed."""
    unfinished = Deployment.objects.filter(state__in=UNDECIDED).exclude(attempt__state=AttemptState.VOID)
    found = unfinished.aggregate(waiting=Count("pk"), since=Min("requested_at"))
    oldest = (now - found["since"]).total_seconds() if found["since"] is not None else 0.0
    return Queue(found["waiting"], max(oldest, 0.0))


def claim(*, worker: str, most: int, now: datetime) -> Claim | None:
    """Take the next deployment to be replayed, or None, also when `most` are being replayed already.

    Of each learner one is replayed at a time, so that one whose code hangs holds up nobody else's. Its
    move from waiting to replaying brings a new fence and a lease.
    """
    if Deployment.objects.filter(state=DeploymentState.REPLAYING).count() >= most:
        return None
    for pk in waiting(now=now):
        with transaction.atomic():
            row = held(pk)  # and with it the attempt: no other worker takes one of the same
            theirs = Deployment.objects.filter(attempt__learner_id=row.attempt.learner_id)
            if theirs.filter(state=DeploymentState.REPLAYING).exists():
                continue
            if row.state == DeploymentState.WAITING and move(
                row,
                DeploymentState.REPLAYING,
                fence=F("fence") + 1,
                claims=F("claims") + 1,
                leased_until=now + (LEASE if _is_drawn(row) else DRAWING),
                retry_at=None,
                started_at=now,
                worker=worker,
            ):
                tell(row, "deployment.started", at=now, claim=row.claims)
                return Claim(row, row.fence)
    return None


def _is_drawn(row: Deployment) -> bool:
    """Whether what customers ask in its attempt is known, so that it is asked at once."""
    return Deployment.objects.filter(attempt_id=row.attempt_id, number=0, traffic__isnull=False).exists()


def keep(claimed: Claim, *, now: datetime) -> None:
    """Renew the lease.

    Raises:
        LeaseLost: the claim is over.
    """
    ours = Deployment.objects.filter(pk=claimed.deployment.pk, fence=claimed.fence, state=DeploymentState.REPLAYING)
    if not ours.update(leased_until=now + LEASE):
        raise LeaseLost(f"deployment {claimed.deployment.pk}: claim {claimed.fence} is over")


def finish(claimed: Claim, replayed: Replayed, *, timings: Mapping[str, Any], now: datetime) -> None:
    """Keep what a replay found, once. From `due_at` on customers get that version, also if that is over already.

    Raises:
        LeaseLost: the claim is over; nothing is kept.
    """
    with transaction.atomic():
        row = _ours(claimed)
        late = row.due_at <= now or row.kind == DeploymentKind.INITIAL
        move(
            row,
            DeploymentState.LIVE if late else DeploymentState.READY,
            live_from=row.due_at,
            outcomes=replayed.to_json(),
            timings=dict(timings),
            ended_at=now,
            leased_until=None,
        )
        tell_outcomes(row, replayed, at=now)
        if late and row.kind != DeploymentKind.INITIAL:
            tell(row, "deployment.live", at=row.due_at)


def fail(claimed: Claim, because: str, *, now: datetime) -> None:
    """What was deployed cannot be started, by its own fault: what is live stays live.

    Raises:
        LeaseLost: the claim is over; nothing is kept.
    """
    with transaction.atomic():
        row = _ours(claimed)
        move(row, DeploymentState.FAILED, failed_because=because, ended_at=now, leased_until=None)
        tell(row, "deployment.failed", at=now, because=because)
        tell_of_rollbacks_to(row, at=now)


def give_back(claimed: Claim, fault: str, *, now: datetime) -> None:
    """Put a deployment back after a fault of ours, to be tried again a little later; one that is not ours is left."""
    with transaction.atomic():
        try:
            row = _ours(claimed)
        except LeaseLost:
            return
        _put_back(row, fault, now=now)


def reclaim(*, now: datetime) -> int:
    """Put back every deployment whose worker stopped renewing its lease: it was killed, or lost the database."""
    left = Deployment.objects.filter(state=DeploymentState.REPLAYING, leased_until__lte=now)

    def put_back(pk: int) -> bool:
        row = held(pk)
        if row.state != DeploymentState.REPLAYING or row.leased_until is None or row.leased_until > now:
            return False
        _put_back(row, f"worker {row.worker} stopped renewing its lease in the middle of the replay", now=now)
        return True

    found = list(left.order_by("leased_until").values_list("pk", flat=True))
    return one_by_one(found, put_back, what="deployment %s, whose worker was lost, cannot be put back")


def _ours(claimed: Claim) -> Deployment:
    row = held(claimed.deployment.pk)
    if row.state != DeploymentState.REPLAYING or row.fence != claimed.fence:
        raise LeaseLost(f"deployment {row.pk}: the result of claim {claimed.fence} comes too late and is refused")
    return row


def _put_back(row: Deployment, fault: str, *, now: datetime) -> None:
    """After `MOST_CLAIMS` a learner's ends as a platform fault and they may deploy again; ours is tried for ever."""
    pause = BACKOFF[min(row.claims, len(BACKOFF)) - 1]
    worn_out = row.claims >= MOST_CLAIMS
    if worn_out and row.kind == DeploymentKind.DEPLOY:
        move(row, DeploymentState.PLATFORM_FAULT, last_fault=fault, ended_at=now, leased_until=None)
        tell(row, "deployment.gave_up", at=now)
        tell_of_rollbacks_to(row, at=now)
    else:
        move(row, DeploymentState.WAITING, last_fault=fault, retry_at=now + pause, leased_until=None)
    level = logging.CRITICAL if worn_out else logging.WARNING
    log.log(
        level,
        "%sdeployment %s (number %s of attempt %s) is %s after claim %s: %s",
        "ALERT: " if worn_out else "",
        row.pk,
        row.number,
        row.attempt_id,
        row.state,
        row.claims,
        fault,
    )
