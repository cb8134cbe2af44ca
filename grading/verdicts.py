"""Decides what a run proves: one label per tree, one result per cell, one verdict per submission. Plain values only.

Nothing here believes a message of submitted code about itself: how a run ended is seen from outside its container,
and which label a tree deserves is known before the test is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sandboxes.sandbox import NodeOutcome, RunEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

REPEATS = 3
REPEATS_AFTER_DISAGREEMENT = 5
ENOUGH_PERCENT = 95  # of the questions the platform's own fix answers rightly, a hotfix must answer so many rightly


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


class Verdict(StrEnum):
    """What a submission proves; the first that applies, in this order."""

    rejected_ingest = "rejected_ingest"
    infra_error = "infra_error"
    tampered = "tampered"
    broken_test = "broken_test"
    flaky = "flaky"
    not_reproducing = "not_reproducing"
    reproduces_by_error_only = "reproduces_by_error_only"
    reproduces_by_timeout_only = "reproduces_by_timeout_only"
    fails_on_own_fix = "fails_on_own_fix"
    overfit = "overfit"
    weak = "weak"
    hotfix_incomplete = "hotfix_incomplete"
    hotfix_regresses = "hotfix_regresses"
    limit_exceeded = "limit_exceeded"
    verified = "verified"


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
_LIMITS = frozenset({Label.times_out, Label.over_limit, Label.not_run})


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


@dataclass(frozen=True)
class Probed:
    """One hidden question, answered by one tree and judged outside its container."""

    group: str  # class | neighbour | control | unknown
    right: bool
    harmful: bool


@dataclass(frozen=True)
class FixEvidence:
    """Answers to the hidden questions by key: of the platform's own fix, of the hotfix; and to what worked before."""

    reference: Mapping[str, Probed]
    after: Mapping[str, Probed]
    worked_before: Mapping[str, Probed]

    def _enough(self, groups: frozenset[str]) -> bool:
        asked = [key for key, probed in self.reference.items() if probed.group in groups and probed.right]
        right = sum(1 for key in asked if key in self.after and self.after[key].right)
        return right * 100 >= len(asked) * ENOUGH_PERCENT

    @property
    def incomplete(self) -> bool:
        """Whether the failure class is still there, whatever the questions are about."""
        return not self._enough(frozenset({"class"}))

    @property
    def regresses(self) -> bool:
        """Whether answers outside the failure class are lost, or something that worked before does not."""
        return not self._enough(frozenset({"neighbour", "control", "unknown"})) or any(
            not probed.right for probed in self.worked_before.values()
        )


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on. A practice run has no hidden parts: `ref` to `fix` are left out."""

    pre: Settled
    post: Settled
    ref: tuple[Observed, ...] = ()
    alt: tuple[Observed, ...] = ()
    mut: tuple[Observed, ...] = ()
    fix: FixEvidence | None = None
    left_out: bool = False  # the time was used up before all questions were put
    hotfix_tampered: bool = False  # the hotfix, not the test, sent messages that contradict each other
    rejected: bool = False

    @property
    def guards(self) -> frozenset[str]:
        """The nodes that fail by assertion on the tree handed out."""
        return self.pre.observed.failing if self.pre.observed else frozenset()

    @property
    def everything(self) -> tuple[Observed, ...]:
        """Every run of the test."""
        return (*self.pre.runs, *self.post.runs, *self.ref, *self.alt, *self.mut)


REJECTED = Evidence(Settled(None, ()), Settled(None, ()), rejected=True)


@dataclass(frozen=True)
class Decision:
    """A verdict and the two numbers beside it."""

    verdict: Verdict
    mutants_killed: int
    mutants_total: int
    alternatives_passed: int
    alternatives_total: int


def visible_part(evidence: Evidence) -> Evidence:
    """The evidence as it would be had no hidden cell been run: what a verdict told in an open stage rests on."""
    return Evidence(
        pre=evidence.pre,
        post=evidence.post,
        hotfix_tampered=evidence.hotfix_tampered,
        rejected=evidence.rejected,
    )


def decide(evidence: Evidence) -> Decision:
    """The first verdict that applies, and the numbers; exactly one for whatever was observed."""
    guards = evidence.guards
    killed = sum(1 for run in evidence.mut if cell_result(run, Wanted.fails) is CellResult.as_required)
    passed = sum(1 for run in evidence.alt if run.passes(guards))
    return Decision(_verdict(evidence, guards), killed, len(evidence.mut), passed, len(evidence.alt))


def _verdict(evidence: Evidence, guards: frozenset[str]) -> Verdict:
    pre = evidence.pre.observed.label if evidence.pre.observed else None
    post = evidence.post.observed.label if evidence.post.observed else None
    labels = {run.label for run in evidence.everything}
    gates = (*evidence.ref, *evidence.alt)
    rows: tuple[tuple[Verdict, bool], ...] = (
        (Verdict.rejected_ingest, evidence.rejected),
        (Verdict.infra_error, Label.infra in labels),
        (Verdict.tampered, Label.tampered in labels or evidence.hotfix_tampered),
        (Verdict.broken_test, pre in {Label.broken, Label.silent} or post is Label.broken),
        (Verdict.flaky, pre is None or post is None),
        (Verdict.not_reproducing, pre is Label.passes),
        (Verdict.reproduces_by_error_only, pre is Label.raises),
        (Verdict.reproduces_by_timeout_only, pre is Label.times_out),
        (
            Verdict.fails_on_own_fix,
            post not in _LIMITS and not (evidence.post.observed or NOT_RUN).passes(guards),
        ),
        (Verdict.overfit, any(not run.passes(guards) and run.label not in _LIMITS for run in gates)),
        (
            Verdict.weak,
            any(
                cell_result(run, Wanted.fails) is not CellResult.as_required and run.label not in _LIMITS
                for run in evidence.mut
            ),
        ),
        (Verdict.hotfix_incomplete, evidence.fix is not None and evidence.fix.incomplete),
        (Verdict.hotfix_regresses, evidence.fix is not None and evidence.fix.regresses),
        (Verdict.limit_exceeded, evidence.left_out or bool(labels & _LIMITS)),
    )
    return next((verdict for verdict, applies in rows if applies), Verdict.verified)


@dataclass(frozen=True)
class Words:
    """A verdict for the person who handed in: what happened, and what to do next. Nothing hidden is told."""

    happened: str
    next: str

    def __str__(self) -> str:
        return f"{self.happened} {self.next}"


_WORDS: Mapping[Verdict, Words] = {
    Verdict.rejected_ingest: Words(
        "We could not take your files in.",
        "Read the reason, correct the source and hand in again before the deadline.",
    ),
    Verdict.infra_error: Words(
        "Something of ours failed while your work was being run; it costs you nothing.",
        "There is nothing to do: it is run again by itself.",
    ),
    Verdict.tampered: Words(
        "The run sent messages that contradict each other, as if its own report had been rewritten.",
        "Take out whatever changes pytest, its reports or its hooks; a test needs only `ask`, `facts` and `assert`.",
    ),
    Verdict.broken_test: Words(
        "The regression test gave no plain pass or failure of its own, so it says nothing about either version.",
        "See the output of the run: a test must be found in tests/regression/test_*.py, be collected without errors, "
        "and neither skip, expect to fail, nor leave early.",
    ),
    Verdict.flaky: Words(
        "The same test against the same version passed in some repeats and failed in others.",
        "Make it depend on the answers alone: no clock, no randomness, no order of tests, no state kept between them.",
    ),
    Verdict.not_reproducing: Words(
        "The test passes on the version that was handed to you, so it does not reproduce the incident.",
        "Find a question which that version answers wrongly, and assert what the right answer is.",
    ),
    Verdict.reproduces_by_error_only: Words(
        "On the version that was handed to you the test ends with an exception, not with a failed assertion.",
        "Assert what the answer must be; an error may have any cause, so it does not count as reproducing.",
    ),
    Verdict.reproduces_by_timeout_only: Words(
        "On the version that was handed to you the test runs out of time instead of failing an assertion.",
        "Ask fewer questions and assert on the answers; waiting does not count as reproducing.",
    ),
    Verdict.fails_on_own_fix: Words(
        "The test reproduces the incident, but it does not pass on your own hotfix.",
        "Compare the two transcripts: either the hotfix does not reach these questions, or the test expects too much.",
    ),
    Verdict.overfit: Words(
        "The test rejects other fixes that are right: it is tied to how you solved it, not to what customers get.",
        "Assert on what the answer says and cites, not on its exact wording, its order or internals.",
    ),
    Verdict.weak: Words(
        "The test lets wrong fixes through.",
        "Ask about more products and attributes, ask questions that must still be answered, "
        "and check value, condition and citation.",
    ),
    Verdict.hotfix_incomplete: Words(
        "The test is sound, but with other products and values the hotfix still gives answers of the same wrong kind.",
        "Look for the cause rather than for the reported questions.",
    ),
    Verdict.hotfix_regresses: Words(
        "The failure is gone, but answers that were right before are now wrong or refused.",
        "Make the change smaller: what was answered rightly before the hotfix must be answered rightly after it.",
    ),
    Verdict.limit_exceeded: Words(
        "The work went over a limit of time, memory or output, so part of it could not be judged.",
        "Ask fewer questions or do less work for each; the run says which limit it was.",
    ),
    Verdict.verified: Words(
        "The test fails before and passes after, guards against wrong fixes, accepts other right ones, "
        "and the hotfix holds on fresh questions.",
        "There is nothing left to do here: write the post-mortem.",
    ),
}
_FAILS_THEN_PASSES = "The test fails by assertion on the version handed to you and passes on your hotfix, every time."


class Occasion(StrEnum):
    """When a verdict is told: of a practice run, of a hand-in whose stage is open still, or of a hand-in after that."""

    practice = "practice"
    stage_open = "stage_open"
    stage_closed = "stage_closed"


_WORDS_THEN: Mapping[tuple[Occasion, Verdict], Words] = {
    (Occasion.practice, Verdict.verified): Words(
        _FAILS_THEN_PASSES,
        "That is all a practice run shows. At hand-in the test also meets other right and wrong fixes, and the hotfix "
        "meets fresh questions: check that both go further than the reported ones.",
    ),
    (Occasion.stage_open, Verdict.verified): Words(
        _FAILS_THEN_PASSES,
        "The hidden checks follow: other right and wrong fixes for the test, fresh questions for the hotfix. "
        "Check that both go further than the reported questions; you may hand in again until the window closes.",
    ),
    (Occasion.practice, Verdict.rejected_ingest): Words(
        "We could not take your files in.",
        "Read the reason, correct the source and ask for another run. Nothing was handed in by this one.",
    ),
}
_NO_TEST = Words(
    "There is no regression test in tests/regression/test_*.py.",
    "Add one that fails on the version handed to you and passes on your hotfix.",
)


def words(verdict: Verdict, *, occasion: Occasion = Occasion.stage_closed, has_test: bool = True) -> Words:
    """The verdict in words a learner can act on."""
    if verdict is Verdict.broken_test and not has_test:
        return _NO_TEST
    return _WORDS_THEN.get((occasion, verdict), _WORDS[verdict])
