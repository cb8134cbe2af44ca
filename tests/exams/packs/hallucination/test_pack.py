"""The pack: deterministic, damaged where its class says, judged right and wrong as labelled."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from exams import packs
from exams.packs import NoSuchFailureClass, NothingLeftToDraw, Pack, Spec
from exams.packs.hallucination import PACK, build, edits, text
from exams.packs.hallucination.incident import CLASSES, catalogue_questions, domain_of, incident, read
from exams.packs.hallucination.scope import confusable
from exams.packs.hallucination.traffic import wrong
from grading import oracle
from grading.oracle import ClaimVerdict
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from exams.packs import ProbeSuite

# An incident for each fault of each class: the class's first, its second. Each is drawn where its tests run: never
# while collecting, and by one worker only.
SPECS = {"H1": (Spec("H1", 1), Spec("H1", 2)), "H4": (Spec("H4", 2), Spec("H4", 1))}


@pytest.fixture(
    params=[
        pytest.param(spec, id=(name := f"{spec.failure_class}-{spec.seed}"), marks=pytest.mark.xdist_group(name))
        for specs in SPECS.values()
        for spec in specs
    ],
    scope="module",
)
def spec(request: pytest.FixtureRequest) -> Spec:
    chosen: Spec = request.param
    return chosen


# --- Promise and determinism -----------------------------------------------------------------------------------


def test_the_pack_keeps_the_promise_and_is_found_by_name() -> None:
    assert isinstance(PACK, Pack)
    assert packs.load("exams.packs.hallucination") is PACK
    for name in ("os", "exams.packs.nothing", "exams.packs.hallucination.text"):
        with pytest.raises(packs.NoSuchPack):
            packs.load(name)


DIGEST = """
import hashlib, json, sys
from exams.packs import Spec
from exams.packs.hallucination import PACK
spec = Spec(sys.argv[1], int(sys.argv[2]))
whole = hashlib.sha256()
for tree in (PACK.base(spec), PACK.reference(spec), *PACK.alternatives(spec).values(), *PACK.mutants(spec).values()):
    whole.update(tree.sha256.encode())
for commit in PACK.history(spec):
    whole.update(repr((commit.message, commit.author, commit.email, commit.at, commit.tree.sha256)).encode())
for suite in (PACK.probes(spec, seed=3), PACK.regression_suite(spec)):
    whole.update(suite.data.sha256.encode() + suite.facts + repr(suite.probes).encode())
