"""What it proves: the first verdict that applies to all that was seen, and the two numbers beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from grading.verdicts.observed import LIMITS, NOT_RUN, CellResult, Label, Observed, Settled, Wanted, cell_result

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH_PERCENT = 95  # of the questions the platform's own fix answers rightly, a hotfix must answer so many rightly


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
            post not in LIMITS and not (evidence.post.observed or NOT_RUN).passes(guards),
        ),
        (Verdict.overfit, any(not run.passes(guards) and run.label not in LIMITS for run in gates)),
        (
            Verdict.weak,
            any(
                cell_result(run, Wanted.fails) is not CellResult.as_required and run.label not in LIMITS
                for run in evidence.mut
            ),
        ),
        (Verdict.hotfix_incomplete, evidence.fix is not None and evidence.fix.incomplete),
        (Verdict.hotfix_regresses, evidence.fix is not None and evidence.fix.regresses),
        (Verdict.limit_exceeded, evidence.left_out or bool(labels & LIMITS)),
    )
    return next((verdict for verdict, applies in rows if applies), Verdict.verified)
