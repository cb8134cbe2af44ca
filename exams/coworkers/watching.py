"""Reads what the people in the room can see of an attempt: its ledger, what was deployed, what customers got.

What a machine's speed would move is taken at the moment that was fixed when the learner acted: a deployment when its
roll-out was due, a diagnosis a minute after it was filed. Until such a thing is decided nobody looks past that moment;
but no longer than `PATIENCE`, so that a stalled worker does not keep everybody silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from exams.coworkers import history as seen
from exams.definitions import NotPartOfThisTwin
from exams.live import telemetry
from exams.models import Deployment, DeploymentKind, DeploymentState, Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.models import Attempt, Stage
    from exams.packs.injects import Outcome

# After these the people in the room look again.
ACTS = (
    "status_update.posted",
    "diagnosis.filed",
    "diagnosis.checked",
    "stage.handed_in",
    "stage.extended",
    "deployment.replayed",
    "deployment.live",
    "deployment.failed",
    "deployment.gave_up",
    "deployment.rolled_back",
)
STARTED, EXTENDED = "attempt.started", "stage.extended"
CHECKED_AFTER = timedelta(seconds=60)
PATIENCE = timedelta(seconds=60)
_SECOND = timedelta(seconds=1)
_OUTCOMES: dict[tuple[str, str], Outcome] = {
    (DeploymentKind.DEPLOY, DeploymentState.READY): "live",
    (DeploymentKind.DEPLOY, DeploymentState.LIVE): "live",
    (DeploymentKind.DEPLOY, DeploymentState.FAILED): "failed",
    (DeploymentKind.ROLLBACK, DeploymentState.LIVE): "rolled_back",
}
_CAME_TO_NOTHING = (DeploymentState.FAILED, DeploymentState.PLATFORM_FAULT, DeploymentState.CANCELLED)


@dataclass(frozen=True)
class View:
    """What is seen of a stage, and up to which second of it everything that matters is known.

    `waits`: something is undecided that was due before the moment asked for; an event will tell when it is decided.
    """

    history: seen.History
    second: int
    waits: bool


def see(stage: Stage, *, until: datetime) -> View:
    """What happened in a stage up to a moment. `stage.attempt` is read with its twin."""
    attempt = stage.attempt
    events = list(
        Event.objects.filter(attempt=attempt, kind__in=(STARTED, *ACTS)).order_by("seq").only("kind", "at", "payload")
    )
    deployments = list(Deployment.objects.filter(attempt=attempt).defer("traffic", "outcomes").order_by("number"))
    customers = _customers(stage, until) if deployments else None
    confirmed, undecided = _diagnoses(events)
    known = [until, *undecided, *([customers.until] if customers else [])]
    known_until = max(min(known), until - PATIENCE, stage.opens_at)

    def second(at: datetime) -> int:
        return (at - stage.opens_at) // _SECOND

    history = seen.History(
        closings=_closings(events, stage),
        pace=attempt.multiplier_percent,
        updates=tuple(
            seen.Update(
                second(event.at),
                event.payload["audience"],
                event.payload["state"],
                second(datetime.fromisoformat(promised)) if (promised := event.payload["next_update_at"]) else None,
            )
            for event in _in_order(events, "status_update.posted")
        ),
        deployments=tuple(
            seen.Deployment(second(row.due_at), outcome, f"deployment {row.number}")
            for row, outcome in _became(deployments)
        ),
        confirmed=tuple(second(at) for at in confirmed),
        handed_in=next(
            (second(e.at) for e in _in_order(events, "stage.handed_in") if e.payload["stage"] == stage.key), None
        ),
        minutes=tuple(_minutes(customers, attempt)) if customers else (),
        complained=tuple(second(at) for at in customers.complained) if customers else (),
        complaints=tuple(_complaints(customers, stage)) if customers else (),
    )
    return View(history, second(known_until), waits=min(known) < until)


def _became(deployments: Iterable[Deployment]) -> Iterable[tuple[Deployment, Outcome]]:
    """What became of each that anything became of; a rollback to what is live, or to nothing, changed nothing."""
    rows = sorted(deployments, key=lambda row: (row.due_at, row.requested_at, row.number))
    present = next((row.pk for row in rows if row.kind == DeploymentKind.INITIAL), None)
    nothing = {row.pk for row in rows if row.state in _CAME_TO_NOTHING}
    for row in rows:
        outcome = _OUTCOMES.get((row.kind, row.state))
        if outcome is None:
            continue
        if outcome == "rolled_back" and row.of_id in {present, *nothing}:
            outcome = "called_off"
        elif outcome != "failed":
            present = row.of_id or row.pk
        yield row, outcome


def _in_order(events: Iterable[Event], kind: str) -> list[Event]:
    return sorted((event for event in events if event.kind == kind), key=lambda event: (event.at, event.seq))


def _closings(events: list[Event], stage: Stage) -> tuple[tuple[int, int], ...]:
    """When the window closes, as it was known from when on. What the row says is what holds now."""

    def length(closes_at: datetime) -> int:
        return -((stage.opens_at - closes_at) // _SECOND)  # rounded up

    found: list[tuple[int, int]] = [(0, length(stage.closes_at))]
    for event in events:
        if event.kind == STARTED:
            windows: list[dict[str, Any]] = event.payload["stages"]
            found = [
                (0, length(datetime.fromisoformat(each["closes_at"]))) for each in windows if each["key"] == stage.key
            ] or found
        elif event.kind == EXTENDED and event.payload["stage"] == stage.key:
            found.append(
                (
                    (event.at - stage.opens_at) // _SECOND,
                    length(datetime.fromisoformat(event.payload["closes_at"])),
                )
            )
    return (*found[:-1], (found[-1][0], length(stage.closes_at)))


def _diagnoses(events: list[Event]) -> tuple[list[datetime], list[datetime]]:
    """When it is known that a repro reproduces, and when it will be known of those that are not tried yet."""
    filed = {event.payload["number"]: event.at + CHECKED_AFTER for event in events if event.kind == "diagnosis.filed"}
    checked = {e.payload["number"]: e.payload["reproduces"] for e in events if e.kind == "diagnosis.checked"}
    confirmed = sorted(at for number, at in filed.items() if checked.get(number))
    return confirmed, [at for number, at in filed.items() if number not in checked]


def _customers(stage: Stage, until: datetime) -> telemetry.Telemetry | None:
    try:
        found = telemetry.of(stage.attempt, until=until)
    except NotPartOfThisTwin:
        return None
    return found if found.begins_at == stage.opens_at else None


def _minutes(customers: telemetry.Telemetry, attempt: Attempt) -> Iterable[seen.Minute]:
    """The minutes that are over."""
    changed = len(customers.stints) > 1
    untouched = telemetry.untouched(attempt, until=customers.until) if changed else customers
    for one, at_first in zip(customers.minutes, untouched.minutes, strict=True):
        if one.begins_at + telemetry.measuring.MINUTE <= customers.until:
            yield seen.Minute(
                number=one.minute,
                asked=one.asked,
                correct=one.correct,
                refused=one.refused_right + one.refused_over,
                harmful=one.harmful,
                failed=one.failed,
                opening=at_first.harmful,
            )


def _complaints(customers: telemetry.Telemetry, stage: Stage) -> Iterable[seen.Complaint]:
    """Those that came, and those that are sure to come, so that somebody looks when they do."""

    def second(at: datetime) -> int:
        return (at - stage.opens_at) // _SECOND

    began: dict[str, str] = {}
    for one in customers.answers:
        began.setdefault(one.session or str(one.number), one.question)
    dated = [(at, -1, seen.Complaint(second(at), one.question, one.said, one.began)) for at, one in customers.later]
    for told in customers.answers:
        if told.complains_at is not None:
            first = began[told.session or str(told.number)]
            about = (told.question, told.said, first if first != told.question else "")
            dated.append((told.complains_at, told.number, seen.Complaint(second(told.complains_at), *about)))
    return (one for _, _, one in sorted(dated, key=lambda each: each[:2]) if one.answer)
