"""F of every tree a failure class holds: right fixes reach the top, superficial ones stay below the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exams import oracle, packs
from exams.packs import Spec
from exams.packs.hallucination.hidden.superficial import COMMON
from exams.trees import TESTS
from grading import f_of, plan
from grading.f_score import Score

if TYPE_CHECKING:
    from exams.packs import ProbeSuite
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import JsonObject

PACK = packs.load("exams.packs.hallucination")
PASS, TOP, NOTHING = 0.65, 0.95, 0.3
SEED = 7


def asked(tree: Tree, suite: ProbeSuite) -> dict[str, JsonObject]:
    """What a tree of the pack's own answers, as rows; in this process, because the tree is ours."""
    talk = oracle.Conversations(oracle.read_facts(suite.facts))
    rows: dict[str, JsonObject] = {}
    with PACK.opened(plan.with_data(PACK, tree, suite)) as ask:
        for probe in suite.probes:
            found = talk.judge(probe.question, probe.session, ask(probe.question, probe.session))
            rows[probe.key] = {
                "verdict": str(found.verdict),
                "group": probe.group,
                "relation": probe.relation,
                "answerable": found.answerable,
                "answered": found.answered,
            }
    return rows


def rates(rows: dict[str, JsonObject]) -> JsonObject:
    answerable = [row for row in rows.values() if row["answerable"]]
    return {"answerable": len(answerable), "answered": sum(row["answered"] for row in answerable)}


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("failure_class", PACK.classes)
def test_f_tells_right_fixes_from_wrong_ones(failure_class: str) -> None:
    spec = Spec(failure_class, SEED)
    hidden = plan.hidden(PACK, spec)
    base = PACK.base(spec).without(TESTS)
    fresh = PACK.probes(spec, seed=SEED)
    before, own_before = asked(base, fresh), asked(base, hidden.asked)
    healthy = rates(asked(hidden.reference.without(TESTS), fresh))

    def f(tree: Tree) -> Score:
        after = asked(tree.without(TESTS), fresh)
        found = f_of.rows(
            {
                plan.BEFORE: before,
                plan.AFTER: after,
                plan.ASKED_BEFORE: own_before,
                plan.ASKED_AFTER: asked(tree.without(TESTS), hidden.asked),
            },
            worked_before=asked(tree.without(TESTS), hidden.worked_before),
            counts={plan.AFTER: rates(after), plan.REFERENCE: healthy},
            harness_edited=False,
        )
        assert found is not None
        return found

    right = {"reference": hidden.reference, **hidden.alternatives}
    low = {name: float(score.value) for name, tree in right.items() if (score := f(tree)).value < TOP}
    # Other wrong fixes come near to being right, and F says how near; these are what tired engineers do first.
    superficial = {name: tree for name, tree in hidden.mutants.items() if name in COMMON}
    high = {name: float(score.value) for name, tree in superficial.items() if (score := f(tree)).value >= PASS}
    assert (low, high) == ({}, {})
    assert f(base).value < NOTHING
    refusing = hidden.mutants.get("refuse_everything")
    assert refusing is None or f(refusing).value <= 0.5
