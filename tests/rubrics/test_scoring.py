"""Scores are exact: integers inside, decimals at the edge, no value lost between them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics import scoring
from rubrics.scoring import NotAStepError, Standing, Weighted

JT_INCIDENT_4 = (2000, 2500, 2000, 2000, 1500)


@pytest.mark.parametrize("twentieths", range(21))
def test_every_step_goes_there_and_back(twentieths: int) -> None:
    assert scoring.to_twentieths(scoring.to_decimal(twentieths)) == twentieths


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        ("0.07", ("0.05", "0.10")),
        ("0.649999", ("0.60", "0.65")),
        ("0.999", ("0.95", "1.00")),
        ("0.0000001", ("0.00", "0.05")),
        ("-0.05", ("0.00",)),
        ("1.05", ("1.00",)),
        ("NaN", ("0.00", "1.00")),
        ("Infinity", ("0.00", "1.00")),
    ],
)
def test_what_is_no_step_is_refused_with_the_nearest(value: str, nearest: tuple[str, ...]) -> None:
    with pytest.raises(NotAStepError) as refused:
        scoring.to_twentieths(Decimal(value))
    assert tuple(f"{step:.2f}" for step in refused.value.nearest) == nearest
    assert nearest[0] in str(refused.value)


@given(st.decimals(min_value=0, max_value=1, places=6))
def test_a_refused_score_lies_between_its_two_neighbours(value: Decimal) -> None:
    try:
        assert scoring.to_decimal(scoring.to_twentieths(value)) == value
    except NotAStepError as refused:
        below, above = refused.nearest
        assert below < value < above
        assert above - below == Decimal("0.05")


def test_the_worked_example_of_the_interface() -> None:
    total = scoring.weighted_sum(Weighted(w, t) for w, t in zip(JT_INCIDENT_4, (15, 16, 13, 13, 14), strict=True))
    assert total == 142_500 + 500
    assert scoring.overall(total) == Decimal("0.715")


@given(st.lists(st.integers(0, 20), min_size=5, max_size=5), st.integers(1, 10_000))
def test_integers_agree_with_fractions(scores: list[int], threshold_bp: int) -> None:
    total = scoring.weighted_sum(Weighted(w, t) for w, t in zip(JT_INCIDENT_4, scores, strict=True))
    exact = sum(Fraction(w, 10_000) * Fraction(t, 20) for w, t in zip(JT_INCIDENT_4, scores, strict=True))
    assert Fraction(scoring.overall(total)) == exact
    assert scoring.passed(total, threshold_bp) == (exact >= Fraction(threshold_bp, 10_000))


@given(st.integers(0, 200_000), st.integers(1, 10_000), st.integers(2, 6))
def test_a_fail_is_never_displayed_as_the_threshold(total: int, threshold_bp: int, places: int) -> None:
    shown = Decimal(scoring.display(total, threshold_bp, places))
    if not scoring.passed(total, threshold_bp):
        assert shown < Decimal(threshold_bp) / 10_000


def test_one_short_of_the_threshold_fails_and_reads_as_less() -> None:
    at = 6500 * 20
    assert scoring.passed(at, 6500)
    assert not scoring.passed(at - 1, 6500)
    assert scoring.display(at, 6500, 2) == "0.65"
    assert scoring.display(at - 1, 6500, 2) == "0.64"


def test_the_higher_score_stands_and_on_a_tie_the_earlier() -> None:
    assert scoring.best([Standing(1, 130_000), Standing(2, 140_000)]) == Standing(2, 140_000)
    assert scoring.best([Standing(2, 130_000), Standing(1, 130_000)]) == Standing(1, 130_000)
    assert scoring.best([]) is None
