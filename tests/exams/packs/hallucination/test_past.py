"""The past of an incident gives nothing away: not by place, time, length or size, nor by who wrote what."""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

import pytest

from exams.packs.hallucination import build, decoys, founding, moments, people
from exams.packs.hallucination.asked import Judge, sound
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.edits import Edit, apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.mending import healthy_with
from exams.packs.hallucination.weave import Hunk, Tangled, apart, hunks, size, taken, woven
from exams.packs.hallucination.world import DOMAINS
from sandboxes import repository
from sandboxes.ingest.tree import Tree

from .pasts import FAULTS, clear_of, healthy, of_spec, world_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from exams.packs.hallucination.edits import Fault
    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.past import Past, Release, Setting

GIT = shutil.which("git") or "git"
SEEDS = 24
AT_MOST = 0.4  # of the draws may be right that guess the cause by one thing one sees without reading
GUESSED = 0.35
MOST_AT_ONE_PLACE = 0.35

Pick = Callable[[Iterable[int]], int]
Drawn = tuple["Setting", "Past"]


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    return [of_spec(key, seed) for key in CLASSES for seed in range(SEEDS)]


def suspects(past: Past) -> list[tuple[Release, int]]:
    """The releases near the onset that are no documents, each with how many lines it changed."""
    return [
        (release, size(hunks(before.tree, release.tree)))
        for before, release in pairwise(past.releases)
        if release.innocent or release is past.cause
    ]


def program(tree: Tree) -> dict[str, str]:
    """What a tree does, without what only people read: its code as a parser sees it, and its settings."""
    found = {"config.toml": str(tomllib.loads(tree.files.get("config.toml", b"").decode()))}
    for path, content in tree.files.items():
        if path.startswith("assistant/") and path.endswith(".py") and "/lm/" not in path:
            found[path] = _stripped(content)
    return found


@lru_cache(maxsize=4096)
def _stripped(content: bytes) -> str:
    module = ast.parse(content)
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(module)


# --- What gives nothing away -----------------------------------------------------------------------------------


def test_the_cause_may_be_anywhere_from_the_end(drawn: list[Drawn]) -> None:
    places = Counter(len(past.releases) - past.releases.index(past.cause) for _, past in drawn)
    assert len(places) >= 4
    assert max(places.values()) <= MOST_AT_ONE_PLACE * len(drawn)


@pytest.mark.parametrize("pick", [max, min])
def test_neither_the_longest_subject_nor_the_shortest_is_the_cause(drawn: list[Drawn], pick: Pick) -> None:
    right = [
        len(past.cause.subject) == pick(len(release.subject) for release, _ in suspects(past)) for _, past in drawn
    ]
    assert mean(right) <= AT_MOST


@pytest.mark.parametrize("pick", [max, min])
def test_neither_the_largest_change_nor_the_smallest_is_the_cause(drawn: list[Drawn], pick: Pick) -> None:
    right = []
    for _, past in drawn:
        lines = {release.name: changed for release, changed in suspects(past)}
        right.append(lines[past.cause.name] == pick(lines.values()))
    assert mean(right) <= AT_MOST


@pytest.mark.parametrize("sign", [":", ","])
def test_a_subject_with_a_reason_is_not_the_cause(drawn: list[Drawn], sign: str) -> None:
    chances = []
    for _, past in drawn:
        seen = [release for release, _ in suspects(past)]
        chosen = [release for release in seen if sign in release.subject] or seen
        chances.append((past.cause in chosen) / len(chosen))
    assert mean(chances) <= AT_MOST


def test_subjects_of_faults_are_like_those_of_innocent_changes() -> None:
    of_faults = [subject for _, fault in FAULTS for subject in fault.subjects]
    of_others = [one.subject for one in INNOCENTS if not one.note]
    assert all(len(set(fault.subjects)) >= 2 for _, fault in FAULTS)
    assert abs(mean(map(len, of_faults)) - mean(map(len, of_others))) < 6
    assert abs(mean(":" in one for one in of_faults) - mean(":" in one for one in of_others)) < 0.12


