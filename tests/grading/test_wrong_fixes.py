"""Every wrong fix has a sentence for the mentor, and every sentence a wrong fix."""

from __future__ import annotations

from typing import Any

import pytest

from exams.packs.hallucination.hidden import CLASSES
from grading import wrong_fixes

PACK = "exams.packs.hallucination"
OTHER_SEED = "other_seed"  # which every incident has, and no class lists
ALL = [
    (key, fault.name, name)
    for key, failure in CLASSES.items()
    for fault in failure.faults
    for name in (*failure.mutants, *fault.mutants, OTHER_SEED)
]


def test_every_wrong_fix_of_every_fault_has_a_sentence_of_its_own() -> None:
    silent = [each for each in ALL if "says no more of it" in said(*each)]
    assert silent == []


def test_no_sentence_is_about_a_wrong_fix_that_is_not_there() -> None:
    there = {(place, name) for key, fault, name in ALL for place in (f"{key}/{fault}", key, "any")}
    written = {(place, name) for place, sentences in wrong_fixes.of_pack(PACK).items() for name in sentences}
    assert written - there == set()


@pytest.mark.parametrize("place", list(wrong_fixes.of_pack(PACK)))
def test_each_is_a_sentence_that_can_be_read_at_a_glance(place: str) -> None:
    for sentence in wrong_fixes.of_pack(PACK)[place].values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert len(sentence) <= 160


def said(failure_class: str, fault: str, name: str, **truth: Any) -> str:
    return wrong_fixes.says(name, pack=PACK, truth={"failure_class": failure_class, "fault": fault, **truth})


def test_one_name_may_say_other_things_in_other_classes() -> None:
    assert "grounding clause" in said("H4", "restyled", "one_product")
    assert said("H1", "cut_name", "one_product") != said("H1", "inherited", "one_product")
    assert said("H6", "in_bold", "edited_document") == said("H8", "found_for", "edited_document")


def test_what_the_pack_says_itself_goes_before_and_where_nobody_says_anything_the_name_is_told() -> None:
    assert said("H4", "restyled", "one_product", mutant_words={"one_product": "Mine."}) == "Mine."
    assert wrong_fixes.says("same_fault/here", pack=None, truth={}) == (
        "Its author calls it “same fault here” and says no more of it."
    )
    assert wrong_fixes.says("x", pack="no.such.pack", truth={"mutant_words": "none"}).startswith("Its author")


def test_a_sentence_says_what_becomes_of_the_answers() -> None:
    assert "refused" in said("H9", "tidy_quotes", "guard_reads_the_quote")  # what is right is blocked
    assert "understood is kept elsewhere" in said("H7", "understood_once", "flushed_cache")
    assert "fixed seed" in said("H2", "archived", "sampled")  # asked again, it says the same