whole.update(PACK.facts(spec) + repr(PACK.traffic(spec)).encode() + json.dumps(PACK.truth(spec)).encode())
print(whole.hexdigest())
"""


def test_two_processes_build_the_same_bytes() -> None:
    def digest(hash_seed: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", DIGEST, "H4", "5"],
            cwd=build.HERE.parents[2],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    first = digest("1")
    assert len(first) == len(hashlib.sha256().hexdigest())
    assert digest("2") == first


def test_two_seeds_share_no_value_that_answers_the_other() -> None:
    first, second = (PACK.base(Spec("H1", seed)) for seed in (1, 2))
    assert first.under("kb").files != second.under("kb").files
    assert first.files["traces.jsonl"] != second.files["traces.jsonl"]


def test_a_specification_survives_being_stored(spec: Spec) -> None:
    assert Spec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


# --- Drawing ---------------------------------------------------------------------------------------------------


def test_a_second_attempt_gets_another_class() -> None:
    for seed in range(20):
        first = PACK.draw(seed=seed, avoid=())
        assert first == PACK.draw(seed=seed, avoid=[])
        second = PACK.draw(seed=seed * 7 + 1, avoid=[first.failure_class])
        assert second.failure_class != first.failure_class
        with pytest.raises(NothingLeftToDraw):
            PACK.draw(seed=seed, avoid=[first.failure_class, second.failure_class])


def test_a_second_attempt_that_knows_the_first_shares_no_name_with_it() -> None:
    for seed in range(20):
        first = PACK.draw(seed=seed, avoid=())
        second = PACK.draw(seed=seed, avoid=[f"{first.failure_class}/{first.seed}"])
        assert second.failure_class != first.failure_class
        assert domain_of(second.seed) != domain_of(first.seed)


def test_drawing_ends_even_when_every_trade_was_seen() -> None:
    seen = [f"/{seed}" for seed in range(40)]
    assert PACK.draw(seed=3, avoid=seen).seed == 3


def test_both_classes_come_up() -> None:
    assert {PACK.draw(seed=seed, avoid=()).failure_class for seed in range(10)} == set(PACK.classes)


def test_a_class_that_is_not_here_is_refused_by_name() -> None:
    with pytest.raises(NoSuchFailureClass, match="H99"):
        PACK.base(Spec("H99", 1))


# --- Trees -----------------------------------------------------------------------------------------------------


def test_every_fault_of_every_class_is_tried_here() -> None:
    assert {key: len(specs) for key, specs in SPECS.items()} == {key: len(it.faults) for key, it in CLASSES.items()}


def test_the_incident_has_the_fault_it_is_tried_for(spec: Spec) -> None:
    place = SPECS[spec.failure_class].index(spec)
    assert incident(spec).fault is CLASSES[spec.failure_class].faults[place]


def test_the_fault_is_a_small_change(spec: Spec) -> None:
    base, reference = PACK.base(spec), PACK.reference(spec)
    changed = [path for path in base.files if base.files[path] != reference.files.get(path)]
    assert changed == PACK.truth(spec)["files"]
    assert base.files.keys() == reference.files.keys()


def test_there_are_enough_other_fixes_right_and_wrong(spec: Spec) -> None:
    right, wrong_ones = PACK.alternatives(spec), PACK.mutants(spec)
    assert len(right) >= 3
    assert len(wrong_ones) >= 7
    assert "other_seed" in wrong_ones
    trees = [PACK.base(spec), PACK.reference(spec), *right.values(), *wrong_ones.values()]
    assert len({tree.sha256 for tree in trees}) == len(trees)


def test_nothing_hidden_is_in_what_the_learner_is_handed(spec: Spec) -> None:
    truth = PACK.truth(spec)
    for commit in PACK.history(spec):
        for path, content in commit.tree.files.items():
            for secret in (truth["mechanism"], truth["title"], "hidden", "mutant", "superficial"):
                assert secret.encode() not in content or path.startswith(("assistant/lm/", "README")), (path, secret)


def test_the_model_is_protected_and_the_same_in_every_tree(spec: Spec) -> None:
    [prefix] = PACK.protected()
    for tree in (PACK.base(spec), PACK.reference(spec), *PACK.mutants(spec).values()):
        assert tree.under(prefix) == build.model()


def test_an_edit_that_does_not_fit_is_an_error() -> None:
    tree = Tree({"a.py": b"one two two\n"})
    assert edits.apply(tree, [edits.Edit("a.py", "one", "1")]).files["a.py"] == b"1 two two\n"
    for edit in (edits.Edit("a.py", "two", "2"), edits.Edit("a.py", "three", "3"), edits.Edit("b.py", "x", "y")):
        with pytest.raises(edits.EditDoesNotApply):
            edits.apply(tree, [edit])


# --- History and operations ------------------------------------------------------------------------------------


def test_the_history_is_believable(spec: Spec) -> None:
    commits = PACK.history(spec)
    assert 12 <= len(commits) <= 20
    assert commits[-1].tree == PACK.base(spec)
    assert len({commit.author for commit in commits}) >= 3
    assert all(commit.at.tzinfo is UTC for commit in commits)
    assert [commit.at for commit in commits] == sorted(commit.at for commit in commits)
    assert all(one.tree != other.tree for one, other in pairwise(commits))


def test_one_commit_brings_the_fault_and_it_is_not_the_last(spec: Spec) -> None:
    fault = incident(spec).fault
    path, new = fault.edits[0].path, fault.edits[0].new.encode()
    holds = [new in commit.tree.files.get(path, b"") for commit in PACK.history(spec)]
    at = holds.index(True)
    assert all(holds[at:])
    assert PACK.history(spec)[at].message == fault.subject
    assert 2 <= len(holds) - at <= 4
    deploys = PACK.base(spec).files["ops/deploys.log"].decode()
    assert sum(fault.subject in line for line in deploys.splitlines()) == 1


def test_traces_turn_bad_when_the_fault_is_deployed_and_not_before(spec: Spec) -> None:
    drawn = incident(spec)
    assert all(trace.wrong is None for trace in drawn.traces if trace.at < drawn.deployed_at)
    harmful = [trace for trace in drawn.traces if trace.wrong is not None]
    assert len(harmful) == PACK.truth(spec)["wrong_answers_before_opening"] > 0
    rows = [json.loads(line) for line in PACK.base(spec).files["traces.jsonl"].splitlines()]
    assert len(rows) == len(drawn.traces) <= 400
    guilty = PACK.truth(spec)["release"]
    first_bad = rows[[trace.wrong is not None for trace in drawn.traces].index(True)]
    assert first_bad["at"] >= PACK.truth(spec)["deployed_at"]
    assert int(first_bad["release"][1:]) >= int(guilty[1:])
    assert {row["release"] for row in rows if row["at"] >= PACK.truth(spec)["deployed_at"]} >= {guilty}


def test_metrics_and_complaints_are_computed_from_the_traces(spec: Spec) -> None:
    drawn, files = incident(spec), PACK.base(spec).files
    lines = files["ops/metrics.csv"].decode().splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    assert sum(int(row["requests"]) for row in rows) == len(drawn.traces)
    assert sum(int(row["refused"]) for row in rows) == sum(trace.reply["refused"] for trace in drawn.traces)
    complaints = [json.loads(line) for line in files["ops/complaints.jsonl"].splitlines()]
    assert sum(int(row["complaints"]) for row in rows) == len(complaints)
    told = text.number(drawn.told.given)
    assert any(f"{drawn.told.product.name} is {told} " in complaint["text"] for complaint in complaints)


def test_the_brief_does_not_tell_the_class(spec: Spec) -> None:
    brief, truth = PACK.brief(spec), PACK.truth(spec)
    said = repr(brief)
    assert not [key for key in ("title", "mechanism", "commit", "fault") if truth[key] in said]
    assert brief.company in PACK.base(spec).files["README.md"].decode()


# --- Scope of damage -------------------------------------------------------------------------------------------


def test_the_fault_damages_its_class_and_nothing_else(spec: Spec) -> None:
    drawn = incident(spec)
    world = drawn.world
    with build.opened(PACK.base(spec)) as ask:
        harmed = [asked for asked in catalogue_questions(world) if wrong(world, asked, read(ask(asked.question, "")))]
    assert len(harmed) == len(drawn.damage) >= 6
    for asked in harmed:
        assert asked.product is not None
        assert asked.attribute is not None
        if spec.failure_class == "H1":
            assert confusable(world, asked.product)
        else:
            assert world.fact(asked.product, asked.attribute.key) is None


# --- Probes ----------------------------------------------------------------------------------------------------


def ask_all(tree: Tree, suite: ProbeSuite) -> list[tuple[str, oracle.Judgement]]:
    talk = oracle.Conversations(oracle.read_facts(suite.facts))
    with build.opened(tree.overlay(suite.data, replacing=suite.replacing)) as ask:
        return [
            (probe.group, talk.judge(probe.question, probe.session, ask(probe.question, probe.session)))
            for probe in suite.probes
        ]


def rates_of(judged: list[tuple[str, oracle.Judgement]]) -> oracle.Rates:
    return oracle.rates(judgement for _, judgement in judged)


def test_hidden_questions_cover_every_group_on_fresh_data(spec: Spec) -> None:
    suite = PACK.probes(spec, seed=11)
    groups = Counter(probe.group for probe in suite.probes)
    assert sum(groups.values()) >= 40
    assert groups["class"] >= 20
    assert min(groups[name] for name in ("neighbour", "control", "unknown")) >= 2
    assert len({probe.key for probe in suite.probes}) == len(suite.probes)
    assert {"plain", "paraphrase", "alias", "case", "session", "absent"} <= {probe.relation for probe in suite.probes}
    assert suite.data != PACK.base(spec).under("kb")
    assert suite == PACK.probes(spec, seed=11)
    assert suite.facts != PACK.probes(spec, seed=12).facts
    assert not [path for path in suite.data.files if not path.startswith("kb/")]


def test_right_fixes_answer_every_hidden_question_and_the_fault_harms_its_class_only(spec: Spec) -> None:
    suite = PACK.probes(spec, seed=11)
    before = ask_all(PACK.base(spec), suite)
    assert {group for group, judged in before if oracle.harmful(judged.verdict)} == {"class"}
    for name, tree in {"reference": PACK.reference(spec), **PACK.alternatives(spec)}.items():
        after = rates_of(ask_all(tree, suite))
        assert (after.harmful, after.answered) == (0, after.answerable), name
        assert after.right == after.total, name


def test_wrong_fixes_harm_or_refuse(spec: Spec) -> None:
    suite = PACK.probes(spec, seed=11)
    for name, tree in PACK.mutants(spec).items():
        after = rates_of(ask_all(tree, suite))
        assert after.harmful or after.answered < after.answerable, name


def test_refusing_everything_does_no_harm_and_has_no_use(spec: Spec) -> None:
    after = rates_of(ask_all(PACK.mutants(spec)["refuse_everything"], PACK.probes(spec, seed=11)))
    assert after.harmful == 0
    assert after.answered == 0
    assert after.by_verdict[ClaimVerdict.over_refusal] == after.answerable > 0


def test_what_worked_before_works_on_the_faulty_tree_and_on_every_right_fix(spec: Spec) -> None:
    suite = PACK.regression_suite(spec)
    assert len(suite.probes) >= 15
    for tree in (PACK.base(spec), PACK.reference(spec), *PACK.alternatives(spec).values()):
        after = rates_of(ask_all(tree, suite))
        assert after.right == after.total


# --- The author's test, in this process; `prove_pack` does the same in containers --------------------------------


class Reply(SimpleNamespace):
    """What the fixture `ask` gives, as conftest.py of the learner's repository makes it."""


