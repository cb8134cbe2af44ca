"""How scores go with length: the correlation itself, and the command that prints it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from rubrics import length, review
from rubrics.length import Correlation, correlations, spearman
from tests.rubrics.conftest import NOON

if TYPE_CHECKING:
    from rubrics.models import Review
    from tests.people import Cast


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1.0),
        ([1, 2, 3, 4], [40, 30, 20, 10], -1.0),
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8),
        ([1, 1, 2, 2], [1, 2, 1, 2], 0.0),
        ([1, 1, 1], [1, 2, 3], None),
        ([], [], None),
    ],
)
def test_the_rank_correlation(first: list[float], second: list[float], rho: float | None) -> None:
    found = spearman(first, second)
    assert found == (None if rho is None else pytest.approx(rho))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=30))
def test_it_lies_between_minus_one_and_one_and_is_the_same_both_ways(pairs: list[tuple[int, int]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    found = spearman(one, other)
    assert found == (None if found is None else pytest.approx(spearman(other, one)))
    assert found is None or -1.000001 <= found <= 1.000001


def test_few_reviews_say_nothing() -> None:
    assert not Correlation("d", 19, 0.9).says_something
    assert Correlation("d", 20, 0.9).says_something


@pytest.mark.django_db
def test_the_command_says_when_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("length_and_scores")
    assert "No signed review" in capsys.readouterr().out


@pytest.mark.django_db
def test_signed_reviews_are_counted_by_dimension(claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(length, "written", lambda _: 500)
    slug = claimed.attempt.twin.slug
    assert correlations(slug) == []
    for dimension in claimed.rubric.dimensions.all():
        review.score(
            review_id=claimed.pk,
            dimension=dimension.key,
            value=Decimal("0.75"),
            comment="Seen.",
            evidence=[],
            mentor=cast.mentor,
            now=NOON,
        )
    review.sign_off(review_id=claimed.pk, mentor=cast.mentor, confirm=True, read_force_reason=True, note="", now=NOON)
    found = correlations(slug)
    assert {(each.reviews, each.rho) for each in found} == {(1, None)}
    assert len(found) == claimed.rubric.dimensions.count()
