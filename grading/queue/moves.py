"""The states a run can go through, and from which to which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading.models import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.HELD}),
    RunState.RUNNING: frozenset({RunState.WAITING, RunState.HELD, RunState.GRADED, RunState.PLATFORM_FAULT}),
    RunState.HELD: frozenset({RunState.WAITING}),
    RunState.GRADED: frozenset(),
    RunState.PLATFORM_FAULT: frozenset(),
}