def run_author_test(spec: Spec, tree: Tree) -> list[str]:
    """The names of the author's tests that fail, for each of their parameters."""
    [source] = PACK.author_test(spec).files.values()
    module: dict[str, Any] = {}
    exec(compile(source, "test_author.py", "exec"), module)  # noqa: S102 - our own file
    facts = json.loads(PACK.facts(spec))
    failed = []
    for name, function in module.items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
        cases = [{mark.args[0]: value} for mark in marks for value in mark.args[1]] or [{}]
        for case in cases:
            with build.opened(tree) as asked:

                def ask(question: str, session: str = "", *, put: build.Ask = asked) -> Reply:
                    return Reply(**put(question, session))

                try:
                    function(ask=ask, facts=facts, **case)
                except AssertionError:
                    failed.append(name)
    return failed


def test_the_author_test_fails_before_and_passes_after(spec: Spec) -> None:
    assert run_author_test(spec, PACK.base(spec))
    assert not run_author_test(spec, PACK.reference(spec))


def test_the_author_test_passes_every_right_fix_and_kills_every_wrong_one(spec: Spec) -> None:
    rejected = [name for name, tree in PACK.alternatives(spec).items() if run_author_test(spec, tree)]
    assert not rejected
    survived = [name for name, tree in PACK.mutants(spec).items() if not run_author_test(spec, tree)]
    assert not survived


def test_live_traffic_keeps_to_its_window(spec: Spec) -> None:
    traffic = PACK.traffic(spec)
    assert traffic == PACK.traffic(spec)
    assert [one.second for one in traffic] == sorted(one.second for one in traffic)
    assert traffic[0].second >= 0
    assert traffic[-1].second < 90 * 60
    assert len({one.session for one in traffic}) > len(traffic) // 2
