"""What was seen: one label per run of a test, one observation per repeated cell, one result per cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sandboxes.sandbox import NodeOutcome, RunEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REPEATS = 3
REPEATS_AFTER_DISAGREEMENT = 5


class CellKind(StrEnum):
    """What a cell runs against: the tree handed out, the hotfix, our fix, other fixes right and wrong; or questions."""

    pre = "pre"
    post = "post"
    ref = "ref"
    alt = "alt"
    mut = "mut"
    probe = "probe"
    p2p = "p2p"


class Wanted(StrEnum):
    """What a cell must show."""

    fails_by_assertion = "fails by assertion"
    fails = "fails"
    passes = "passes"
    right_answers = "right answers"


WANTED: Mapping[CellKind, Wanted] = {
    CellKind.pre: Wanted.fails_by_assertion,
    CellKind.post: Wanted.passes,
    CellKind.ref: Wanted.passes,
    CellKind.alt: Wanted.passes,
    CellKind.mut: Wanted.fails,
    CellKind.probe: Wanted.right_answers,
    CellKind.p2p: Wanted.right_answers,
}


class CellResult(StrEnum):
    """Whether a cell showed what it must."""

    as_required = "as_required"
    wrong_label = "wrong_label"
    inconclusive = "inconclusive"
    flaky = "flaky"
    infra = "infra"


class Label(StrEnum):
    """What one run of a test said about one tree.

    fails: an assertion did not hold. raises: none failed, but a test raised something else. passes: at least one
    test passed and none did otherwise than pass or stand aside. silent: every test was skipped or expected to fail.
    broken: there was no test, or it was not collected, set up, or brought to its own end. The others say what
    stopped it; not_run: we did not come to it.
    """

    fails = "fails"
    raises = "raises"
    passes = "passes"
    silent = "silent"
    broken = "broken"
    times_out = "times_out"
    over_limit = "over_limit"
    tampered = "tampered"
    infra = "infra"
    not_run = "not_run"


_STOPPED: Mapping[RunEnd, Label] = {
    RunEnd.infra_error: Label.infra,
    RunEnd.tampered: Label.tampered,
    RunEnd.timeout_wall: Label.times_out,
    RunEnd.timeout_cpu: Label.times_out,
    RunEnd.oom: Label.over_limit,
    RunEnd.output_limit: Label.over_limit,
    RunEnd.early_exit: Label.broken,
    RunEnd.signalled: Label.broken,
}
_BROKEN_NODES = frozenset(
    {NodeOutcome.error_setup, NodeOutcome.error_teardown, NodeOutcome.error_collect, NodeOutcome.absent}
)
LIMITS = frozenset({Label.times_out, Label.over_limit, Label.not_run})


@dataclass(frozen=True)
class Observed:
    """One run of the test against one tree, as seen from outside; `ended` is None where nothing was run."""

    ended: RunEnd | None
    nodes: tuple[tuple[str, NodeOutcome], ...] = ()

    @property
    def label(self) -> Label:
        """What the run said about the tree."""
        if self.ended is None:
            return Label.not_run
        if self.ended in _STOPPED:
            return _STOPPED[self.ended]
        outcomes = {outcome for _, outcome in self.nodes}
        if NodeOutcome.failed_assert in outcomes:
            return Label.fails
        if NodeOutcome.failed_raise in outcomes:
            return Label.raises
        if not outcomes or outcomes & _BROKEN_NODES:
            return Label.broken
        return Label.passes if NodeOutcome.passed in outcomes else Label.silent

    @property
    def failing(self) -> frozenset[str]:
        """The nodes that failed by assertion: on the faulty tree, these are the guards."""
        return frozenset(name for name, outcome in self.nodes if outcome is NodeOutcome.failed_assert)

    def passes(self, guards: Iterable[str]) -> bool:
        """Whether it passes and every guard is among what passed: skipped, renamed or vanished is not passed."""
        passed = {name for name, outcome in self.nodes if outcome is NodeOutcome.passed}
        return self.label is Label.passes and passed.issuperset(guards)

    def agrees(self, other: Observed) -> bool:
        """Whether two runs said the same, node by node; runs that were stopped agree if they were stopped alike."""
        if self.label is not other.label:
            return False
        return self.ended is not RunEnd.completed or set(self.nodes) == set(other.nodes)


NO_TEST = Observed(RunEnd.completed)
NOT_RUN = Observed(None)


def disagree(runs: Sequence[Observed]) -> bool:
    """Whether repeats of one cell differ; one that was left out differs from none."""
    ran = _ran(runs)
    return any(not run.agrees(ran[0]) for run in ran[1:])


def _ran(runs: Iterable[Observed]) -> list[Observed]:
    return [run for run in runs if run.label is not Label.not_run]


@dataclass(frozen=True)
class Settled:
    """What the repeats of one cell come to: one observation, or None where they stayed mixed."""

    observed: Observed | None
    runs: tuple[Observed, ...]


def settle(first: Sequence[Observed], again: Sequence[Observed] = ()) -> Settled:
    """What repeats come to.

    If the first ones agree, that is it. If not, the cell is run five times afresh, and all five must agree;
    otherwise it is mixed. Repeats that were left out say nothing, unless all were.
    """
    runs = (*first, *again)
    if first and not disagree(first):
        return Settled(next(iter(_ran(first)), first[0]), runs)
    if len(_ran(again)) >= REPEATS_AFTER_DISAGREEMENT and not disagree(again):
        return Settled(again[0], runs)
    return Settled(None, runs)


def cell_result(observed: Observed, wanted: Wanted, *, guards: Iterable[str] = ()) -> CellResult:
    """Whether one run of the test against one tree showed what it must."""
    label = observed.label
    if label is Label.infra:
        return CellResult.infra
    if wanted is Wanted.passes:
        if label is Label.passes:
            return CellResult.as_required if observed.passes(guards) else CellResult.wrong_label
        return CellResult.wrong_label if label in {Label.fails, Label.raises, Label.silent} else CellResult.inconclusive
    if label is Label.fails or (label is Label.raises and wanted is Wanted.fails):
        return CellResult.as_required
    return CellResult.wrong_label if label in {Label.passes, Label.raises} else CellResult.inconclusive
