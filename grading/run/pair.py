"""The visible pair of cells once each, timed: what a benchmark compares with two bare test processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading import plan, verdicts
from grading.run.cells import run_cell
from grading.verdicts import CellKind

if TYPE_CHECKING:
    from exams.packs import Pack, Spec
    from grading.verdicts import Observed
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Sandbox


@dataclass(frozen=True)
class Pair:
    """One PRE and one POST cell, and how long each took, in seconds."""

    before: Observed
    after: Observed
    before_seconds: float
    after_seconds: float

    @property
    def seconds(self) -> float:
        """How long a learner would wait for both."""
        return self.before_seconds + self.after_seconds


def visible_pair(*, pack: Pack, spec: Spec, submitted: Tree, sandbox: Sandbox, seed: int = 0) -> Pair:
    """Run the test once before and once after, as a practice run does; for the benchmark.

    Raises:
        SandboxFault: the platform failed.
        IngestRefused: the submitted files cannot be combined with ours.
    """
    drawn = plan.draw_up(pack=pack, spec=spec, submitted=submitted, hand_in=False, seed=seed)
    pair = {
        kind: run_cell(next(cell for cell in drawn.cells if cell.kind is kind), drawn, sandbox=sandbox, position=1)
        for kind in (CellKind.pre, CellKind.post)
    }
    before, after = pair[CellKind.pre], pair[CellKind.post]
    return Pair(
        before=before.observed or verdicts.NOT_RUN,
        after=after.observed or verdicts.NOT_RUN,
        before_seconds=before.seconds,
        after_seconds=after.seconds,
    )
