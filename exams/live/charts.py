"""What a learner is shown of deployments and of what customers got: nothing that names how an answer is wrong."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from exams.live import telemetry
from exams.live.deployments import why_nothing
from exams.live.telemetry.measuring import MINUTE
from exams.models import Deployment, DeploymentState
from exams.windows import NotStarted

if TYPE_CHECKING:
    from datetime import datetime

    from exams.live.telemetry import Minute
    from exams.models import Attempt


def live_now(attempt: Attempt, *, now: datetime) -> int | None:
    """The number of the deployment that customers get."""
    found = telemetry.deployed_at(attempt, now)
    return None if found is None else found.number


def live_until(attempt: Attempt, *, now: datetime) -> dict[int, datetime]:
    """When each version that customers got was replaced by the next, by its number; the one they get is not in it.

    In the order in which the one that is live is found (`telemetry.deployed_at`): of two with one moment the one asked
    for later is live, and the other's time ends as it begins.
    """
    gone_live = telemetry.customers_got(Deployment.objects.filter(attempt=attempt), at=now)
    rows = gone_live.order_by("live_from", "requested_at", "number").values_list("number", "live_from")
    return {number: following for (number, _), (_, following) in pairwise(rows) if following is not None}


def because(row: Deployment) -> str:
    """Why a deployment is not live, in words a learner can act on; empty when there is nothing to say."""
    match row.state:
        case DeploymentState.FAILED:
            return row.failed_because
        case DeploymentState.PLATFORM_FAULT:
            return "We could not try it. That is our fault and counts for nothing: deploy it again."
        case DeploymentState.CANCELLED:
            return "A rollback called it off before it was live."
    return why_nothing(row)


def chart(attempt: Attempt, *, after: int, now: datetime) -> dict[str, Any]:
    """Every minute above `after` that has begun, and when which version went live; never the future.

    Raises:
        NotStarted: the clock has not been started.
    """
    if attempt.started_at is None:
        raise NotStarted("The clock of this attempt has not been started, so no customer has asked anything yet.")
    seen = telemetry.of(attempt, until=now)
    return {
        "known_until": seen.until,
        "minutes": [_minute(each, seen.until) for each in seen.minutes if each.minute > after],
        "deployed": [
            {"deployment": each.deployment, "release": each.release, "live_from": each.begins_at}
            for each in seen.stints
        ],
    }


def _minute(minute: Minute, until: datetime) -> dict[str, Any]:
    return {
        "minute": minute.minute,
        "begins_at": minute.begins_at,
        "complete": minute.begins_at + MINUTE <= until,
        "asked": minute.asked,
        "correct": minute.correct,
        "refused": minute.refused_right + minute.refused_over,
        "harmful": minute.harmful,
        "failed": minute.failed,
        "guard_passed": minute.guard_passed,
        "guard_blocked": minute.guard_blocked,
        "complaints": minute.complaints,
    }
