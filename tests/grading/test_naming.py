"""What a learner names is compared with the truth however it is written, and what cannot be told is left to mentors."""

from __future__ import annotations

from typing import Any

import pytest

from exams import packs
from exams.models import Diagnosis
from grading.naming import SAYS, Causes, Standing, compare

CATALOGUE = packs.load("exams.packs.hallucination").catalogue()
ONE: dict[str, Any] = {
    "component": "index",
    "files": ["assistant/index.py", "assistant/server.py"],
    "failure_class": "H1",
    "title": "Wrong-entity retrieval",
    "rivals": {"H4": "why not"},
}
TWO: dict[str, Any] = {
    "component": "guard",
    "files": ["assistant/guard.py", "assistant/retriever.py"],
    "failure_class": "H1+H8",
    "title": "Both at once",
    "rivals": {"H1": "why not it alone", "H6": "why not"},
}
H1, H8 = "Wrong-entity retrieval", "Citation checked by document, not by sentence"


def named(component: str, failure_class: str, truth: dict[str, Any]) -> Causes:
    return compare(Diagnosis(component=component, failure_class=failure_class), truth, CATALOGUE)


@pytest.mark.parametrize(
    ("failure_class", "expected"),
    [
        ("H1", True),
        ("h 1", True),
        ("wrong-entity  RETRIEVAL", True),
        ("H1: Wrong-entity retrieval", True),
        ("Wrong-entity retrieval (H1)", True),
        ("H4", False),
        ("stale INDEX: superseded editions are answered from", False),
        ("H4 + H8", False),
        ("it mixes up products", None),
        ("H1 and something else", None),
        ("H15", None),
        ("H1 + H4 + H8", None),
        ("+", None),
        ("", None),
    ],
)
def test_a_class_is_known_by_key_or_title_in_any_case_and_own_words_are_left_to_the_mentor(
    failure_class: str, *, expected: bool | None
) -> None:
    found = named("index", failure_class, ONE)
    assert (found.failure_class, found.one_of_two) == (expected, False)


@pytest.mark.parametrize(
    ("failure_class", "expected"),
    [
        ("H1 + H8", Standing.right),
        ("h8+h1", Standing.right),
        ("H1 and H8", Standing.right),
        ("H1 & H8", Standing.right),
        ("H1+H8", Standing.right),
        ("both at once", Standing.right),
        (f"{H1} + {H8}", Standing.right),
        (f"{H8.upper()} and {H1.lower()}", Standing.right),
        (f"{H1} and H8", Standing.right),
        ("H1", Standing.one_of_two),
        ("H8", Standing.one_of_two),
        ("H8 + H8", Standing.one_of_two),
        ("H1 + H6", Standing.one_of_two),
        ("H6", Standing.component_only),
        ("H6 + H14", Standing.component_only),
        ("H1 + H8 + H6", Standing.undecided),
        ("the guard and the index", Standing.undecided),
    ],
)
def test_two_faults_are_named_by_both_and_one_of_them_is_half_of_it(failure_class: str, expected: Standing) -> None:
    assert named("guard", failure_class, TWO).standing == expected


def test_a_second_cause_that_is_not_at_work_makes_it_one_of_two() -> None:
    found = named("index", "H1 + H4", ONE)
    assert (found.failure_class, found.one_of_two, found.right, found.open) == (False, True, False, False)


@pytest.mark.parametrize(
    ("component", "failure_class", "expected", "undecided"),
    [
        ("index", "H1", Standing.right, False),
        ("guard", "H1", Standing.class_only, False),
        ("index", "H4", Standing.component_only, False),
        ("guard", "H4", Standing.wrong, False),
        ("my own words", "H1", Standing.undecided, True),
        ("index", "my own words", Standing.undecided, True),
        ("my own words", "H4", Standing.undecided, False),
        ("guard", "my own words", Standing.undecided, False),
    ],
)
def test_component_and_class_make_one_standing_and_only_what_might_be_right_stays_open(
    component: str, failure_class: str, expected: Standing, *, undecided: bool
) -> None:
    found = named(component, failure_class, ONE)
    assert (found.standing, found.open) == (expected, undecided)
    assert found.right is (expected is Standing.right)


def test_every_standing_is_told_in_words() -> None:
    assert set(SAYS) == set(Standing)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("index", True),
        ("Index", True),
        ("assistant/index.py", True),
        ("assistant/index.py, Index.file", True),
        ("the filing in assistant/index.py", True),
        ("assistant/server.py", True),
        ("index + server", True),
        ("assistant/index.py and assistant/cache.py", False),
        ("assistant/cache.py, which the server calls", False),
        ("cache", False),
        ("cache and index", False),
        ("assistant/elsewhere.py", None),
        ("toml", None),
        ("no idea", None),
        ("", None),
    ],
)
def test_a_component_is_known_by_key_or_by_the_files_that_are_named(component: str, *, expected: bool | None) -> None:
    assert named(component, "H1", ONE).component is expected


@pytest.mark.parametrize(("component", "in_config"), [("prompt", True), ("config", True), ("config.toml", True)])
def test_the_file_that_holds_the_fault_is_a_right_answer_too(component: str, *, in_config: bool) -> None:
    truth = {"component": "prompt", "failure_class": "H4", "files": ["config.toml"]}
    assert named(component, "H4", truth).component is in_config
    elsewhere = truth | {"files": ["assistant/prompt.py"]}
    assert named(component, "H4", elsewhere).component is (component == "prompt")


def test_without_a_catalogue_the_truth_is_recognised_and_so_are_its_rivals() -> None:
    def plainly(words: str) -> bool | None:
        return compare(Diagnosis(component="index", failure_class=words), ONE, None).failure_class

    assert [plainly(words) for words in ("h1", H1, "H4", "H8")] == [True, True, False, None]


@pytest.mark.parametrize(
    ("failure_class", "expected"),
    [("H13", True), ("H7", True), ("H7 + H13", True), ("H11", False), ("H7 + H11", False), ("my own words", None)],
)
def test_what_is_told_as_well_in_the_words_of_another_class_is_right_in_both(
    failure_class: str, *, expected: bool | None
) -> None:
    truth = {"component": "server", "failure_class": "H13", "also_right": {"H13": ["H7"]}}
    found = named("server", failure_class, truth)
    assert (found.failure_class, found.right) == (expected, expected is True)
    assert found.one_of_two == (failure_class == "H7 + H11")


def test_so_it_is_for_one_of_two() -> None:
    truth = TWO | {"failure_class": "H12+H14", "also_right": {"H12": ["H2"]}}
    assert named("guard", "H2 + H14", truth).right
    assert named("guard", "H2", truth).one_of_two
    assert not named("guard", "H2 + H12", truth).right
