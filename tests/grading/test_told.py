"""What updates say and promise, as figures; and what the bands of the live incident make of them."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from exams import twins
from grading import bands
from grading.bands import Known
from grading.evidence import saying, told
from grading.evidence.figures import _of_updates

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_NEXT = None
BRIEFLY = {"text": "We are looking into it.", "impact": "Wrong fees.", "next_update_at": "12:30"}


def kept(updates: Sequence[dict[str, Any]]) -> Any:
    """Updates of an attempt, as far as their words are counted."""
    return SimpleNamespace(
        updates=[SimpleNamespace(**{"state": "investigating", **BRIEFLY, **each}) for each in updates], told=None
    )


def figures(updates: Sequence[dict[str, Any]]) -> dict[str, Known]:
    """The figures of what they say, with nothing else measured."""
    found: dict[str, Any] = {
        "posted": [],
        "longest_silence": None,
        "claims": [],
        "promises_kept": None,
        "asked_in_the_room": [],
        "said": told._said(kept(updates)),
    }
    return _of_updates(kept(updates), found)


RESOLVED = {"state": "resolved", "next_update_at": NO_NEXT}


@pytest.mark.parametrize(
    ("updates", "with_next", "complete"),
    [
        ([{}, {}], Fraction(1), Fraction(1)),
        ([{}, {"next_update_at": NO_NEXT}], Fraction(1, 2), Fraction(1, 2)),
        ([{}, {"next_update_at": NO_NEXT}, RESOLVED], Fraction(1, 2), Fraction(1, 2)),  # neither for nor against
        ([{"next_update_at": NO_NEXT}, *[RESOLVED] * 9], Fraction(0), Fraction(0)),
        ([{}, RESOLVED | {"impact": ""}], Fraction(1), Fraction(1)),
        ([{}, RESOLVED | {"next_update_at": "13:00"}], Fraction(1), Fraction(1)),
    ],
)
def test_an_update_that_ends_it_counts_neither_for_nor_against_its_author(
    updates: list[dict[str, Any]], with_next: Fraction, complete: Fraction
) -> None:
    found = figures(updates)
    assert found["communication.with_next_update"].value == with_next
    assert found["communication.complete"].value == complete


def test_where_every_update_ends_it_nothing_is_known_of_a_next_one() -> None:
    found = figures([RESOLVED, RESOLVED])
    for name in ("communication.with_next_update", "communication.complete"):
        assert found[name].value is None
        assert found[name].why_none == "no update came before the word resolved"
    assert found["communication.with_impact"].value == 1


GOOD = {
    "communication.updates": Known(Fraction(5)),
    "communication.first_minutes": Known(Fraction(4)),
    "communication.longest_silence_minutes": Known(Fraction(15)),
    "communication.with_impact": Known(Fraction(1)),
    "communication.with_next_update": Known(Fraction(1)),
    "communication.complete": Known(Fraction(1)),
    "communication.promises_kept": Known(Fraction(1)),
    "communication.compliance_told": Known(value=True),
}


@pytest.mark.parametrize(
    ("contradicted", "proposed", "down_to"), [(0, 15, set()), (1, 10, {0}), (3, 10, {0}), (None, 10, {0})]
)
def test_good_form_does_not_reach_075_with_a_statement_that_telemetry_contradicts(
    contradicted: int | None, proposed: int, down_to: set[int]
) -> None:
    (dimension,) = [each for each in twins.load("jt-incident-4").rubric.dimensions if each.key == "communication"]
    value = None if contradicted is None else Fraction(contradicted)
    found = bands.weigh(dimension.bands, GOOD | {"communication.claims_contradicted": Known(value)})
    assert found.proposed == proposed
    assert {each.band.score for each in found.lower} == down_to
    assert (15 in {each.band.score for each in found.higher}) is (contradicted is None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The fix is being tested now.", True),
        ("A fix is tested now, it goes out next.", True),
        ("The new version is live.", True),
        ("Deployment 2 goes out next.", True),
        ("All answers since then verified against the approved facts.", True),
        ("The wrong answers were reproduced.", True),
        ("Reading the last three diffs.", True),
        ("Two rivals are ruled out.", True),
        ("Diagnosis filed; writing the test.", True),
        ("The cache is being bypassed.", True),
        ("Nothing new; still bisecting.", True),
        ("Fix in review.", True),
        ("Customers are being misled.", False),
        ("Nothing new.", False),
        ("Customers get wrong numbers.", False),
        ("The fix is not live.", False),
        ("Wrong fees since this morning.", False),
    ],
)
def test_what_is_done_to_the_fix_is_an_action_too(text: str, says: bool) -> None:
    assert saying.says_an_action(text) is says


IN_WORDS = [
    ("Follow-up questions without a product name get another conversation's product since r9.", True),
    ("Cause: 032eb05 keeps what was understood under its words alone; follow-ups therefore got another product.", True),
    ("It fails its own test: within one conversation the follow-up gets the former one.", True),
    ("Nothing changed: deployment 1 is live, 0 harmful answers since 00:08:11.", True),
    ("226 customers were told a wrong figure.", True),
    ("Nobody is affected any more.", True),
    ("No customer impact.", True),
    ("About 1 in 7 conversations goes wrong.", True),
    ("It mixes up customers who ask a follow-up.", True),
    ("We are looking into it.", False),
    ("We check whether customers are affected.", False),
    ("How many customers are affected?", False),
    ("The test asks what customers get.", False),
    ("The fix is being tested now.", False),
    ("Release stop stays. I reproduce it now.", False),
    ("Nothing new; still bisecting.", False),
    ("The impact is being measured.", False),
]


@pytest.mark.parametrize(("text", "says"), IN_WORDS)
def test_the_impact_may_be_told_in_words(text: str, says: bool) -> None:
    assert saying.says_an_impact(text) is says


def test_of_each_update_it_is_told_what_it_lacks_and_where_it_says_the_impact() -> None:
    def says(**each: Any) -> saying.Says:
        return saying.says(kept([each]).updates[0])

    assert says() == saying.Says("field", action=True, next_update=True, going_on=True)
    assert says(impact="", text="We reverted r9; follow-ups got wrong fees.").impact == "words"
    assert says(impact="", text="Nothing new.", next_update_at=None).lacks == ("impact", "action", "next_update")
    assert says(impact="", next_update_at=None).lacks == ("impact", "next_update")
    assert says(**RESOLVED, impact="", text="Over.").lacks == ("impact",)  # nobody waits for the others


@pytest.mark.parametrize("field", [".", "-", "\u200b", "\u2060 \u00ad", "n/a", "TBD", "Unknown.", "xx", "…"])
def test_a_field_with_nothing_in_it_tells_no_impact(field: str) -> None:
    text = "We are looking into it."
    (says,) = (saying.says(each) for each in kept([{"impact": field, "text": text}]).updates)
    assert says.impact == ""


@pytest.mark.parametrize("field", ["None.", "0", "unknown number of customers", "費用が誤り"])
def test_a_field_with_words_tells_one(field: str) -> None:
    assert saying.says(kept([{"impact": field}]).updates[0]).impact == "field"


@pytest.mark.parametrize(("complete", "proposed"), [(8, 10), (9, 15), (16, 15)])
def test_most_updates_are_more_than_half(complete: int, proposed: int) -> None:
    (dimension,) = [each for each in twins.load("jt-incident-4").rubric.dimensions if each.key == "communication"]
    said = {
        "communication.complete": Known(Fraction(complete, 16)),
        "communication.claims_contradicted": Known(Fraction(0)),
    }
    found = bands.weigh(dimension.bands, GOOD | said)
    assert found.proposed == proposed
    assert {each.band.score for each in found.higher} == ({20} if proposed == 15 else set())
