"""All cells of a plan in their order, and which of them are left out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from grading import plan, verdicts
from grading.run.cells import Record, run_cell
from grading.verdicts import CellKind
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from grading.verdicts import Observed
    from sandboxes.sandbox import Sandbox

# What a run may take before the rest of it is left out; well below the time limit of its task.
BUDGET_SECONDS = 420.0
# A test that was stopped so often has cost enough: hidden cells of it are left out.
MOST_STOPPED = 3


class TooSlow(SandboxFault):
    """The cells took longer than a run may, although no limit stopped any: this machine is overloaded."""


def execute(
    drawn: plan.Plan,
    *,
    sandbox: Sandbox,
    between: Callable[[int, int], None] = lambda _done, _total: None,
    before: Sequence[Record] = (),
) -> list[Record]:
    """Run every cell of a plan, in its order; `between(done, total)` is called before each.

    1. The planned cells.
    2. Visible cells whose repeats disagreed, five times afresh.
    Recorded as not run are: repeats of a visible cell after the first that had to be stopped, which would only be
    stopped again; hidden cells of a test that keeps being stopped, those of an earlier part (`before`) counted in;
    and what is left when such stops have used up the budget. A budget used up without any stop is our slowness, and
    no mark.

    Raises:
        SandboxFault: the platform failed; nothing of this execution is worth keeping.
    """
    began = time.perf_counter()
    records: list[Record] = []
    waiting = list(drawn.cells)
    total = len(waiting)
    repeated = False
    while waiting:
        cell = waiting.pop(0)
        between(len(records), total)
        stopped = [record for record in (*before, *records) if record.stopped]
        too_much = cell.questions is None and not cell.visible and len(stopped) >= MOST_STOPPED
        late = time.perf_counter() - began > BUDGET_SECONDS
        if late and not stopped:
            raise TooSlow(f"{len(records)} of {total} cells took {BUDGET_SECONDS:.0f} s, and none met a limit")
        position = len(before) + len(records) + 1
        if cell.visible and any(record.cell.round == cell.round for record in stopped):
            records.append(_left_out(cell, position, "Not run: an earlier repeat had to be stopped at a limit."))
        elif too_much or late:
            records.append(_left_out(cell, position, _NO_TIME_LEFT))
        else:
            records.append(run_cell(cell, drawn, sandbox=sandbox, position=position))
        if not waiting and not repeated:
            repeated = True
            waiting = list(drawn.again([kind for kind in (CellKind.pre, CellKind.post) if _disagree(records, kind)]))
            total += len(waiting)
    return records


_NO_TIME_LEFT = "Not run: the cells before it had used up the time or kept hitting a limit."


def _left_out(cell: plan.PlannedCell, position: int, note: str) -> Record:
    if cell.questions is not None:
        return Record(cell=cell, position=position, seconds=0.0, answers=(), note=note)
    return Record(cell=cell, position=position, seconds=0.0, observed=verdicts.NOT_RUN, note=note)


def observed_of(records: Iterable[Record], kind: CellKind) -> list[Observed]:
    """The test's runs of one kind, in order of repeats."""
    ordered = sorted((record for record in records if record.cell.kind is kind), key=lambda each: each.cell.repeat)
    return [record.observed for record in ordered if record.observed is not None]


def _disagree(records: Iterable[Record], kind: CellKind) -> bool:
    return verdicts.disagree(observed_of(records, kind))
