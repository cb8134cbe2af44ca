"""A learner deploys the commit of a run, or goes back to what was live before: acts on the clock, with receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from exams import doorbell, ledger, receipts
from exams.definitions import stage_for_questions, twin_of
from exams.errors import Refusal
from exams.live.deployments.moving import announce_due, cancel, cited, tell_came_to_nothing
from exams.live.deployments.planned import Plan
from exams.models import (
    Deployment,
    DeploymentKind,
    DeploymentState,
    Submission,
    SubmissionState,
)
from exams.windows import Arrival, arrive, require_open

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt
    from exams.receipts import Receipt

# A roll-out takes this long whatever our workers do, so that the same acts have the same effects to the second. The
# replay runs meanwhile; a worker that takes longer delays what is known, not what customers got.
ROLL_OUT = timedelta(seconds=60)
SERVICE = "Versions are deployed"
_PASSED_OVER = (
    "Rollback {} was received before it was live, so no customer got it as it was deployed. It stays where a rollback "
    "that was received later went back to it."
)


class NoSuchRun(Refusal):
    """The attempt has no run of that id."""


class NotDeployable(Refusal):
    """The source of the run has not been taken in, or was refused."""


class DeploymentInFlight(Refusal):
    """One deployment at a time is rolled out."""


class NoDeploymentsLeft(Refusal):
    """The twin's number of deployments, or of rollbacks, is used up."""


class NoSuchDeployment(Refusal):
    """The attempt has no deployment of that number."""


class NothingToRollBackTo(Refusal):
    """There is no earlier version, or the one named is not one that was live."""


@dataclass(frozen=True)
class Requested:
    """A deployment that was taken, and its receipt."""

    receipt: Receipt
    deployment: Deployment


def deploy(*, attempt: Attempt, run: uuid.UUID, actor: User, received_at: datetime) -> Requested:
    """Roll out the code of a run: customers get it from `ROLL_OUT` later on, if it can be started.

    One that is handled after a rollback which was received in its minute is called off by that, as it would have been.

    Args:
        attempt: the learner's own.
        run: the id of a run or of a hand-in's run; its source must have been taken in.
        actor: who asks.
        received_at: when the request's last byte had arrived.

    Raises:
        WindowClosed: versions are deployed only while customers ask.
        NoSuchRun, NotDeployable, DeploymentInFlight, NoDeploymentsLeft: why not.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    with transaction.atomic():
        held, arrival = _arrived(attempt, received_at)
        submission = _source(held, run)
        plan = Plan(held, at=received_at)
        flying = plan.in_the_way(until=received_at + ROLL_OUT)
        if flying is not None:
            raise DeploymentInFlight(
                f"Deployment {flying.number} is being rolled out until {ledger.iso(flying.due_at)}. Wait until then, "
                "or roll back to call it off.",
                deployment=flying.number,
                until=ledger.iso(flying.due_at),
            )
        _check_limit(held, DeploymentKind.DEPLOY)
        row = Deployment.objects.create(
            attempt=held,
            number=_next_number(held),
            kind=DeploymentKind.DEPLOY,
            submission=submission,
            tree_sha256=submission.tree_sha256,
            requested_at=received_at,
            due_at=received_at + ROLL_OUT,
        )
        receipt = _record(row, arrival, actor, kind="deployment.requested", content={"run": str(submission.pk)})
        if (later := plan.called_off_by(row)) is not None:
            cancel(row, now=later.requested_at)
        doorbell.ring("grading.tasks.replay_deployments")
        return Requested(receipt, row)


def roll_back(*, attempt: Attempt, to: int | None, actor: User, received_at: datetime) -> Requested:
    """Go back at once to a version that was live: its replay is known.

    Without `to` it undoes the last deployment: one that was still being rolled out when this was received is called off
    and what is live stays; else the version that was live before the present one comes back. With `to` the deployment
    of that number comes back, and one that was being rolled out is called off too.

    One whose minute is over is live, also if its replay is late: it stays what customers got until this was received.

    What was received later is never undone by this, however late it is handled. Where a later rollback went back to the
    very one that this would call off, that one is not called off but passed over: this takes its place as it goes live.

    Raises:
        WindowClosed: versions are rolled back only while customers ask.
        NoSuchDeployment, NothingToRollBackTo, NoDeploymentsLeft: why not.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    with transaction.atomic():
        held, arrival = _arrived(attempt, received_at)
        plan = Plan(held, at=received_at)
        flying = plan.to_call_off()
        release = _release(held, to, plan, flying)
        _check_limit(held, DeploymentKind.ROLLBACK)
        passed_over = flying if flying is not None and plan.is_gone_back_to(flying) else None
        due_at = received_at if passed_over is None else passed_over.due_at
        row = Deployment.objects.create(
            attempt=held,
            number=_next_number(held),
            kind=DeploymentKind.ROLLBACK,
            of=release,
            tree_sha256=release.tree_sha256,
            state=DeploymentState.LIVE,
            requested_at=received_at,
            due_at=due_at,
            live_from=due_at,
        )
        if flying is not None and passed_over is None:
            cancel(flying, now=received_at)
        content = {"to": release.number}
        receipt = _record(row, arrival, actor, kind="deployment.rolled_back", content=content)
        if passed_over is not None:
            tell_came_to_nothing(passed_over, _PASSED_OVER.format(row.number), at=due_at)
        return Requested(receipt, row)


