"""Claims in status updates: which words make one, and how it stands to telemetry."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.claims_told import Earlier, Kind, Seen, Standing, Stated, as_json, check, claims, seen_at
from tests.grading.test_ground_truth import SOUND, minute, told, version


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The issue is resolved.", [Kind.over]),
        ("Resolved.", [Kind.over]),
        ("The problem has been fixed and customers now get correct answers.", [Kind.over]),
        ("The fix is live.", [Kind.deployed]),
        ("We deployed a fix at 10:40.", [Kind.deployed]),
        ("Hotfix deployed.", [Kind.deployed]),
        ("I have just deployed the new version.", [Kind.deployed]),
        ("No further customers are affected.", [Kind.over]),
        ("Customers are no longer affected.", [Kind.over]),
        ("We have rolled back to the earlier release.", [Kind.rolled_back]),
        ("No customers were affected.", [Kind.nobody]),
        ("There is no customer impact.", [Kind.nobody]),
        ("All customers are getting wrong figures.", [Kind.everybody]),
        ("Every answer is wrong.", [Kind.everybody]),
        ("About 12 % of answers are wrong.", [Kind.how_much]),
        (
            "So far 37 wrong answers were given; at least 30 customers were told a wrong fee.",
            [Kind.how_many, Kind.how_many],
        ),
        # no claims: plans, doubts, questions, negations, and other numbers
        ("The issue is not yet resolved.", []),
        ("We expect it to be fixed by 11:00.", []),
        ("Once the fix is deployed we will confirm.", []),
        ("Is the problem fixed?", []),
        ("We are working on a fix.", []),
        ("We will roll back if it gets worse.", []),
        ("It may affect all customers.", []),
        ("We are investigating whether no customers were affected.", []),
        ("The late fee of Ridge Gold was told as 39 USD instead of 45 USD.", []),
        ("Our target is that less than 2 % of answers are wrong.", []),
        ("We run 40 questions against it.", []),
        ("We fixed the test.", []),
        ("About 30 % of answers about Plus products are wrong.", []),  # of some questions only
        ("We have released a statement.", []),
        ("All customers were informed.", []),
        ("No fix is live yet.", []),
        ("Without a fix live we keep warning customers.", []),
        ("158 answers were wrong.", [Kind.how_many]),
        ("Not 40 but 158 answers were wrong.", [Kind.how_many]),
        ("Compliance has the list of all 128 affected customers.", [Kind.how_many]),
        ("130 to 160 customers were misinformed.", [Kind.unread]),  # of a range, which end is meant?
        ("The error rate is down from 50 % to 0 %.", [Kind.unread]),
        ("About half of all answers were wrong.", [Kind.unread]),
        ("We do not see any further harmful answers.", [Kind.unread]),
        ("It is resolved for staging only.", []),
        ("We deployed the fix locally.", []),
        ("The issue is partly fixed.", []),
        ("", []),
    ],
)
def test_what_is_a_claim(text: str, kinds: list[Kind]) -> None:
    assert [each.kind for each in claims(text)] == kinds


def test_the_state_resolved_is_a_claim_without_words() -> None:
    assert [each.kind for each in claims("We keep watching.", state="resolved")] == [Kind.over]
    assert claims("We keep watching.", state="monitoring") == []


@pytest.mark.parametrize(
    ("text", "number", "bound"),
    [
        ("12 % of answers are wrong", Fraction(12, 100), ""),
        ("up to 2.5 percent of all replies were incorrect", Fraction(25, 1000), "at most"),
        ("more than 1,200 customers were told a wrong fee", Fraction(1200), "at least"),
        ("roughly 40 harmful answers", Fraction(40), "at least"),  # nothing says that these are all
        ("only 40 harmful answers", Fraction(40), ""),
        ("40 harmful answers in total", Fraction(40), ""),
    ],
)
def test_the_numbers_of_a_claim(text: str, number: Fraction, bound: str) -> None:
    (stated,) = claims(text)
    assert (stated.number, stated.bound) == (number, bound)


SEEN = Seen(
    asked=200,
    harmful=24,
    sessions=20,
    recent_asked=50,
    recent_harmful=10,
    deployment=0,
    release=0,
    rolled_back=False,
    version_share=Fraction(15, 100),
    clean=False,
    before_answers=120,
    before_sessions=90,
)
MENDED = replace(SEEN, deployment=1, release=1, version_share=Fraction(0), clean=True, recent_harmful=0)
YES, NO, OPEN = Standing.consistent, Standing.contradicted, Standing.not_checkable


@pytest.mark.parametrize(
    ("text", "seen", "standing"),
    [
        ("It is resolved.", SEEN, NO),
        ("It is resolved.", MENDED, YES),
        ("It is resolved.", None, OPEN),
        ("The fix is live.", SEEN, NO),
        ("The fix is live.", MENDED, YES),
        ("We rolled back.", SEEN, NO),
        ("We rolled back.", replace(SEEN, rolled_back=True), YES),
        ("No customers were affected.", SEEN, NO),
        ("No customers were affected.", replace(SEEN, harmful=0, before_answers=0), YES),
        ("All customers are told wrong figures.", SEEN, NO),
        ("All customers are told wrong figures.", replace(SEEN, harmful=190), YES),
        ("All customers are told wrong figures.", replace(SEEN, harmful=140), OPEN),
        ("12 % of answers are wrong.", SEEN, YES),  # since the opening
        ("20 % of answers are wrong.", SEEN, YES),  # in the last quarter of an hour
        ("15 % of answers are wrong.", SEEN, YES),  # of the version
        ("60 % of answers are wrong.", SEEN, NO),
        ("1 % of answers are wrong.", SEEN, NO),
        ("28 % of answers are wrong.", SEEN, OPEN),
        ("up to 60 % of answers are wrong.", SEEN, YES),
        ("up to 2 % of answers are wrong.", SEEN, NO),
        ("144 wrong answers so far.", SEEN, YES),
        ("100 customers were told a wrong fee.", SEEN, YES),
        ("900 customers were told a wrong fee.", SEEN, NO),
        ("3 wrong answers.", SEEN, YES),  # of one product, perhaps
        ("Only 3 wrong answers.", SEEN, NO),
        ("In total 3 wrong answers.", SEEN, NO),
        ("at least 3 wrong answers.", SEEN, YES),
        ("at least 900 wrong answers.", SEEN, NO),
    ],
)
def test_how_a_claim_stands_to_telemetry(text: str, seen: Seen | None, standing: Standing) -> None:
    (stated,) = claims(text)
    checked = check(stated, seen)
    assert checked.standing is standing, checked.why
    assert checked.why
    assert as_json(checked, seen)["standing"] == standing


BROKEN = Earlier(Fraction(12, 100), asked=150, harmful=18, so_far=18, sessions_so_far=16)
AFTER = replace(MENDED, asked=900, harmful=18, sessions=16, before_answers=0, before_sessions=0, earlier=(BROKEN,))


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("12 % of answers were wrong before the fix.", YES),
        ("Before the fix, 12 % of answers were wrong.", YES),
        ("Before the hotfix, 12 % of the answers are wrong.", YES),  # as some write it
        ("12 % of answers were wrong until we rolled back.", YES),
        ("We now know that 12 % of answers were wrong.", YES),
        ("60 % of answers were wrong before the fix.", NO),
        ("60 % of answers were wrong.", OPEN),  # when, we cannot tell
        ("Before 10:40, 60 % of answers were wrong.", OPEN),
        ("At its peak 60 % of answers were wrong.", OPEN),
        ("12 % of answers are wrong.", NO),
        ("Now 12 % of answers are wrong.", NO),
        ("Before the fix 12 % of answers were wrong, now 40 % of answers are wrong.", NO),  # the second one
        ("Before the fix 12 % of answers were wrong, now 1 % of answers are wrong.", YES),
        ("Only 18 wrong answers were given before the fix.", YES),
        ("Only 4 wrong answers had been given before 10:40.", OPEN),
        ("900 customers were told a wrong fee before the fix.", NO),
        ("Before 10:40, 900 customers were told a wrong fee.", NO),  # more than there have been at all
        ("All answers were wrong.", NO),
    ],
)
def test_what_is_told_of_an_earlier_time_is_held_against_that_time(text: str, standing: Standing) -> None:
    assert check(claims(text)[-1], AFTER).standing is standing


def test_that_all_were_affected_may_have_been_true_of_a_version_before() -> None:
    seen = replace(AFTER, earlier=(replace(BROKEN, version_share=Fraction(95, 100)),))
    assert check(claims("All answers were wrong.")[-1], seen).standing is YES
    assert check(claims("All answers are wrong.")[-1], seen).standing is NO


def test_what_telemetry_knew_is_what_customers_had_got_by_then() -> None:
    known = told(version(1, minute(40), SOUND))
    early = seen_at(known, minute(20), before_answers=5, before_sessions=4)
    late = seen_at(known, minute(50), before_answers=5, before_sessions=4)
    assert early is not None
    assert late is not None
    assert (early.asked, early.harmful, early.deployment, early.clean) == (2, 1, 0, False)
    assert (late.asked, late.harmful, late.deployment, late.clean) == (4, 1, 1, True)
    assert early.version_share == Fraction(1, 2)
    assert early.earlier == ()
    assert late.earlier == (Earlier(Fraction(1, 2), asked=3, harmful=1, so_far=1, sessions_so_far=1),)
    assert seen_at(known, minute(91), before_answers=None, before_sessions=None) is None
    assert seen_at(None, minute(1), before_answers=None, before_sessions=None) is None


def test_why_is_read_at_a_glance_however_many_versions_there_were() -> None:
    (few,) = claims("37 wrong answers so far.")
    assert check(few, SEEN).why == (
        "Harmful at that moment: 24 answers since the opening, 20 customers since the opening, 120 answers before it, "
        "144 answers in all, 90 customers before it, 110 customers in all."
    )
    many = replace(AFTER, earlier=(BROKEN,) * 30, before_answers=120, before_sessions=90)
    for text in ("900 wrong answers before the fix.", "60 % of answers were wrong before the fix.", "It is resolved."):
        checked = check(claims(text)[-1], many)
        assert len(checked.why) <= 240, checked.why
        assert "Harmful at that moment: " in checked.why or "deployment 1 harmed" in checked.why
        telemetry = as_json(checked, many)["telemetry"]
        assert isinstance(telemetry, dict)
        assert len(telemetry["versions_before"]) == 30  # nothing is lost


@given(st.text(max_size=400))
def test_no_text_whatever_upsets_it(text: str) -> None:
    for stated in claims(text, state="resolved"):
        assert check(stated, SEEN).standing in Standing


@pytest.mark.timeout(2)
@pytest.mark.parametrize("gap", ["\r", "\x0b", "\x85", " ", "\t"])
def test_an_update_of_blanks_costs_nothing(gap: str) -> None:
    assert claims("12 % of answers " + gap * 5_900 + "!") == []


@given(number=st.fractions(0, 10_000), harmful=st.integers(0, 10_000))
def test_no_number_is_both_near_and_far(number: Fraction, harmful: int) -> None:
    seen = replace(SEEN, harmful=harmful, sessions=harmful, before_answers=None, before_sessions=None)
    standing = check(Stated(Kind.how_many, "s", number), seen).standing
    if number == harmful:
        assert standing is YES
    if number > 3 * harmful + 1:
        assert standing is NO
