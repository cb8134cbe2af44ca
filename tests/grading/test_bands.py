"""Bands: what a condition can say, and what figures propose by them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams import twins
from exams.twins.bands import FIGURES, condition, misfits
from exams.twins.judged import Band
from exams.twins.rising import falls
from grading.bands import Known, as_json, score_text, weigh

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("hotfix.f >= 0.5", HALF, True),
        ("hotfix.f > 0.5", HALF, False),
        ("hotfix.f >= 50 %", HALF, True),
        ("hotfix.f < 0.3", HALF, False),
        ("hotfix.f == 0.5", HALF, True),
        ("hotfix.f  >=  0.5", None, None),
        ("hotfix.f >= 0.9501", Fraction(95, 100), False),
        ("diagnosis.right_minutes <= 40", Fraction(40), True),
        ("diagnosis.right_minutes <= 40", Fraction(2401, 60), False),
        ("diagnosis.minimal", True, True),
        ("diagnosis.minimal", False, False),
        ("not diagnosis.minimal", False, True),
        ("not diagnosis.minimal", None, None),
    ],
)
def test_a_condition_holds_fails_or_cannot_be_told(
    text: str, value: Fraction | bool | None, holds: bool | None
) -> None:
    assert condition(text).holds(value) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no condition"),
        ("hotfix.f", "is a number; compare it"),
        ("hotfix.g >= 1", "there is no figure 'hotfix.g'"),
        ("diagnosis.minimal >= 1", "is yes or no"),
        ("diagnosis.right_minutes <= 40 %", "is no share"),
        ("hotfix.f >= 0.5 and hotfix.f < 1", "no condition"),
        ("hotfix.f >= hotfix.f", "no condition"),
        ("hotfix.f >= -1", "no condition"),
        ("__import__('os')", "no condition"),
        ("not not diagnosis.minimal", "no condition"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        condition(text)


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (["hotfix.f >= 95"], "compares a share with 95; write hotfix.f >= 95 %"),
        (["hotfix.f >= 0.95", "hotfix.f < 0.3"], "nothing can meet"),
        (["hotfix.f > 0.5", "hotfix.f <= 50 %"], "nothing can meet"),
        (["hotfix.f == 0.5", "hotfix.f >= 60 %"], "nothing can meet"),
        (["diagnosis.minimal", "not diagnosis.minimal"], "nothing can meet"),
        (["diagnosis.filed < 0"], "nothing can meet"),
        (["hotfix.f >= 0.5", "hotfix.f <= 50 %"], None),
        (["hotfix.f >= 0.3", "hotfix.f < 0.55", "diagnosis.minimal"], None),
        (["diagnosis.filed < 1"], None),
        (["postmortem.blast_radius_error >= 150 %"], None),
    ],
)
def test_a_band_that_can_never_hold_is_named(when: list[str], says: str | None) -> None:
    found = " ".join(misfits([condition(text) for text in when]))
    assert (says in found) if says else not found


def bands(*rows: dict[str, Any]) -> list[Band]:
    return [Band.model_validate(row) for row in rows]


LADDER = bands(
    {"score": 0, "cap": True, "when": ["not hotfix.handed_in"]},
    {"score": 0, "cap": True, "when": ["postmortem.blames >= 1"], "asks": ["A person is the cause."]},
    {"score": "0.25", "when": ["hotfix.f >= 0.3"]},
    {"score": "0.5", "when": ["hotfix.f >= 0.55"]},
    {"score": "0.5", "when": ["hotfix.containment_only"]},
    {"score": "0.75", "when": ["hotfix.f >= 0.8", "diagnosis.minimal"]},
    {"score": 1, "when": ["hotfix.f >= 0.95"], "asks": ["The way back is noted."]},
)


@pytest.mark.parametrize(
    ("figures", "proposed", "higher", "lower"),
    [
        ({}, None, ["0.25", "0.50", "0.50", "0.75", "1.00"], ["0.00", "0.00"]),
        ({"hotfix.handed_in": True, "hotfix.f": Fraction(0), "hotfix.containment_only": False}, None, [], ["0.00"]),
        (
            {"hotfix.handed_in": True, "hotfix.f": Fraction(4, 10), "hotfix.containment_only": False},
            "0.25",
            [],
            ["0.00"],
        ),
        ({"hotfix.handed_in": True, "hotfix.f": Fraction(0), "hotfix.containment_only": True}, "0.50", [], ["0.00"]),
        (
            {
                "hotfix.handed_in": True,
                "hotfix.f": Fraction(1),
                "diagnosis.minimal": False,
                "postmortem.blames": Fraction(0),
            },
            "0.50",
            ["1.00"],
            [],
        ),
        ({"hotfix.handed_in": True, "hotfix.f": Fraction(9, 10)}, "0.50", ["0.75"], ["0.00"]),
        ({"hotfix.handed_in": False, "hotfix.f": Fraction(1), "diagnosis.minimal": True}, "0.00", [], []),
        (
            {
                "hotfix.handed_in": True,
                "hotfix.f": HALF,
                "hotfix.containment_only": False,
                "postmortem.blames": Fraction(1),
            },
            "0.25",
            [],
            ["0.00"],
        ),
    ],
)
def test_what_figures_propose_and_what_stays_open(
    figures: dict[str, Fraction | bool], proposed: str | None, higher: list[str], lower: list[str]
) -> None:
    found = weigh(LADDER, {name: Known(value) for name, value in figures.items()})
    assert (found.proposed if found.proposed is None else score_text(found.proposed)) == proposed
    assert [score_text(each.band.score) for each in found.higher] == higher
    assert [score_text(each.band.score) for each in found.lower] == lower


def test_a_proposal_shows_each_condition_with_its_figure_and_what_it_rests_on() -> None:
    figures = {
        "hotfix.handed_in": Known(value=True),
        "hotfix.f": Known(Fraction(5, 6), [{"kind": "run", "ref": "r1"}]),
        "diagnosis.minimal": Known(None, why_none="its runs have not ended"),
    }
    shown = as_json(weigh(LADDER, figures), figures)
    assert shown["proposed"] == "0.50"
    (higher,) = [each for each in shown["if_you_see"] if each["score"] == "0.75"]
    assert higher["not_told_by_figures"] == [
        "no question of the repro that counts could be left out: its runs have not ended"
    ]
    (band,) = [each for each in shown["bands"] if each["score"] == "0.75"]
    assert band["conditions"][0]["value"] == {"exact": "5/6", "decimal": 0.8333}
    assert band["conditions"][0]["cites"] == [{"kind": "run", "ref": "r1"}]


@given(f=st.fractions(0, 1), better=st.fractions(0, 1))
def test_more_of_a_good_figure_never_proposes_less(f: Fraction, better: Fraction) -> None:
    low, high = sorted((f, better))

    def proposed(value: Fraction) -> int:
        found = weigh(LADDER, {"hotfix.f": Known(value), "hotfix.handed_in": Known(value=True)}).proposed
        return -1 if found is None else found

    assert proposed(low) <= proposed(high)


def test_every_dimension_of_the_live_incident_has_a_band_for_each_anchor() -> None:
    for dimension in twins.load("jt-incident-4").rubric.dimensions:
        anchored = {round(float(step) * 20) for step in dimension.anchors}
        assert {band.score for band in dimension.bands} == anchored
        assert all(each.figure in FIGURES for band in dimension.bands for each in band.when)


@pytest.mark.parametrize(
    ("lower", "higher", "says"),
    [
        (["hotfix.f >= 0.5"], ["hotfix.f >= 0.8"], None),
        (["hotfix.f >= 0.5"], ["hotfix.f > 0.5"], None),
        (["hotfix.f > 0.5"], ["hotfix.f >= 0.5"], "does not ask for 'hotfix.f > 0.5'"),
        (["diagnosis.right_minutes <= 40"], ["diagnosis.right_minutes <= 60"], "'diagnosis.right_minutes <= 40'"),
        (["diagnosis.minimal"], ["diagnosis.minimal", "hotfix.f >= 0.5"], None),
        (["diagnosis.minimal"], ["not diagnosis.minimal"], "'diagnosis.minimal'"),
        (["diagnosis.class_right"], ["diagnosis.right_minutes <= 60"], None),
        (["postmortem.follow_ups >= 2"], ["postmortem.follow_ups_complete >= 3"], None),
        (["communication.with_impact > 0"], ["communication.complete > 50 %"], None),
        (["communication.complete > 50 %"], ["communication.promises_kept >= 90 %"], "the band of 0.50 does not"),
    ],
)
def test_a_higher_band_that_may_hold_without_a_lower_one_is_named(
    lower: list[str], higher: list[str], says: str | None
) -> None:
    found = list(falls(bands({"score": "0.5", "when": lower}, {"score": "0.75", "when": higher})))
    assert ([place for place, _ in found], [says in why for _, why in found if says]) == (
        ([1], [True]) if says else ([], [])
    )


def test_of_two_ways_to_a_lower_score_one_has_to_be_met_and_what_is_missing_counts_not() -> None:
    steps: list[dict[str, Any]] = [
        {"score": 0, "when": ["not diagnosis.class_right"]},
        {"score": "0.5", "when": ["hotfix.containment_only"]},
        {"score": "0.5", "when": ["hotfix.f >= 0.5"]},
        {"score": "0.75", "when": ["hotfix.f >= 0.8"]},
    ]
    assert not list(falls(bands(*steps)))


@pytest.mark.parametrize("slug", twins.slugs())
def test_the_bands_of_our_twins_rise(slug: str) -> None:
    for dimension in twins.load(slug).rubric.dimensions:
        assert not list(falls(dimension.bands)), dimension.key