def test_as_many_innocent_releases_as_ever_and_one_close_to_the_fault(drawn: list[Drawn]) -> None:
    for setting, past in drawn:
        innocent = [release for release in past.releases if release.innocent]
        assert len(innocent) == decoys.RECENT
        assert all(release.deployed_at > setting.when.onset_at - moments.NEAR for release in innocent)
        assert past.cause.deployed_at > setting.when.onset_at - moments.NEAR
        files = {edit.path for edit in setting.fault.edits}
        close = [
            release
            for before, release in pairwise(past.releases)
            if release.innocent
            and release.deployed_at < setting.when.onset_at
            and files & {hunk.path for hunk in hunks(before.tree, release.tree)}
        ]
        assert close, setting.fault.name


def test_several_changes_of_behaviour_come_into_question_before_and_after_the_onset(drawn: list[Drawn]) -> None:
    for setting, past in drawn:
        assert past.cause in past.behaving
        assert len(past.behaving) >= decoys.BEHAVING + 1
        assert any(release.deployed_at < setting.when.onset_at for release in past.behaving)
    later = [sum(one.deployed_at > setting.when.onset_at for one in past.behaving) for setting, past in drawn]
    assert mean(map(bool, later)) > 0.7


def test_two_of_the_decoys_look_like_harm_and_what_they_rest_on_is_there(drawn: list[Drawn]) -> None:
    for setting, _ in drawn:
        change = {one: taken(setting.healthy, one.edits) for one in INNOCENTS}
        usable = [
            one for one in INNOCENTS if setting.key not in one.not_with and apart(change[one], setting.kept_clear)
        ]
        chosen = decoys.choose(setting, setting.draw("history"), change, usable)
        assert sum(one.suspect for one in chosen.recent) >= decoys.SUSPECTS, setting.fault.name
        there = {one.subject for one in chosen.present}
        assert all(one.after in there for one in (*chosen.recent, *chosen.riders, *chosen.older) if one.after)


@pytest.mark.parametrize("minutes", [4, 6, 8, 10])
@pytest.mark.parametrize("from_the_end", [1, 2, 3])
def test_the_last_change_of_behaviour_before_the_first_complaint_is_seldom_the_cause(
    drawn: list[Drawn], minutes: int, from_the_end: int
) -> None:
    """Who can tell refactorings from changes of behaviour at a glance, and knows when customers began to complain."""
    right = []
    for setting, past in drawn:
        complained = setting.when.onset_at + timedelta(minutes=minutes)
        seen = [release for release in past.behaving if release.deployed_at < complained]
        right.append(len(seen) >= from_the_end and seen[-from_the_end] is past.cause)
    assert mean(right) <= AT_MOST


def test_the_last_change_of_code_before_the_first_complaint_is_seldom_the_cause(drawn: list[Drawn]) -> None:
    """Who strips comments, docstrings and tests, and takes the last release that is still another program."""
    right = []
    for setting, past in drawn:
        complained = setting.when.onset_at + timedelta(minutes=6)
        last = None
        for before, release in pairwise(past.releases):
            if release.deployed_at < complained and program(before.tree) != program(release.tree):
                last = release
        right.append(last is past.cause)
    assert mean(right) <= GUESSED


def test_some_commits_hold_two_changes_the_cause_as_often_as_others(drawn: list[Drawn]) -> None:
    near = [[release for release, _ in suspects(past)] for _, past in drawn]
    assert all(sum(bool(release.body) for release in found) == decoys.SQUASHED for found in near)
    assert 0.2 < mean(bool(past.cause.body) for _, past in drawn) < 0.45
    assert all(release.subject in release.body for found in near for release in found if release.body)


