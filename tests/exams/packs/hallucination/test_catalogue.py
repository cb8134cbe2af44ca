"""What learners are told of failure classes: all of them, in words that fit, and nothing of any one incident."""

from __future__ import annotations

from itertools import combinations

import pytest

from exams.live.diagnoses import CLASS_CHARACTERS, COMPONENT_CHARACTERS
from exams.packs import Spec
from exams.packs.causes import keys, plain
from exams.packs.hallucination import PACK, build
from exams.packs.hallucination.hidden import CLASSES

CATALOGUE = PACK.catalogue()
CAUSES = {each.key: each for each in CATALOGUE.causes}
ALONE = [key for key in PACK.classes if len(keys(key)) == 1]
VISIBLE = build.HERE / "visible"


def test_every_class_of_one_fault_is_told_and_those_of_two_are_told_as_two() -> None:
    assert list(CAUSES) == ALONE
    assert {half for key in PACK.classes for half in keys(key)} == set(CAUSES)


def test_every_component_is_told_with_the_file_it_is() -> None:
    modules = {f"assistant/{path.name}" for path in (VISIBLE / "assistant").glob("[!_]*.py")}
    assert {each.file for each in CATALOGUE.components} == modules | {"config.toml"}
    for each in CATALOGUE.components:
        assert (VISIBLE / each.file).is_file()
        assert CATALOGUE.components_named(each.key) == CATALOGUE.components_named(each.file) == (each.key,)


@pytest.mark.parametrize("key", PACK.classes)
def test_where_a_class_may_sit_holds_every_fault_and_more_than_one_place(key: str) -> None:
    told = {component for half in keys(key) for component in CAUSES[half].components}
    assert {fault.component for fault in CLASSES[key].faults} <= told
    assert told <= {each.key for each in CATALOGUE.components}
    assert len(told) > 1


def test_words_are_short_enough_plain_and_apart_from_each_other() -> None:
    for each in CATALOGUE.causes:
        assert each.looks_like.endswith(".")
        assert "\n" not in each.looks_like
        assert len(each.looks_like) <= 120
    assert len({plain(words) for each in CATALOGUE.causes for words in (each.key, each.title)}) == 2 * len(CAUSES)


def test_every_cause_and_every_two_fit_into_a_diagnosis_and_are_read_back() -> None:
    assert max(len(each.title) for each in CLASSES.values()) <= 80
    for one, other in combinations(CATALOGUE.causes, 2):
        for glue in (" + ", " and "):
            titles = f"{one.title}{glue}{other.title}"
            assert len(titles) <= CLASS_CHARACTERS
            assert CATALOGUE.causes_named(titles.upper()) == (one.key, other.key)
        assert CATALOGUE.causes_named(f"{one.key} + {other.key}") == (one.key, other.key)
    longest = sorted((each.file for each in CATALOGUE.components), key=len)[-2:]
    assert len(" + ".join(longest)) <= COMPONENT_CHARACTERS


def test_the_truth_of_an_incident_is_named_in_its_words() -> None:
    for key in ("H4", "H1+H8"):
        truth = PACK.truth(Spec(key, 1))
        assert keys(truth["failure_class"]) == CATALOGUE.causes_named(
            " + ".join(CAUSES[each].title for each in keys(key))
        )


def test_it_has_no_part_in_what_is_proved() -> None:
    assert not any("catalogue.py" in PACK.made_of(key) for key in PACK.classes)
