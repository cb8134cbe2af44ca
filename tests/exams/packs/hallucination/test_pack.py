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

import pytest

from exams import oracle, packs
from exams.oracle import ClaimVerdict
from exams.packs import NoSuchFailureClass, NothingLeftToDraw, Pack, Spec
from exams.packs.hallucination import PACK, build, edits, mending, opening, operations
from exams.packs.hallucination.asked import Judge, sound
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import domain_of, fault_of, incident
from exams.packs.hallucination.weave import hunks
from exams.packs.hallucination.world import DOMAINS
from exams.trees import served
from grading.rehearsal import asked as asked_all
from grading.rehearsal import rehearse
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.ingest.tree import Tree
from sandboxes.limits import Limits

# One incident of each class; each is drawn where its tests run, never while collecting, and by one worker only. That
# every fault of every class keeps to all of it is shown nightly, and in containers by prove_pack.
SPECS = tuple(Spec(key, 1) for key in CLASSES)
REHEARSED = ("H2", "H4", "H6", "H7", "H11", "H12+H14")  # in make test: one of each kind


@pytest.fixture(
    params=[
        pytest.param(spec, id=(name := f"{spec.failure_class}-1"), marks=pytest.mark.xdist_group(name))
        for spec in SPECS
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
whole.update(repr((PACK.injects(spec), PACK.brief(spec), PACK.measures(spec))).encode())
with PACK.opened(PACK.base(spec)) as ask:
    for one in PACK.traffic(spec):
        whole.update(json.dumps(ask(one.question, one.session)).encode())
print(whole.hexdigest())
"""


def test_processes_build_the_same_bytes_whatever_their_arithmetic_and_their_hashes() -> None:
    """Trees, history, traces, questions, injects, and every answer customers get while live."""

    def digest(**settings: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", DIGEST, "H4", "5"],
            cwd=build.HERE.parents[2],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()

    first = digest(PYTHONHASHSEED="1", OPENBLAS_NUM_THREADS="1")
    assert len(first) == len(hashlib.sha256().hexdigest())
    assert digest(PYTHONHASHSEED="2", OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Prescott") == first
    assert digest(PYTHONHASHSEED="3", OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Haswell") == first


def test_two_seeds_share_no_value_that_answers_the_other() -> None:
    first, second = (PACK.base(Spec("H1", seed)) for seed in (1, 2))
    assert first.under("kb").files != second.under("kb").files
    assert first.files["traces.jsonl"] != second.files["traces.jsonl"]


def test_a_specification_survives_being_stored(spec: Spec) -> None:
    assert Spec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


# --- Drawing ---------------------------------------------------------------------------------------------------


def test_a_later_attempt_never_gets_a_class_seen_before() -> None:
    for seed in range(20):
        seen: list[str] = []
        for number in range(len(CLASSES)):
            drawn = PACK.draw(seed=seed * 7 + number, avoid=seen)
            assert drawn == PACK.draw(seed=seed * 7 + number, avoid=list(seen))
            assert drawn.failure_class not in seen
            seen.append(drawn.failure_class)
        with pytest.raises(NothingLeftToDraw):
            PACK.draw(seed=seed, avoid=seen)


def test_a_second_attempt_that_knows_the_first_shares_no_name_with_it() -> None:
    for seed in range(20):
        first = PACK.draw(seed=seed, avoid=())
        second = PACK.draw(seed=seed, avoid=[f"{first.failure_class}/{first.seed}"])
        assert second.failure_class != first.failure_class
        assert domain_of(second.seed) != domain_of(first.seed)


def test_drawing_ends_even_when_every_trade_was_seen() -> None:
    seen = [f"/{seed}" for seed in range(40)]
    assert PACK.draw(seed=3, avoid=seen).seed == 3


def test_all_classes_faults_and_trades_come_up() -> None:
    drawn = [PACK.draw(seed=seed, avoid=()) for seed in range(40 * len(CLASSES))]
    assert {one.failure_class for one in drawn} == set(PACK.classes) == set(CLASSES)
    assert {(one.failure_class, fault_of(one).name) for one in drawn} == {
        (key, fault.name) for key, failure in CLASSES.items() for fault in failure.faults
    }
    assert {domain_of(one.seed) for one in drawn} == set(DOMAINS)


def test_a_class_that_is_not_here_is_refused_by_name() -> None:
    with pytest.raises(NoSuchFailureClass, match="H99"):
        PACK.base(Spec("H99", 1))


# --- Trees -----------------------------------------------------------------------------------------------------


def test_every_class_says_what_an_author_must() -> None:
    for key, failure in CLASSES.items():
        assert failure.key == key
        assert len(failure.faults) >= 2
        assert len({fault.name for fault in failure.faults}) == len(failure.faults)
        assert len(failure.rivals) >= 3
        assert key not in failure.rivals
        for fault in failure.faults:
            assert len(fault.alternatives) >= 3, (key, fault.name)
            assert len({**failure.mutants, **fault.mutants}) >= 6, (key, fault.name)
            rivals = failure.rivals_of(fault)
            assert len(rivals) >= 3, (key, fault.name)
            also = {each for others in fault.also_right.values() for each in others}
            assert also <= set(CLASSES) - set(rivals) - set(key.split("+")), (key, fault.name)
            assert set(fault.also_right) <= set(key.split("+")), (key, fault.name)


def test_the_fault_is_a_small_change(spec: Spec) -> None:
    base, reference = PACK.base(spec), PACK.reference(spec)
    changed = [path for path in base.files if base.files[path] != reference.files.get(path)]
    truth, drawn = PACK.truth(spec), incident(spec)
    assert changed == truth["files"]
    assert truth["prepared_files"] == mending.prepared_files(drawn.fault)
    assert bool(truth["prepared_files"]) == bool(truth["prepared_by"])
    assert len(changed) <= 4
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


def test_records_are_most_of_a_tree_and_answers_are_the_same_without_them() -> None:
    spec = Spec("H4", 1)
    questions = [asked.question for asked in battery(incident(spec).world)][::12]
    for tree in (PACK.base(spec), PACK.reference(spec)):
        said = []
        for given in (tree, served(PACK, tree)):
            with FakeSandbox().serve(given, limits=Limits()) as assistant:
                said.append([assistant.ask(question).reply for question in questions])
        assert said[0] == said[1]
        assert None not in said[0]
        assert sum(map(len, served(PACK, tree).files.values())) < 1_000_000 < sum(map(len, tree.files.values()))


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


def test_one_commit_brings_the_fault(spec: Spec) -> None:
    drawn, subject = incident(spec), PACK.truth(spec)["commit"]
    commits = PACK.history(spec)
    at = next(number for number, commit in enumerate(commits) if commit.message.splitlines()[0] == subject)
    changed = {hunk.path for hunk in hunks(commits[at - 1].tree, commits[at].tree)}
    its_own = {edit.path for edit in drawn.fault.edits}
    assert changed >= its_own
    assert changed == its_own or "\n" in commits[at].message  # a squashed commit lists what else it holds
    deploys = PACK.base(spec).files["ops/deploys.log"].decode()
    assert sum(subject in line for line in deploys.splitlines()) == 1


def test_releases_hold_what_was_live(spec: Spec) -> None:
    drawn, commits = incident(spec), PACK.history(spec)
    for release in drawn.past.releases:
        [commit] = [one for one in commits if one.at == release.committed_at]
        assert commit.tree.without("ops") == release.tree
    assert PACK.base(spec).without("ops", "traces.jsonl") == drawn.past.releases[-1].tree


def test_customers_are_harmed_from_the_onset_and_not_before(spec: Spec) -> None:
    drawn, truth = incident(spec), PACK.truth(spec)
    harmful = [trace for trace in drawn.traces if trace.wrong is not None]
    assert drawn.deployed_at <= drawn.onset_at <= harmful[0].at < drawn.opened_at
    assert len(harmful) == truth["wrong_answers_before_opening"] >= 15
    assert truth["first_wrong_at"] <= truth["first_complaint_at"] <= truth["opened_at"]
    rows = [json.loads(line) for line in PACK.base(spec).files["traces.jsonl"].splitlines()]
    assert len(rows) == len(drawn.traces)
    deployed = {
        line.split()[1]: line.split()[0] for line in PACK.base(spec).files["ops/deploys.log"].decode().splitlines()
    }
    assert all(row["at"] >= deployed[row["release"]] for row in rows)
    if not drawn.fault.waits_for:  # else others may have followed before what was exported begins
        assert any(row["release"] == truth["release"] for row in rows)


def test_the_brief_does_not_tell_the_class(spec: Spec) -> None:
    brief, truth = PACK.brief(spec), PACK.truth(spec)
    said = repr(brief)
    assert not [key for key in ("title", "mechanism", "commit", "fault") if truth[key] in said]
    assert brief.company in PACK.base(spec).files["README.md"].decode()


def test_the_brief_tells_the_page_that_the_files_hold(spec: Spec) -> None:
    brief = PACK.brief(spec)
    page = json.loads(PACK.base(spec).files["ops/alerts.jsonl"].decode().splitlines()[-1])
    assert (page["alert"], page["text"], page["at"]) == (
        "page",
        brief.opened_because,
        operations.stamp(brief.opened_at),
    )
    assert brief.opened_because in opening.PAGES + opening.PAGES_OF_TRADE[brief.trade]
    assert brief.taken_over_from in {person.name for person in incident(spec).people}


# --- Scope of damage -------------------------------------------------------------------------------------------


def test_the_fault_damages_its_class_and_nothing_else(spec: Spec) -> None:
    drawn = incident(spec)
    with build.opened(PACK.base(spec)) as ask:
        replies = [(asked, ask(asked.question, asked.session)) for asked in battery(drawn.world)]
    judge = Judge(drawn.world)
    harmed = [asked for asked, reply in replies if judge.wrong(asked, reply)]
    least, most = drawn.failure.harm
    assert least <= len(harmed) == len(drawn.harmed) <= most
    assert all(drawn.failure.touches(drawn.world, asked) for asked in harmed)


def test_what_is_sound_is_right_to_the_oracle(spec: Spec) -> None:
    drawn = incident(spec)
    talk = oracle.Conversations(oracle.read_facts(PACK.facts(spec)))
    with build.opened(PACK.base(spec)) as ask:
        for asked in battery(drawn.world):
            reply = ask(asked.question, asked.session)
            judged = talk.judge(asked.question, asked.session, reply)
            assert judged.verdict in oracle.RIGHT or not sound(drawn.world, asked, reply), (asked, reply["text"])


def test_the_truth_counts_what_the_oracle_counts_in_the_traces_that_are_served(spec: Spec) -> None:
    one_law(spec)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, 12, 13, 169890])
def test_and_so_it_does_where_answers_are_garbled(seed: int) -> None:
    one_law(Spec("H10", seed))


def one_law(spec: Spec) -> None:
    """As a mentor would, or a learner with an oracle: from nothing but the files, in the order of the traces."""
    truth, tree = PACK.truth(spec), PACK.base(spec)
    talk = oracle.Conversations(oracle.read_facts(tree.files[build.FACTS_PATH]))
    rows = [json.loads(line) for line in tree.files["traces.jsonl"].splitlines()]
    harmful = [row for row in rows if oracle.harmful(talk.judge(row["question"], row["session"], row).verdict)]
    assert len(harmful) == truth["wrong_answers_before_opening"] == PACK.measures(spec).harmful
    assert len({row["session"] for row in harmful}) == truth["customers_told_wrong"]
    assert harmful[0]["at"] == truth["first_wrong_at"]


# --- Probes ----------------------------------------------------------------------------------------------------


def test_hidden_questions_cover_every_group_on_fresh_data(spec: Spec) -> None:
    suite = PACK.probes(spec, seed=11)
    groups = Counter(probe.group for probe in suite.probes)
    assert sum(groups.values()) >= 40
    assert groups["class"] >= 20
    assert min(groups[name] for name in ("control", "unknown")) >= 2
    assert len({probe.key for probe in suite.probes}) == len(suite.probes)
    assert {"plain", "session", "absent", "place"} <= {probe.relation for probe in suite.probes}
    assert suite.data != PACK.base(spec).under("kb")
    assert suite == PACK.probes(spec, seed=11)
    assert suite.facts != PACK.probes(spec, seed=12).facts
    assert not [path for path in suite.data.files if not path.startswith("kb/")]


@pytest.mark.parametrize("key", [pytest.param(key, marks=pytest.mark.xdist_group(f"{key}-1")) for key in REHEARSED])
def test_every_cell_is_as_it_must_be(key: str) -> None:
    assert rehearse(PACK, Spec(key, 1)).off == ()


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("key", "fault"), [(key, fault.name) for key, failure in CLASSES.items() for fault in failure.faults]
)
def test_every_cell_of_every_fault_in_every_trade(key: str, fault: str) -> None:
    wanted = dict.fromkeys(DOMAINS, True)
    for seed in range(1, 200):
        spec = Spec(key, seed)
        if fault_of(spec).name == fault and wanted.pop(domain_of(seed), False):
            assert rehearse(PACK, spec).off == (), spec
    assert not wanted


def test_refusing_everything_does_no_harm_and_has_no_use(spec: Spec) -> None:
    judged = asked_all(PACK, PACK.mutants(spec)["refuse_everything"], PACK.probes(spec, seed=11))
    after = oracle.rates(one for _, one in judged)
    assert after.harmful == 0
    assert after.answered == 0
    assert after.by_verdict[ClaimVerdict.over_refusal] == after.answerable > 0


def test_enough_that_worked_before_is_asked_again(spec: Spec) -> None:
    assert len(PACK.regression_suite(spec).probes) >= 15


def test_live_traffic_keeps_to_its_window(spec: Spec) -> None:
    traffic = PACK.traffic(spec)
    assert traffic == PACK.traffic(spec)
    assert [one.second for one in traffic] == sorted(one.second for one in traffic)
    assert traffic[0].second >= 0
    assert traffic[-1].second < 90 * 60
    assert len({one.session for one in traffic}) > len(traffic) // 2