@pytest.mark.parametrize("key", CLASSES)
def test_a_revert_of_the_cause_is_clean(key: str, tmp_path: Path) -> None:
    for seed in (1, 4):
        _, past = of_spec(key, seed)
        commits = [replace(commit, tree=commit.tree.without("assistant/lm", "kb")) for commit in past.commits[-9:]]
        work = tmp_path / str(seed)
        repository.create(tmp_path / f"{seed}.git", commits=commits)
        subprocess.run([GIT, "clone", "-q", str(tmp_path / f"{seed}.git"), str(work)], check=True)
        back = next(at for at, one in enumerate(reversed(commits)) if one.message.startswith(past.cause.subject))
        somebody = ["-c", "user.name=somebody", "-c", "user.email=some@body.example"]
        subprocess.run([GIT, "-C", str(work), *somebody, "revert", "--no-edit", f"HEAD~{back}"], check=True)


def test_two_incidents_differ_in_many_places(drawn: list[Drawn]) -> None:
    trade = drawn[0][0].world.domain.key
    heads = [past.releases[-1].tree for setting, past in drawn if setting.world.domain.key == trade][:12]
    assert len(heads) >= 4
    differences = [len(hunks(one.under("assistant"), other.under("assistant"))) for one, other in pairwise(heads)]
    assert min(differences) >= 15


# --- Times, numbers, people ------------------------------------------------------------------------------------


def test_people_push_at_work_and_not_all_at_once(drawn: list[Drawn]) -> None:
    for setting, past in drawn:
        at = [commit.at for commit in past.commits]
        assert all(later - earlier >= moments.BETWEEN_COMMITS for earlier, later in pairwise(at))
        assert all(one.weekday() < moments.SATURDAY and 7 <= one.hour < 18 for one in at)
        assert setting.when.opened_at.weekday() < moments.SATURDAY
        leads = [release.deployed_at - release.committed_at for release in past.releases]
        assert all(timedelta() < lead < timedelta(hours=1) for lead in leads)
        deployed = [release.deployed_at for release in past.releases]
        waited = timedelta(seconds=moments.IN_A_QUEUE[0])
        assert all(later - earlier >= waited for earlier, later in pairwise(deployed))


def test_seconds_are_drawn(drawn: list[Drawn]) -> None:
    full = [release.deployed_at.second == 0 for _, past in drawn for release in past.releases]
    assert mean(full) < 0.05
    exact = [
        (release.deployed_at - release.committed_at).seconds % 60 == 0 for _, past in drawn for release in past.releases
    ]
    assert mean(exact) < 0.05


def test_numbers_of_releases_fit_the_history(drawn: list[Drawn]) -> None:
    for _, past in drawn:
        numbers = [int(release.name.removeprefix("r")) for release in past.releases]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert 1 <= numbers[0] <= numbers[-1] < len(past.commits)
        assert 16 <= len(past.commits) <= 20  # and one more: what operation exported


def test_no_release_touches_a_number_of_its_own(drawn: list[Drawn]) -> None:
    for _, past in drawn:
        assert not any(b"r%d" % number in past.releases[-1].tree.files["config.toml"] for number in range(1, 40))


def test_who_is_on_call_did_not_do_it(drawn: list[Drawn]) -> None:
    for setting, past in drawn:
        assert setting.people[0] not in {release.author for release in past.releases}


def test_nobody_works_at_two_companies() -> None:
    for part in (0, 1):
        names = [name for pool in people.NAMES.values() for name in pool[part]]
        assert len(names) == len(set(names))
    assert people.NAMES.keys() == DOMAINS.keys()


def test_the_early_days_differ(drawn: list[Drawn]) -> None:
    told = {tuple(commit.message for commit in past.commits[: founding.FEWEST]) for _, past in drawn}
    assert len(told) > 0.9 * len(drawn)


def named(one: str | Fault) -> str:
    return one if isinstance(one, str) else one.name


