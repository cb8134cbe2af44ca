"""Claims that are easily misread: read where they are plain, told to the mentor as unread where they are not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from grading.claims_told import Kind, Standing, as_json, check, claims, seen_at
from grading.claims_told.stating import When
from tests.grading.test_claims_told import AFTER, MENDED, SEEN
from tests.grading.test_ground_truth import SOUND, minute, told, version

YES, NO, OPEN = Standing.consistent, Standing.contradicted, Standing.not_checkable
HARMING = replace(SEEN, since_asked=120, since_harmful=14)
SLIPPED = replace(MENDED, since_asked=90, since_harmful=1)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Nobody is told wrong things any more.", [Kind.nobody_now]),
        ("Nobody is being told wrong things any more.", [Kind.nobody_now]),
        ("No customer gets a wrong answer.", [Kind.nobody_now]),
        ("No customers are getting incorrect answers now.", [Kind.nobody_now]),
        ("No one is told anything wrong.", [Kind.nobody_now]),
        ("Customers no longer get wrong answers.", [Kind.nobody_now]),
        ("None of our customers receives false information any longer.", [Kind.nobody_now]),
        ("The fix is live and no customer gets a wrong answer.", [Kind.nobody_now, Kind.deployed]),
        ("It is resolved: nobody is told wrong things any more.", [Kind.nobody_now, Kind.over]),
        ("Nobody was told wrong things.", [Kind.nobody]),
        ("No customer has been given a wrong answer.", [Kind.nobody]),
        # what may be one is told, and held against nobody
        ("Nobody is told wrong things about fees any more.", [Kind.unread]),
        ("No customer was told a wrong rate, only wrong fees.", [Kind.unread]),
        ("No customers were told wrong rates.", [Kind.unread]),
        ("For Plus products no customer gets a wrong answer.", [Kind.unread]),
        ("Nobody is told wrong things before the next release.", [Kind.unread]),
        ("Nobody on staging gets wrong answers, and no customer gets a wrong answer except in chat.", [Kind.unread]),
        ("Nobody has been told wrong things since 10:40.", [Kind.lately]),
        ("Nobody was told wrong things after the fix.", [Kind.lately]),
        ("Support says nobody is told wrong things any more.", [Kind.unread]),
        ("We are checking that no customer gets a wrong answer.", [Kind.unread]),
        ("It is not yet true that nobody is told wrong things.", [Kind.unread]),
        # plans, aims, questions
        ("Is nobody told wrong things any more?", []),
        ("We expect that nobody is told wrong things by 11:00.", []),
        ("We roll back so that no customer gets a wrong answer.", []),
        ("Our goal: no customer gets a wrong answer.", []),
        ("Nobody has been told about it.", []),
    ],
)
def test_that_nobody_is_told_wrong_things(text: str, kinds: list[Kind]) -> None:
    assert [each.kind for each in claims(text)] == kinds


@pytest.mark.parametrize(
    ("seen", "standing"),
    [
        (HARMING, NO),
        (MENDED, YES),
        (replace(MENDED, since_asked=90), YES),
        (SLIPPED, OPEN),  # clean by what it harms of all the traffic, and one answer was not
        (replace(SEEN, since_asked=3), OPEN),  # it would harm, and has not yet
        (None, OPEN),
    ],
)
def test_that_nobody_is_told_wrong_things_now_is_held_against_the_version_of_that_minute(
    seen: Any, standing: Standing
) -> None:
    (stated,) = claims("Nobody is told wrong things any more.")
    checked = check(stated, seen)
    assert checked.standing is standing, checked.why
    assert as_json(checked, seen)["claim"] == "nobody_now"


def test_what_a_version_did_is_counted_from_the_moment_customers_got_it() -> None:
    known = told(version(1, minute(40), SOUND))
    early = seen_at(known, minute(20), before_answers=5, before_sessions=4)
    late = seen_at(known, minute(50), before_answers=5, before_sessions=4)
    assert early is not None
    assert late is not None
    assert (early.since_asked, early.since_harmful) == (early.asked, early.harmful) == (2, 1)
    assert (late.since_asked, late.since_harmful) == (1, 0)
    (stated,) = claims("No customer gets a wrong answer.")
    assert [check(stated, each).standing for each in (early, late)] == [NO, YES]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("37 wrong answers in 30 conversations.", [("answers", 37), ("conversations", 30)]),
        ("So far 1,200 answers in 900 conversations were wrong.", [("answers", 1200), ("conversations", 900)]),
        ("Affected: 37 answers in 30 customer conversations.", [("answers", 37), ("conversations", 30)]),
        ("We count 37 harmful replies across about 30 sessions.", [("answers", 37), ("conversations", 30)]),
        ("37 wrong answers were given.", [("", 37)]),  # as before
    ],
)
def test_so_many_answers_in_so_many_conversations_are_two_claims(text: str, numbers: list[Any]) -> None:
    found = claims(text)
    assert {each.kind for each in found} == {Kind.how_many}
    assert [(each.of, each.number) for each in found] == numbers
    assert {each.bound for each in found} == {"at least"}


@pytest.mark.parametrize(
    "text",
    ["Impact: 37 answers in 30 conversations.", "We looked at 40 answers in 12 conversations, and some are wrong."],
)
def test_answers_of_which_nothing_says_that_they_were_wrong_are_unread(text: str) -> None:
    (found,) = claims(text)
    assert found.kind is Kind.unread
    checked = check(found, SEEN)
    assert (checked.standing, check(found, None).why) == (OPEN, checked.why)
    assert "read it" in checked.why


@pytest.mark.parametrize(
    ("text", "standings"),
    [
        ("144 wrong answers in 110 conversations.", [YES, YES]),  # in all: 120 + 24 and 90 + 20
        ("24 wrong answers in 20 conversations in total.", [YES, YES]),
        ("900 wrong answers in 110 conversations.", [NO, YES]),
        ("144 wrong answers in 900 conversations.", [YES, NO]),
        ("Only 4 wrong answers in 3 conversations.", [NO, NO]),
        ("4 wrong answers in 3 conversations.", [YES, YES]),  # there may be others
        ("Only 4 wrong answers in 3 conversations in the last 15 minutes.", [YES, YES]),  # of another time
        ("If 900 wrong answers in 800 conversations were given, we would tell.", []),
    ],
)
def test_each_number_is_held_against_what_it_counts(text: str, standings: list[Standing]) -> None:
    assert [check(each, SEEN).standing for each in claims(text)] == standings


def test_so_many_of_an_earlier_time_are_held_against_that_time() -> None:
    found = claims("Only 18 wrong answers in 16 conversations before the fix.")
    assert {each.when for each in found} == {When.before_the_fix}
    assert [check(each, AFTER).standing for each in found] == [YES, YES]
    assert check(replace(found[0], number=Fraction(900)), AFTER).standing is NO


@pytest.mark.parametrize(
    "text",
    [
        "The bug is fixed on main, deployment follows.",  # on something that customers do not get
        "The bug is fixed in code; rollout starts in 5 minutes.",
        "The fault is solved on my machine.",
        "The fix is live on a copy here.",
        "The fix is out for review.",
        "I rolled back r76 in my sandbox.",
        "No further wrong answers in my test run.",
        "Fix deployed within 10 minutes.",
        "Fix deployed by 09:45.",
        "r75 was rolled back last month, so we look at r76.",  # on another day
        "A change was deployed yesterday that drops the tier from the key.",
        "The change is live since 4 March.",
        "A new version was released on Tuesday.",
        "This was resolved in February and is back.",
        "The release was deployed at 16:30 and introduced the fault.",  # the faulty one
        "The incident is over for Silver customers.",  # of some
        "It is gone from the Silver tier.",
        "Customers now get correct answers to most questions.",
        "No customers are affected outside the Gold tier.",
        "No one is affected in the Silver tier.",
        "No impact on payments or balances.",
        "No customer was harmed financially.",
        "No customer impact known so far.",
        "All customers get wrong answers about late fees.",
        "Fewer than 10 wrong answers per hour.",  # a rate, a sample, a part
        "Only 3 customers are affected on the Gold tier.",
        "In my sample 60 % of answers are wrong.",
    ],
)
def test_what_may_be_of_another_place_day_or_part_is_unread(text: str) -> None:
    assert {each.kind for each in claims(text)} == {Kind.unread}


@pytest.mark.parametrize(
    "text",
    [
        "It is fixed in production.",
        "The issue is resolved for all customers.",
        "Customers now get correct answers to all questions.",
        "We deployed a fix for the late fees.",
        "The new version is live.",
        "There is no impact on customers.",
        "Only 3 wrong answers.",
    ],
)
def test_what_is_of_all_that_customers_get_is_held_against_it(text: str) -> None:
    assert {check(each, SEEN).standing for each in claims(text)} == {NO}


def test_no_number_of_those_impacted_is_no_claim_that_there_are_none() -> None:
    assert claims("There is no impact estimate yet.") == []


def test_a_number_since_a_moment_may_be_fewer_than_all() -> None:
    known = told()  # two of three that were answered harmfully were answered by then
    for text, standing in (("Only 2 wrong answers since 09:00.", YES), ("Only 20 wrong answers since 09:00.", NO)):
        seen = seen_at(known, minute(60), before_answers=0, before_sessions=0)
        assert {check(each, seen).standing for each in claims(text)} == {standing}


def test_a_claim_made_twice_is_one_and_very_many_numbers_are_told_in_part() -> None:
    assert [each.kind for each in claims("Resolved.\n" * 400, state="resolved")] == [Kind.over]
    found = claims(", ".join(f"{number} wrong answers" for number in range(1, 301)) + "\nThe fix is live.")
    assert [each.number for each in found[:40]] == list(range(1, 41))
    assert [each.kind for each in found[40:]] == [Kind.deployed, Kind.unread]
    assert max(len(each.sentence) for each in found) <= 500
    assert len(claims("\n".join(f"We deployed change {number} on a copy." for number in range(300)))) == 41


@pytest.mark.timeout(2)
@pytest.mark.parametrize(
    "text", ["3 wrong answers, ", "only 3 customers were told and ", "12 % of answers are wrong, "]
)
def test_an_update_of_numbers_costs_its_length(text: str) -> None:
    assert len(claims(text * (6_000 // len(text)))) == 1


@pytest.mark.timeout(2)
@pytest.mark.parametrize("text", ["nobody is told " * 400, "37 answers in " * 400, "no customer gets a a a " * 300])
def test_an_update_of_beginnings_costs_nothing(text: str) -> None:
    claims(text)
