"""The one mover of deployments: each move is a compare-and-set with its ledger row, and what was decided stays."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from django.db import transaction

from exams import ahead, ledger
from exams.definitions import stage_for_questions, twin_of
from exams.live.telemetry import Replayed
from exams.models import Deployment, DeploymentKind, DeploymentState, Stage
from exams.models.deployment import CAME_TO_NOTHING, MOVES
from exams.one_by_one import one_by_one

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt

log = logging.getLogger(__name__)


def move(row: Deployment, to: DeploymentState, **facts: Any) -> bool:
    """Move a deployment whose attempt is held; whether it was still where `row` says, and under the same fence."""
    assert to in MOVES[DeploymentState(row.state)], f"{row.state} > {to}"  # noqa: S101 - a mistake in the code
    rows = Deployment.objects.filter(pk=row.pk, state=row.state, fence=row.fence)
    if not rows.update(state=to, **facts):
        return False
    row.refresh_from_db()
    return True


def cited(row: Deployment) -> dict[str, Any]:
    """What every event of a deployment says of it."""
    said: dict[str, Any] = {"deployment": row.number, "kind": row.kind, "tree_sha256": row.tree_sha256}
    if row.submission is not None:
        said |= {"run": row.submission.pk, "run_number": row.submission.number, "commit": row.submission.pinned_commit}
    if row.of is not None:
        said |= {"to": row.of.number}
    return said | {"goes_live_at": row.due_at}


def tell(row: Deployment, kind: str, *, at: datetime, **facts: Any) -> None:
    """Append what happened to a deployment; of the one the incident opened with, hidden."""
    visible = row.kind != DeploymentKind.INITIAL
    ledger.append(attempt=row.attempt, kind=kind, payload=cited(row) | facts, actor=None, at=at, visible=visible)


def tell_came_to_nothing(row: Deployment, because: str, *, at: datetime) -> None:
    """Append that an act the learner has a receipt of changed nothing for customers, and why."""
    tell(row, "deployment.came_to_nothing", at=at, because=because)


def tell_of_rollbacks_to(row: Deployment, *, at: datetime) -> None:
    """A deployment came to nothing, and so did each rollback to it: each of them is told."""
    for each in Deployment.objects.filter(of=row).select_related("attempt", "submission", "of").order_by("number"):
        tell_came_to_nothing(each, why_nothing(each), at=at)


def why_nothing(row: Deployment) -> str:
    """Why a rollback changed nothing, in words a learner can act on; empty for one that counts."""
    if row.of is None or row.of.state not in CAME_TO_NOTHING:
        return ""
    number = row.of.number
    why = {
        DeploymentState.FAILED: f"Deployment {number} cannot be started",
        DeploymentState.PLATFORM_FAULT: f"By our fault we could not try deployment {number}",
        DeploymentState.CANCELLED: f"Deployment {number} was called off",
    }[DeploymentState(row.of.state)]
    return f"{why}, so going back to it changed nothing. Look at which one is live now, and roll back again if need be."


def tell_outcomes(row: Deployment, replayed: Replayed, *, at: datetime) -> None:
    """Append, hidden, what a replay found, so that nobody can alter it afterwards."""
    kept = ledger.canonical(replayed.to_json())
    counts = {each.name: replayed.outcomes.count(each) for each in sorted(set(replayed.outcomes))}
    ledger.append(
        attempt=row.attempt,
        kind="deployment.replayed",
        payload={
            "deployment": row.number,
            "questions": len(replayed.outcomes),
            "harmful": replayed.harmful,
            "by_outcome": counts,
            "outcomes_sha256": hashlib.sha256(kept).hexdigest(),
        },
        actor=None,
        at=at,
        visible=False,
    )


def announce_due(attempt: Attempt, *, now: datetime) -> int:
    """READY → LIVE for what was to go live until `now`; the attempt is held. The moment recorded is the planned one."""
    rows = Deployment.objects.select_related("attempt", "submission", "of")
    done = 0
    for row in rows.filter(attempt=attempt, state=DeploymentState.READY, live_from__lte=now):
        if move(row, DeploymentState.LIVE):
            tell(row, "deployment.live", at=row.due_at)
            done += 1
    return done


def go_live(now: datetime) -> int:
    """Announce everything that has gone live; return how many there were."""
    due = Deployment.objects.filter(state=DeploymentState.READY, live_from__lte=now).order_by("live_from")
    attempts = list(dict.fromkeys(due.values_list("attempt_id", flat=True)))
    return one_by_one(
        attempts,
        lambda attempt_id: announce_due(ledger.hold(attempt_id), now=now),
        what="what was deployed in attempt %s cannot be announced",
    )


def cancel(row: Deployment, *, now: datetime) -> None:
    """Call off a deployment that was not live yet at `now`; its attempt is held. What a worker still says is refused.

    It may have been announced since: then the database wants to see the rollback that was received before it was live.
    One that has come to nothing already stays as it is.
    """
    ended = {"live_from": None, "leased_until": None, "retry_at": None, "ended_at": now}
    if row.state not in CAME_TO_NOTHING and move(row, DeploymentState.CANCELLED, **ended):
        tell(row, "deployment.cancelled", at=now)


def customers_ask(attempt: Attempt) -> bool:
    """Whether the twin has customers who ask a deployed assistant."""
    twin = twin_of(attempt)
    return twin.pack is not None and any(stage.questions for stage in twin.stages)


def open_release(attempt: Attempt) -> Deployment | None:
    """Record the release that is in production when the incident opens, if the twin has one; the attempt is held.

    It is called in the transaction of the start, once the stages are there. For an incident from the stock it has been
    replayed already; else it waits for a worker.
    """
    if not customers_ask(attempt):
        return None
    opens_at = Stage.objects.get(attempt=attempt, key=stage_for_questions(attempt)).opens_at
    row = Deployment(attempt=attempt, number=0, kind=DeploymentKind.INITIAL, requested_at=opens_at, due_at=opens_at)
    known = ahead.of(attempt)
    if known is not None:
        row.traffic, row.outcomes = known["traffic"], known["outcomes"]
        row.state, row.live_from, row.ended_at = DeploymentState.LIVE, opens_at, opens_at
    row.save(force_insert=True)
    if known is not None:
        tell_outcomes(row, Replayed.from_json(known["outcomes"], questions=len(known["traffic"])), at=opens_at)
    return row


def held(deployment_id: int) -> Deployment:
    """A deployment with its attempt locked: whoever moves one holds the attempt first.

    Must be called inside a transaction.
    """
    assert transaction.get_connection().in_atomic_block  # noqa: S101 - a mistake in the code
    attempt_id = Deployment.objects.values_list("attempt_id", flat=True).get(pk=deployment_id)
    attempt = ledger.hold(attempt_id)
    row = Deployment.objects.select_related("submission", "of").get(pk=deployment_id)
    row.attempt = attempt
    return row