# --- Innocent changes ------------------------------------------------------------------------------------------


SUBJECTS = {one.subject: one for one in INNOCENTS}


def made(tree: Tree, one: Innocent) -> tuple[Hunk, ...]:
    """What a change does to a tree, with the change that it rests on if it does."""
    rests = SUBJECTS[one.after].edits if one.after else ()
    return (*taken(tree, rests), *taken(tree, one.edits))


def said(tree: Tree) -> list[tuple[object, ...]]:
    """Everything but what the guard gave as its reason."""
    fields = ("text", "refused", "citations", "documents", "prompt")
    with build.opened(tree) as ask:
        replies = [ask(asked.question, asked.session) for asked in battery(world_of("bank"))[::2]]
    return [(*(reply[field] for field in fields), reply["guard"]["verdict"]) for reply in replies]


def right(tree: Tree) -> list[tuple[bool, bool]]:
    """For each question whether something harmful was said, and whether the answer was right to the letter."""
    world = world_of("bank")
    judge = Judge(world)
    with build.opened(tree) as ask:
        replies = [(asked, ask(asked.question, asked.session)) for asked in battery(world)]
    return [(judge.wrong(asked, reply) is not None, sound(world, asked, reply)) for asked, reply in replies]


def test_no_change_of_words_changes_an_answer() -> None:
    tree = healthy("bank")
    before = said(tree)
    plain = [one for one in INNOCENTS if not one.behaves]
    changed = [one.subject for one in plain if said(woven(tree, made(tree, one))) != before]
    assert changed == []


def test_no_change_of_behaviour_makes_an_answer_wrong() -> None:
    tree = healthy("bank")
    before = right(tree)
    assert all(sound for _, sound in before)
    behaving = [one for one in INNOCENTS if one.behaves]
    assert len(behaving) >= 40
    assert [one.subject for one in behaving if right(woven(tree, made(tree, one))) != before] == []


@pytest.mark.parametrize("seed", range(6))
def test_nor_do_many_of_them_together(seed: int) -> None:
    tree = healthy("bank")
    draw = random.Random(f"together/{seed}")  # noqa: S311 - a seeded drawing
    together: list[tuple[Hunk, ...]] = []
    asks = draw.choice([one for one in INNOCENTS if one.asks])  # an incident has one of these at most
    for one in [asks, *draw.sample(INNOCENTS, len(INNOCENTS))]:
        change = made(tree, one)
        if (one is asks or not one.asks) and all(apart(change, other) for other in together):
            together.append(change)
    assert right(woven(tree, *together)) == right(tree)


@pytest.mark.nightly
@pytest.mark.parametrize(("key", "fault"), FAULTS, ids=named)
def test_no_innocent_change_changes_what_a_fault_does(key: str, fault: Fault) -> None:
    tree = healthy("bank")
    faulty = apply(healthy_with(tree, fault), fault.edits)
    before, harm, clear = said(faulty), right(faulty), clear_of(key, fault.name, "bank")
    usable = [one for one in INNOCENTS if key not in one.not_with and apart(made(tree, one), clear)]
    mixed = {one: woven(tree, made(tree, one), hunks(tree, faulty)) for one in usable}
    assert [one.subject for one, both in mixed.items() if not one.behaves and said(both) != before] == []
    assert [one.subject for one, both in mixed.items() if one.behaves and right(both) != harm] == []


@pytest.mark.parametrize(("key", "fault"), FAULTS, ids=named)
def test_every_fault_has_innocent_changes_enough(key: str, fault: Fault) -> None:
    tree = healthy("bank")
    clear = clear_of(key, fault.name, "bank")
    usable = [one for one in INNOCENTS if key not in one.not_with and apart(made(tree, one), clear)]
    assert len([one for one in usable if not one.note]) >= 40
    assert len([one for one in usable if one.behaves]) >= 20
    assert len([one for one in usable if one.suspect]) >= 15
    assert any(one.files & {edit.path for edit in fault.edits} for one in usable if not one.note)


