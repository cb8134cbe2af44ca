"""Every combination of what can be observed has exactly one verdict, and the verdict is the first that applies."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading import verdicts
from grading.verdicts import (
    NOT_RUN,
    Evidence,
    FixEvidence,
    Label,
    Observed,
    Probed,
    Verdict,
    Wanted,
    cell_result,
    decide,
    settle,
)
from sandboxes.sandbox import NodeOutcome, RunEnd

T = "tests/regression/test_it.py::test_it"
U = "tests/regression/test_it.py::test_other"


def ran(*outcomes: NodeOutcome, ended: RunEnd = RunEnd.completed) -> Observed:
    return Observed(ended, tuple(zip((T, U), outcomes, strict=False)))


PASS = ran(NodeOutcome.passed)
FAIL = ran(NodeOutcome.failed_assert)
RAISE = ran(NodeOutcome.failed_raise)
SKIP = ran(NodeOutcome.skipped)
COLLECT = Observed(RunEnd.completed, (("tests/regression/test_it.py", NodeOutcome.error_collect),))
SLOW = ran(ended=RunEnd.timeout_wall)
EXIT = ran(ended=RunEnd.early_exit)
OOM = ran(ended=RunEnd.oom)
LOST = ran(ended=RunEnd.infra_error)
FORGED = ran(ended=RunEnd.tampered)


def probed(*, right: bool, group: str = "class") -> Probed:
    return Probed(group=group, right=right, harmful=not right)


def fix(*, complete: bool = True, kept: bool = True, unchanged: bool = True) -> FixEvidence:
    return FixEvidence(
        reference={"c": probed(right=True), "n": probed(right=True, group="control")},
        after={"c": probed(right=complete), "n": probed(right=kept, group="control")},
        worked_before={"p": probed(right=unchanged, group="control")},
    )


def evidence(
    *,
    pre: Observed | None = FAIL,
    post: Observed | None = PASS,
    ref: Observed = PASS,
    alt: tuple[Observed, ...] = (PASS, PASS, PASS),
    mut: tuple[Observed, ...] = (FAIL, FAIL),
    fixed: FixEvidence | None = None,
) -> Evidence:
    return Evidence(
        pre=verdicts.Settled(pre, (pre,) if pre else (PASS, FAIL)),
        post=verdicts.Settled(post, (post,) if post else (PASS, FAIL)),
        ref=(ref,),
        alt=alt,
        mut=mut,
        fix=fixed or fix(),
    )


@pytest.mark.parametrize(
    ("observed", "label"),
    [
        (PASS, Label.passes),
        (FAIL, Label.fails),
        (RAISE, Label.raises),
        (SKIP, Label.silent),
        (ran(NodeOutcome.xfailed), Label.silent),
        (ran(NodeOutcome.xpassed), Label.silent),
        (COLLECT, Label.broken),
        (ran(), Label.broken),
        (ran(NodeOutcome.passed, NodeOutcome.skipped), Label.passes),
        (ran(NodeOutcome.passed, NodeOutcome.absent), Label.broken),
        (ran(NodeOutcome.passed, NodeOutcome.error_teardown), Label.broken),
        (ran(NodeOutcome.passed, NodeOutcome.failed_assert), Label.fails),
        (ran(NodeOutcome.passed, ended=RunEnd.early_exit), Label.broken),
        (ran(NodeOutcome.failed_assert, ended=RunEnd.timeout_cpu), Label.times_out),
        (ran(NodeOutcome.passed, ended=RunEnd.signalled), Label.broken),
        (OOM, Label.over_limit),
        (ran(ended=RunEnd.output_limit), Label.over_limit),
        (FORGED, Label.tampered),
        (LOST, Label.infra),
        (NOT_RUN, Label.not_run),
    ],
)
def test_a_run_has_the_label_of_what_was_seen_from_outside(observed: Observed, label: Label) -> None:
    assert observed.label is label


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (verdicts.REJECTED, Verdict.rejected_ingest),
        (evidence(pre=LOST, post=FORGED), Verdict.infra_error),
        (evidence(mut=(FORGED, FAIL), pre=COLLECT), Verdict.tampered),
        (evidence(pre=COLLECT), Verdict.broken_test),
        (evidence(pre=EXIT), Verdict.broken_test),
        (evidence(pre=SKIP, post=SKIP), Verdict.broken_test),
        (evidence(post=EXIT), Verdict.broken_test),
        (evidence(pre=None), Verdict.flaky),
        (evidence(post=None), Verdict.flaky),
        (evidence(pre=PASS, post=FAIL), Verdict.not_reproducing),
        (evidence(pre=RAISE), Verdict.reproduces_by_error_only),
        (evidence(pre=SLOW), Verdict.reproduces_by_timeout_only),
        (evidence(post=FAIL), Verdict.fails_on_own_fix),
        (evidence(post=RAISE), Verdict.fails_on_own_fix),
        (evidence(post=SKIP), Verdict.fails_on_own_fix),
        (evidence(ref=FAIL), Verdict.overfit),
        (evidence(alt=(PASS, RAISE, PASS)), Verdict.overfit),
        (evidence(alt=(PASS, EXIT, PASS)), Verdict.overfit),
        (evidence(mut=(FAIL, PASS)), Verdict.weak),
        (evidence(mut=(FAIL, SKIP)), Verdict.weak),
        (evidence(mut=(FAIL, PASS), fixed=fix(complete=False)), Verdict.weak),
        (evidence(fixed=fix(complete=False, kept=False)), Verdict.hotfix_incomplete),
        (evidence(fixed=fix(kept=False)), Verdict.hotfix_regresses),
        (evidence(fixed=fix(unchanged=False)), Verdict.hotfix_regresses),
        (evidence(post=SLOW), Verdict.limit_exceeded),
        (evidence(ref=OOM), Verdict.limit_exceeded),
        (evidence(mut=(FAIL, NOT_RUN)), Verdict.limit_exceeded),
        (evidence(pre=OOM), Verdict.limit_exceeded),
        (evidence(mut=(RAISE, FAIL)), Verdict.verified),
        (evidence(), Verdict.verified),
    ],
)
def test_the_first_verdict_that_applies_is_given(said: Evidence, verdict: Verdict) -> None:
    assert decide(said).verdict is verdict


observed = st.builds(
    lambda ended, outcomes: Observed(ended, tuple((f"t{n}", outcome) for n, outcome in enumerate(outcomes))),
    st.sampled_from([None, *RunEnd]),
    st.lists(st.sampled_from(list(NodeOutcome)), max_size=3),
)
settled = st.one_of(
    st.lists(observed, min_size=3, max_size=3).map(settle),
    observed.map(lambda one: settle([one, one, one])),
    st.tuples(st.lists(observed, min_size=3, max_size=3), observed).map(lambda it: settle(it[0], [it[1]] * 5)),
)
probes = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        Probed,
        group=st.sampled_from(["class", "neighbour", "control", "unknown"]),
        right=st.booleans(),
        harmful=st.booleans(),
    ),
)


@given(
    st.builds(
        Evidence,
        pre=settled,
        post=settled,
        ref=st.lists(observed, max_size=1).map(tuple),
        alt=st.lists(observed, max_size=3).map(tuple),
        mut=st.lists(observed, max_size=3).map(tuple),
        fix=st.one_of(st.none(), st.builds(FixEvidence, reference=probes, after=probes, worked_before=probes)),
        left_out=st.booleans(),
        hotfix_tampered=st.booleans(),
        rejected=st.booleans(),
    )
)
def test_every_combination_has_exactly_one_verdict(said: Evidence) -> None:
    decision = decide(said)
    assert isinstance(decision.verdict, Verdict)
    assert decide(said) == decision
    assert verdicts.words(decision.verdict).next
    assert 0 <= decision.mutants_killed <= decision.mutants_total
    assert 0 <= decision.alternatives_passed <= decision.alternatives_total
    if decision.verdict is Verdict.verified:
        # The one good verdict rests on each of its grounds, whatever else was observed.
        assert said.pre.observed is not None
        assert said.post.observed is not None
        assert said.pre.observed.failing
        assert said.post.observed.passes(said.pre.observed.failing)
        assert all(run.passes(said.guards) for run in (*said.ref, *said.alt))
        assert decision.mutants_killed == decision.mutants_total
        assert said.fix is None or not (said.fix.incomplete or said.fix.regresses)
        assert not said.rejected
        assert not said.hotfix_tampered


hidden_parts = st.fixed_dictionaries(
    {
        "ref": st.lists(observed, max_size=1).map(tuple),
        "alt": st.lists(observed, max_size=3).map(tuple),
        "mut": st.lists(observed, max_size=3).map(tuple),
        "fix": st.one_of(st.none(), st.builds(FixEvidence, reference=probes, after=probes, worked_before=probes)),
        "left_out": st.booleans(),
    }
)


@given(pre=settled, post=settled, tampered=st.booleans(), one=hidden_parts, other=hidden_parts)
def test_what_is_decided_from_the_visible_part_does_not_depend_on_the_hidden_one(
    pre: verdicts.Settled,
    post: verdicts.Settled,
    tampered: bool,
    one: dict[str, Any],
    other: dict[str, Any],
) -> None:
    said = [
        decide(verdicts.visible_part(Evidence(pre=pre, post=post, hotfix_tampered=tampered, **hidden)))
        for hidden in (one, other, {})
    ]
    assert said[0] == said[1] == said[2]
    assert said[0].verdict not in {Verdict.overfit, Verdict.weak, Verdict.hotfix_incomplete, Verdict.hotfix_regresses}
    assert (said[0].mutants_total, said[0].alternatives_total) == (0, 0)


_EVERY = [Observed(end, ((T, node),)) for end in RunEnd for node in NodeOutcome] + [NOT_RUN, ran()]


def test_before_and_after_have_one_verdict_in_the_whole_product() -> None:
    found: set[Verdict] = set()
    for pre, post in itertools.product(_EVERY, repeat=2):
        decision = decide(Evidence(pre=settle([pre] * 3), post=settle([post] * 3)))
        found.add(decision.verdict)
        verified = (pre.label, post.label) == (Label.fails, Label.passes)
        assert (decision.verdict is Verdict.verified) == verified, (pre, post)
    hidden = {Verdict.rejected_ingest, Verdict.flaky, Verdict.overfit, Verdict.weak}
    assert found == set(Verdict) - hidden - {Verdict.hotfix_incomplete, Verdict.hotfix_regresses}


@pytest.mark.parametrize("outcome", sorted(set(NodeOutcome) - {NodeOutcome.failed_assert}))
def test_nothing_but_a_failed_assertion_reproduces(outcome: NodeOutcome) -> None:
    assert decide(evidence(pre=ran(outcome))).verdict is not Verdict.verified
    assert cell_result(ran(outcome), Wanted.fails_by_assertion) is not verdicts.CellResult.as_required


@pytest.mark.parametrize("outcome", sorted(set(NodeOutcome) - {NodeOutcome.passed}))
def test_nothing_but_a_pass_passes(outcome: NodeOutcome) -> None:
    assert decide(evidence(post=ran(outcome))).verdict is not Verdict.verified
    assert cell_result(ran(outcome), Wanted.passes, guards={T}) is not verdicts.CellResult.as_required


def test_a_test_that_goes_by_another_name_after_the_fix_is_not_the_one_that_failed() -> None:
    renamed = Observed(RunEnd.completed, ((U, NodeOutcome.passed),))
    assert decide(evidence(post=renamed)).verdict is Verdict.fails_on_own_fix


def test_a_guard_that_is_skipped_while_others_pass_is_not_a_pass() -> None:
    post = Observed(RunEnd.completed, ((T, NodeOutcome.skipped), (U, NodeOutcome.passed)))
    assert decide(evidence(post=post)).verdict is Verdict.fails_on_own_fix


def test_repeats_that_agree_are_one_observation() -> None:
    assert settle([FAIL, FAIL, FAIL]).observed == FAIL


def test_repeats_that_disagree_are_run_five_times_afresh() -> None:
    assert settle([FAIL, PASS, FAIL]).observed is None
    assert settle([FAIL, PASS, FAIL], [FAIL] * 5).observed == FAIL
    assert settle([FAIL, PASS, FAIL], [FAIL] * 4).observed is None
    assert settle([FAIL, PASS, FAIL], [FAIL] * 4 + [PASS]).observed is None


def test_repeats_that_were_left_out_say_nothing_and_none_of_them_is_a_pass() -> None:
    assert settle([SLOW, NOT_RUN, NOT_RUN]).observed == SLOW
    assert settle([NOT_RUN, SLOW, NOT_RUN]).observed == SLOW
    assert settle([NOT_RUN] * 3).observed == NOT_RUN
    assert settle([PASS, SLOW, NOT_RUN]).observed is None
    assert settle([PASS, SLOW, NOT_RUN], [PASS] * 5).observed == PASS
    assert settle([PASS, SLOW, NOT_RUN], [PASS, SLOW, *[NOT_RUN] * 3]).observed is None
    assert settle([PASS, SLOW, NOT_RUN], [SLOW, *[NOT_RUN] * 4]).observed is None
    fails_then_passes = Evidence(pre=settle([FAIL, FAIL, NOT_RUN]), post=settle([PASS, NOT_RUN, PASS]))
    assert decide(fails_then_passes).verdict is Verdict.limit_exceeded


def test_repeats_that_fail_in_different_tests_disagree() -> None:
    one = ran(NodeOutcome.failed_assert, NodeOutcome.passed)
    other = ran(NodeOutcome.passed, NodeOutcome.failed_assert)
    assert verdicts.disagree([one, other, one])


def test_a_hotfix_is_measured_by_what_the_platforms_own_fix_can_answer() -> None:
    reference = {f"q{n}": probed(right=n != 0) for n in range(41)}
    missing_one_that_counts = {f"q{n}": probed(right=n > 2) for n in range(41)}
    assert not FixEvidence(reference, missing_one_that_counts, {}).incomplete  # 38 of 40
    missing_three = {f"q{n}": probed(right=n > 3) for n in range(41)}
    assert FixEvidence(reference, missing_three, {}).incomplete  # 37 of 40


def test_a_hotfix_that_refuses_everything_is_no_fix() -> None:
    refuses = {"c": Probed("class", right=False, harmful=False)}
    assert FixEvidence({"c": probed(right=True)}, refuses, {}).incomplete


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_says_what_happened_and_what_to_do_next_and_tells_nothing_hidden(verdict: Verdict) -> None:
    for occasion in verdicts.Occasion:
        said = verdicts.words(verdict, occasion=occasion)
        assert said.happened.endswith(".")
        assert said.next.endswith(".")
        assert not {"mutant", "alternative", "seed", "probe", "H1", "H4"} & set(str(said).replace(".", " ").split())


def test_a_skipped_test_is_not_told_that_it_did_not_end() -> None:
    happened = verdicts.words(Verdict.broken_test).happened
    assert "no plain pass or failure" in happened  # a skip, an expected failure and an early exit are all of that kind
    assert "end" not in happened.split()
