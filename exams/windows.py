"""Which stage a write belongs to, and on which side of the line it arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.clock import Window
from exams.errors import Refusal
from exams.ledger import iso
from exams.models import Attempt, AttemptState, Stage

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class NotStarted(Refusal):
    """The clock of this attempt has not been started."""


class AttemptVoid(Refusal):
    """The attempt does not count and takes nothing any more."""


class NoSuchStage(Refusal):
    """The twin has no stage of that name."""


class StageNotOpenYet(Refusal):
    """The window of this stage has not begun."""


class WindowClosed(Refusal):
    """A service that only runs while the window is open was asked for outside it."""


@dataclass(frozen=True)
class Arrival:
    """A write that arrived at `received_at` for `stage`; `late_by` is None when it arrived in time."""

    attempt: Attempt
    stage: Stage
    received_at: datetime
    late_by: timedelta | None

    @property
    def counts(self) -> bool:
        """Whether it arrived inside the window."""
        return self.late_by is None


def window_of(stage: Stage) -> Window:
    """The stage's window."""
    return Window(opens_at=stage.opens_at, closes_at=stage.closes_at)


def require_begun(attempt: Attempt) -> None:
    """Refuse anything for an attempt that has not been started or was voided.

    Raises:
        NotStarted: its clock is not running yet.
        AttemptVoid: it does not count.
    """
    if attempt.state == AttemptState.READY:
        raise NotStarted("The clock of this attempt has not been started. Start it first; nothing was stored.")
    if attempt.state == AttemptState.VOID:
        raise AttemptVoid("This attempt was declared void, so nothing more is taken for it. Ask an admin if in doubt.")


def stage_of(attempt: Attempt, stage_key: str) -> Stage:
    """The stage of that name.

    Raises:
        NoSuchStage: there is none.
    """
    stages = {stage.key: stage for stage in Stage.objects.filter(attempt=attempt)}
    if stage_key not in stages:
        names = ", ".join(sorted(stages)) or "none"
        raise NoSuchStage(f"This attempt has no stage {stage_key!r}. Its stages: {names}.", stages=sorted(stages))
    return stages[stage_key]


def arrive(*, attempt: Attempt, stage_key: str, received_at: datetime) -> Arrival:
    """On which side of the line something arrived for a stage.

    Raises:
        NotStarted, AttemptVoid, NoSuchStage: it cannot be taken at all.
        StageNotOpenYet: it came before the window.
    """
    require_begun(attempt)
    stage = stage_of(attempt, stage_key)
    window = window_of(stage)
    if not window.opened(received_at):
        raise StageNotOpenYet(
            f"Stage {stage.key!r} opens at {iso(stage.opens_at)}; this arrived at {iso(received_at)}. "
            "Nothing was stored; send it again once the stage is open.",
            stage=stage.key,
            opens_at=iso(stage.opens_at),
        )
    return Arrival(attempt, stage, received_at, window.lateness(received_at))


def require_open(arrival: Arrival, *, service: str) -> None:
    """Refuse a service outside its window.

    Raises:
        WindowClosed: it is too late for it.
    """
    if arrival.late_by is not None:
        stage = arrival.stage
        raise WindowClosed(
            f"{service} only while stage {stage.key!r} is open. It closed at {iso(stage.closes_at)}; "
            f"this arrived at {iso(arrival.received_at)}, {arrival.late_by.total_seconds():.6f} s later.",
            stage=stage.key,
            closed_at=iso(stage.closes_at),
            late_by_seconds=arrival.late_by.total_seconds(),
        )
