"""What a regression test reaches of the failure class: by what it asked about and was told wrongly, not by how much."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams import oracle, packs
from exams.packs import Spec
from grading import f_of
from grading.evidence.cases import reached, wrong_cases
from grading.evidence.effect import Effect
from tests.packs import NAME

FACTS = oracle.read_facts(packs.load(NAME).facts(Spec("T1", 7)))
NAMES = [product.name for product in FACTS.products]


def row(question: str, *, harmful: bool = True, session: str = "") -> dict[str, Any]:
    return {"question": question, "session": session, "harmful": harmful}


def fee(name: str, *, harmful: bool = True, session: str = "") -> dict[str, Any]:
    return row(f"What is the late fee of {name}?", harmful=harmful, session=session)


@pytest.mark.parametrize(
    ("asked", "cases"),
    [
        ([], 0),
        ([fee("Ridge Silver")], 1),
        ([fee(name) for name in NAMES[:3]], 3),
        ([fee(name, harmful=False) for name in NAMES], 0),  # nothing that was wrong before
        ([fee("Ridge Silver"), *(fee(name, harmful=False) for name in NAMES)], 1),  # padded with what was right
        ([fee("Ridge Silver")] * 40, 1),  # padded with itself
        (
            [
                fee("Ridge Silver"),
                row("what is   the LATE FEE of ridge silver"),
                row("Please tell me the late fee of Ridge Silver!"),
                row("Ridge Silver: late fee? (1)"),
                row("Hello, number 17 here. What is the late fee of Ridge Silver, please?"),
            ],
            1,  # padded with other words
        ),
        ([row(f"Is it so? {number}") for number in range(20)], 1),  # padded with what is about nothing
        ([fee("Ridge Silver", session="a"), row("And for Ridge Gold?", session="a")], 2),
        ([fee("Ridge Silver", session="a"), row("And for Ridge Gold?", session="b")], 2),
        ([fee("Ridge Silver", harmful=False, session="a"), row("And for Ridge Gold?", session="a")], 1),
    ],
)
def test_every_case_counts_once_and_padding_does_not(asked: list[dict[str, Any]], cases: int) -> None:
    assert len(wrong_cases(asked, FACTS)) == cases


@given(st.lists(st.text(max_size=80), max_size=30))
def test_right_answers_never_add_a_case_and_no_question_adds_two(padding: list[str]) -> None:
    own = [fee("Ridge Silver"), fee("Ridge Gold")]
    assert len(wrong_cases([*own, *(row(each, harmful=False) for each in padding)], FACTS)) == 2
    assert len(wrong_cases([*own, *(row(each) for each in padding)], FACTS)) <= 2 + len(set(padding))


def test_a_test_that_stops_at_its_first_failure_counts_what_it_would_have_asked_and_customers_were_told_wrong() -> None:
    on_faulty, on_fix = [fee(NAMES[0])], [fee(name, harmful=False) for name in NAMES]
    customers = [fee(name, harmful=name in NAMES[1:3]) for name in NAMES]
    assert len(reached(on_faulty, on_fix, customers, FACTS)) == 3
    assert len(reached(on_faulty, on_fix[:1], customers, FACTS)) == 1  # of the one thing that was reported
    assert len(reached(on_faulty, [], customers, FACTS)) == 1  # it never came to an end on the fix
    assert len(reached(on_faulty, on_fix, [], FACTS)) == 1
    everything = [fee(name, harmful=name == NAMES[0]) for name in NAMES]
    assert len(reached(everything, on_fix, customers, FACTS)) == 1  # it asked them, and was told right
    assert reached([fee(NAMES[0], harmful=False)], on_fix, customers, FACTS) == frozenset()  # told nothing wrong


# --- What a hotfix leaves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "relation", "counts"),
    [
        ("class", "plain", True),
        ("class", "alias", True),
        ("control", "alias", True),
        ("control", "plain", False),
        ("unknown", "absent", False),
        ("unknown", "plain", False),
    ],
)
def test_harm_is_looked_for_in_the_class_and_in_what_is_put_otherwise(group: str, relation: str, counts: bool) -> None:
    assert f_of.of_the_class({"group": group, "relation": relation}) is counts


@pytest.mark.parametrize(
    ("after", "healthy", "left"),
    [
        ("correct", "correct", False),
        ("wrong_entity", "correct", True),
        ("over_refusal", "correct", False),
        ("wrong_entity", "conflict", False),  # our own fix does no better
        ("wrong_entity", None, True),  # it was not asked
    ],
)
def test_what_is_left_is_what_our_own_fix_does_not_leave(after: str, healthy: str | None, left: bool) -> None:
    found = Effect.__new__(Effect)
    answers = {"after": {"q": after}, "reference": {} if healthy is None else {"q": healthy}}
    found.answers = Mock(  # type: ignore[method-assign]
        side_effect=lambda key: {
            name: {"group": "class", "relation": "plain", "verdict": verdict} for name, verdict in answers[key].items()
        }
    )
    assert found.harmful_left == (["q"] if left else [])