def mixtures(innocent: Sequence[tuple[Hunk, ...]]) -> Iterator[list[tuple[Hunk, ...]]]:
    """Innocent changes that go together, as many as do, until each of them was in a mixture."""
    missing = list(innocent)
    while missing:
        together: list[tuple[Hunk, ...]] = []
        for one in (*missing, *innocent):
            if one not in together and all(apart(one, other) for other in together):
                together.append(one)
        yield together
        missing = [one for one in missing if one not in together]


def own_tests(tree: Tree, together: list[tuple[Hunk, ...]], change: tuple[Hunk, ...], folder: Path) -> str:
    """What the assistant's own tests say with a change and innocent ones; empty if green."""
    for path, content in woven(tree, *together, change).files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr if ran.returncode else ""


def test_the_assistants_own_tests_stay_green_with_all_of_them(tmp_path: Path) -> None:
    tree = healthy("bank")
    for number, together in enumerate(mixtures([made(tree, one) for one in INNOCENTS])):
        assert own_tests(tree, together, (), tmp_path / str(number)) == ""


@pytest.mark.nightly
@pytest.mark.parametrize(("key", "fault"), FAULTS, ids=named)
def test_and_with_every_fault(key: str, fault: Fault, tmp_path: Path) -> None:
    tree = healthy("bank")
    change = hunks(tree, apply(healthy_with(tree, fault), fault.edits))
    changes = [made(tree, one) for one in INNOCENTS]
    usable = [one for one in changes if apart(one, clear_of(key, fault.name, "bank"))]
    if own_tests(tree, [], change, tmp_path / "plain"):
        pytest.skip("in this world the fault touches the one answer that the tests ask for")
    for number, together in enumerate(mixtures(usable)):
        assert own_tests(tree, together, change, tmp_path / str(number)) == ""


def test_innocent_changes_are_told_apart_by_their_subjects() -> None:
    assert len(INNOCENTS) >= 40
    subjects = [subject for one in INNOCENTS for subject in one.subjects]
    assert len({*subjects}) == len(subjects)
    assert not {*subjects} & {subject for _, fault in FAULTS for subject in fault.subjects}
    assert {one.after for one in INNOCENTS if one.after} <= SUBJECTS.keys()
    assert all(key in CLASSES for one in INNOCENTS for key in one.not_with)


# --- Weaving ---------------------------------------------------------------------------------------------------

LINES = Tree({"a.txt": b"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"})


def test_changes_to_different_lines_are_woven_in_any_order() -> None:
    first = taken(LINES, [Edit("a.txt", "two", "2"), Edit("b.txt", "", "new\n")])
    second = hunks(LINES, apply(LINES, [Edit("a.txt", "three\n", "three\nand a half\n"), Edit("a.txt", "six\n", "")]))
    assert woven(LINES, first, second) == woven(LINES, second, first)
    assert woven(LINES, first, second).files == {
        "a.txt": b"one\n2\nthree\nand a half\nfour\nfive\nseven\n",
        "b.txt": b"new\n",
    }


def test_two_changes_to_one_line_are_not() -> None:
    first, second = (taken(LINES, [Edit("a.txt", old, "x")]) for old in ("two", "two\nthree"))
    assert not apart(first, second)
    with pytest.raises(Tangled):
        woven(LINES, first, second)
    inside = taken(LINES, [Edit("a.txt", "three\n", "three\nand\n")])
    around = taken(LINES, [Edit("a.txt", "three\nfour\n", "x\ny\n")])
    assert not apart(inside, around)
    assert not apart(around, inside)


def test_a_passage_that_is_not_there_once_cannot_be_taken() -> None:
    with pytest.raises(Tangled):
        taken(LINES, [Edit("a.txt", "e", "x")])
