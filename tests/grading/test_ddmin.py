"""Delta debugging: what is left of a failing sequence, in how many runs, and that it is minimal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.ddmin import Part, Reduced, reduce


def needing(*places: int) -> object:
    """Fails if all of these are there."""
    return lambda part: set(places) <= set(part)


@pytest.mark.parametrize(
    ("whole", "needed", "suspects", "left", "minimal"),
    [
        (1, (0,), (), (0,), True),
        (2, (0, 1), (), (0, 1), True),
        (2, (1,), (1,), (1,), False),
        (8, (3,), (), (3,), False),
        (8, (2, 6), (), (2, 6), False),
        (8, (0, 1, 2, 3, 4, 5, 6, 7), (), tuple(range(8)), True),
        (20, (4, 11, 19), (4,), (4, 11, 19), False),
    ],
)
def test_what_is_needed_is_what_is_left(whole: int, needed: Part, suspects: Part, left: Part, minimal: bool) -> None:
    found = reduce(whole, needing(*needed), most=200, suspects=suspects)  # type: ignore[arg-type]
    assert (found.needed, found.minimal, found.proven) == (left, minimal, True)


def test_one_question_takes_no_run() -> None:
    assert reduce(1, needing(0), most=0).runs == 0  # type: ignore[arg-type]


def test_the_questions_that_were_answered_wrongly_are_tried_alone_first() -> None:
    found = reduce(20, needing(7), most=40, suspects=[7])  # type: ignore[arg-type]
    assert (found.needed, found.runs) == ((7,), 1)


def test_when_the_runs_are_used_up_what_is_left_is_not_called_minimal() -> None:
    found = reduce(20, needing(0, 19), most=3)  # type: ignore[arg-type]
    assert found.runs == 3
    assert not found.proven
    assert Reduced(5, (0, 1, 2, 3, 4), 3, proven=False).minimal is None
    assert Reduced(5, (0, 1), 3, proven=False).minimal is False  # some were left out: that much is certain


@given(
    whole=st.integers(1, 20),
    needed=st.sets(st.integers(0, 19), min_size=1, max_size=5),
    most=st.integers(0, 60),
    suspects=st.lists(st.integers(0, 19), max_size=4),
)
def test_what_is_left_fails_in_its_order_and_no_part_runs_twice(
    whole: int, needed: set[int], most: int, suspects: list[int]
) -> None:
    wanted = {place % whole for place in needed}
    runs: list[Part] = []

    def fails(part: Part) -> bool:
        runs.append(part)
        return wanted <= set(part)

    found = reduce(whole, fails, most=most, suspects=[place % whole for place in suspects])
    assert wanted <= set(found.needed)
    assert list(found.needed) == sorted(found.needed)
    assert len(runs) == len(set(runs)) == found.runs <= most
    if found.proven:
        assert set(found.needed) == wanted