def _arrived(attempt: Attempt, received_at: datetime) -> tuple[Attempt, Arrival]:
    held = ledger.hold(attempt.pk)
    arrival = arrive(attempt=held, stage_key=stage_for_questions(held), received_at=received_at)
    require_open(arrival, service=SERVICE)
    announce_due(held, now=received_at)
    return held, arrival


def _source(attempt: Attempt, run: uuid.UUID) -> Submission:
    submission = Submission.objects.filter(attempt=attempt, pk=run).first()
    if submission is None:
        raise NoSuchRun("This attempt has no such run. Ask for a run first, and deploy it by its id.", field="run")
    if submission.state == SubmissionState.RECEIVED:
        raise NotDeployable(
            f"The source of run {submission.number} has not been taken in yet. Deploy it in a few seconds.", field="run"
        )
    if submission.state == SubmissionState.REJECTED:
        raise NotDeployable(
            f"The source of run {submission.number} was refused, so there is nothing to deploy: "
            f"{submission.rejected_because}",
            field="run",
        )
    return submission


def _release(attempt: Attempt, to: int | None, plan: Plan, flying: Deployment | None) -> Deployment:
    """The deployment whose code comes back; never a rollback itself."""
    present = plan.present()
    if present is None:
        raise NothingToRollBackTo("Nothing has been deployed in this attempt.")
    if to is None:
        earlier = present if flying is not None else plan.before(present)
        if earlier is None:
            raise NothingToRollBackTo("The version that is live is the first there was; nothing was live before it.")
        return _code_of(earlier)
    wanted = Deployment.objects.select_related("of").filter(attempt=attempt, number=to).first()
    if wanted is None:
        raise NoSuchDeployment(f"There is no deployment {to} in this attempt. List them first.", field="to")
    if not plan.was_live(wanted):
        raise NothingToRollBackTo(f"Deployment {to} was never live, so nothing can go back to it.", field="to")
    if flying is None and _code_of(wanted) == _code_of(present):
        raise NothingToRollBackTo(f"What deployment {to} brought is live now.", field="to")
    return _code_of(wanted)


def _code_of(row: Deployment) -> Deployment:
    return row.of or row


def _next_number(attempt: Attempt) -> int:
    last: int | None = Deployment.objects.filter(attempt=attempt).aggregate(last=Max("number"))["last"]
    return 1 if last is None else last + 1


def _check_limit(attempt: Attempt, kind: DeploymentKind) -> None:
    """What ended by our fault is not counted."""
    most = twin_of(attempt).limits.deployments
    made = Deployment.objects.filter(attempt=attempt, kind=kind).exclude(state=DeploymentState.PLATFORM_FAULT)
    if made.count() >= most:
        done = "deployed" if kind == DeploymentKind.DEPLOY else "rolled back"
        raise NoDeploymentsLeft(f"You have {done} {most} times, and that is the most in this attempt.", limit=most)


def _record(row: Deployment, arrival: Arrival, actor: User, *, kind: str, content: dict[str, Any]) -> Receipt:
    event = ledger.append(
        attempt=row.attempt,
        kind=kind,
        payload={**cited(row), **content, **receipts.facts(arrival.stage, ledger.content_sha256(content))},
        actor=actor,
        at=row.requested_at,
        receipt=True,
    )
    return receipts.give(event, arrival.stage, now=row.requested_at)
