"""Claims of some minutes, and of when a version went live, held against the answers and the moments of that time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from fractions import Fraction

import pytest

from exams.live.telemetry import Course, Entry, Telemetry, Version, measure
from exams.live.telemetry.outcomes import Guard, Outcome, Replayed
from grading.claims_told import Dials, Kind, Seen, Standing, Stated, Told, as_json, check, claims, corrections, seen_at
from grading.claims_told.stating import Clock, Span
from tests.grading.test_claims_told import SEEN

YES, NO, OPEN = Standing.consistent, Standing.contradicted, Standing.not_checkable
OPENED = datetime(2026, 11, 21, 21, tzinfo=UTC)
IN_INCIDENT = datetime(2026, 3, 5, 8, tzinfo=UTC)
TRAFFIC = [Entry(30 * n, f"q{n}", f"s{n}") for n in range(180)]  # two a minute


def minute(after: float) -> datetime:
    return OPENED + timedelta(minutes=after)


def version(number: int, after: float, outcomes: str, *, release: int | None = None) -> Version:
    replayed = Replayed(tuple(Outcome(each) for each in outcomes), (Guard.none,) * len(outcomes))
    return Version(number, number if release is None else release, minute(after), replayed)


FAULTY = version(0, 0, "ec" * 90)
FIXED = version(1, 38, "c" * 180)  # 38 wrong answers until then
SLIPS = version(1, 38, "c" * 100 + "e" + "c" * 79)  # one at minute 50
HALF = version(1, 38, "eccccccc" * 22 + "cccc")


def told(*versions: Version) -> Telemetry:
    return measure(TRAFFIC, [FAULTY, *versions], Course(OPENED, 100, 7), until=minute(90))


def seen(after: float, *versions: Version, dials: Dials | None = None) -> Seen | None:
    return seen_at(told(*versions), minute(after), before_answers=120, before_sessions=90, dials=dials)


@pytest.mark.parametrize(
    ("text", "number", "span"),
    [
        ("0 of 80 questions were answered wrongly.", 0, Span(of=80)),
        ("None of the last 40 answers were harmful.", 0, Span(last=40)),
        ("0 harmful answers since 21:38.", 0, Span(since=Clock(time(21, 38), None, "since 21:38"))),
        ("No wrong answers in the last 15 minutes.", 0, Span(minutes=15)),
        ("No wrong answers for half an hour now.", 0, Span(minutes=30)),
        ("Zero harmful answers since the fix.", 0, Span(since_version=True)),
        ("All of the last forty answers were correct.", 0, Span(last=40)),
        ("80 of 80 questions answered correctly since deployment 2.", 0, Span(since_version=True, of=80)),
        ("Of the last 40 answers none were harmful.", 0, Span(last=40)),
        ("Fix confirmed, last 40 live answers all correct.", 0, Span(last=40)),
        ("No customer has received a wrong answer since the fix.", 0, Span(since_version=True)),
        ("All answers since the fix are correct.", 0, Span(since_version=True)),
        ("2 of the last 40 answers were wrong.", 2, Span(last=40)),
        ("0/120 answers wrong since the rollback.", 0, Span(since_version=True, of=120)),
        ("Nobody was told wrong things after the fix.", 0, Span(since_version=True)),
        ("Up to 5 wrong answers in the last ten minutes.", 5, Span(minutes=10)),
    ],
)
def test_how_many_of_which_answers_were_wrong_is_read(text: str, number: int, span: Span) -> None:
    (found,) = claims(text)
    assert (found.kind, found.number, found.span) == (Kind.lately, Fraction(number), span)


@pytest.mark.parametrize(
    "text",
    [
        "We replayed 80 questions: 0 of 80 were answered wrongly.",
        "No customer has received a wrong fee since the fix.",  # rates may have been wrong
        "30 of the last 60 answers before the fix were wrong.",
        "6 of 12 of our own questions were answered wrongly.",
        "In my test run 0 of 80 questions were answered wrongly.",
        "0 of 80 questions about fees were answered wrongly.",
        "78 of 80 questions were answered correctly.",  # the others may have been refused
        "We report once 0 of the last 100 answers are wrong.",
        "No wrong answers.",
        "From 21:38 to 21:50 no wrong answers.",
        "No wrong answers since 21:38 on the copy in my sandbox, no wrong answers for Silver since 21:38.",
    ],
)
def test_what_may_be_of_others_or_of_another_time_is_unread(text: str) -> None:
    found = claims(text)
    assert found
    assert {each.kind for each in found} <= {Kind.unread, Kind.lately}
    assert NO not in {check(each, seen(60)).standing for each in found if each.kind is Kind.unread}


def test_a_number_has_its_own_span_and_none_of_another_number() -> None:
    (whole,) = claims("So far 158 wrong answers, 38 of them since 21:00.")
    assert (whole.kind, whole.number) == (Kind.how_many, Fraction(158))
    (late,) = claims("Since 21:38, there were 0 harmful answers.")
    assert (late.kind, late.span is not None and late.span.since is not None) == (Kind.lately, True)


@pytest.mark.parametrize(
    "text", ["If 0 of the last 80 answers are wrong, we close.", "Are 0 of the last 80 answers wrong?"]
)
def test_a_plan_and_a_question_give_no_number(text: str) -> None:
    assert claims(text) == []


@pytest.mark.parametrize(
    ("text", "version", "standing"),
    [
        ("0 harmful answers since 21:38.", FIXED, YES),
        ("0 harmful answers since 21:38 UTC.", FIXED, YES),
        ("0 harmful answers since 21:37.", FIXED, YES),  # to the minute, as people write
        ("0 harmful answers since 21:10.", FIXED, NO),
        ("0 harmful answers since 21:38.", SLIPS, OPEN),  # one slipped through
        ("0 harmful answers since 21:38.", HALF, NO),
        ("0 harmful answers since 19:38.", HALF, OPEN),  # no time of the window by any clock
        ("The last wrong answer was at 21:37.", FIXED, YES),
        ("The last wrong answer was at 21:20.", FIXED, NO),
        ("No harmful answers since the fix.", FIXED, YES),
        ("No harmful answers since the fix.", HALF, NO),
        ("None of the last 40 answers were harmful.", FIXED, YES),
        ("None of the last 100 answers were harmful.", FIXED, NO),
        ("No wrong answers in the last 20 minutes.", FIXED, YES),
        ("No wrong answers in the last 45 minutes.", FIXED, NO),
        ("38 wrong answers since 21:00.", FIXED, YES),
        ("Only 4 wrong answers since 21:00.", FIXED, NO),
        ("4 wrong answers since 21:00.", FIXED, YES),  # there may be others
        ("38 of 120 answers since 21:00 were wrong.", FIXED, YES),
        ("0 of 120 answers since 21:00 were wrong.", FIXED, NO),
        ("0 of 12 answers since 21:00 were wrong.", FIXED, OPEN),  # of twelve that may be any
        ("0 of 80 questions were answered wrongly.", FIXED, YES),
        ("0 of 80 questions were answered wrongly.", HALF, OPEN),  # they may be of her own
    ],
)
def test_it_is_held_against_the_answers_of_that_time(text: str, version: Version, standing: Standing) -> None:
    (stated,) = claims(text)
    checked = check(stated, seen(60, version))
    assert checked.standing is standing, checked.why
    assert len(checked.why) <= 240


@pytest.mark.parametrize(
    ("text", "versions", "standing"),
    [
        ("Since 21:38 UTC 0 of about 120 answers were harmful.", FIXED, YES),
        ("Since 21:38 UTC 0 of about 44 answers were harmful.", HALF, NO),
    ],
)
def test_about_so_many_is_the_whole_and_no_number_of_wrong_ones(
    text: str, versions: Version, standing: Standing
) -> None:
    (stated,) = claims(text)
    assert (stated.kind, stated.number) == (Kind.lately, Fraction(0))
    assert check(stated, seen(60, versions)).standing is standing


@pytest.mark.parametrize(
    ("text", "kind", "bound"),
    [
        ("0 customers were told a wrong fee.", Kind.nobody, ""),
        ("0 customers affected at this moment.", Kind.nobody_now, ""),
        ("0 affected customers.", Kind.nobody_now, ""),
        ("0 customers were told a wrong fee since the fix.", Kind.unread, ""),
        ("0 customers affected on staging.", Kind.unread, ""),
        ("0 harmful answers since 21:38 UTC.", Kind.lately, ""),
        ("3 customers were told a wrong fee.", Kind.how_many, "at least"),
    ],
)
def test_none_is_no_lower_bound_which_could_not_be_wrong(text: str, kind: Kind, bound: str) -> None:
    assert [(each.kind, each.bound) for each in claims(text)] == [(kind, bound)]


BACK = version(3, 50, "c" * 180, release=1)
WORSE = version(2, 45, "c" * 180)


def test_after_a_rollback_both_moments_from_which_on_the_code_was_live_are_shown() -> None:
    at_last = seen(60, FIXED, WORSE, BACK)
    assert at_last is not None
    (stated,) = claims("Nobody is told anything wrong any more.")
    checked = check(stated, at_last)
    assert "deployment 3 (1 again)" in checked.why
    assert "since 21:50 UTC" in checked.why
    telemetry = as_json(checked, at_last)["telemetry"]
    assert telemetry["since_it_went_live"] == {"asked": 20, "harmful": 0, "at": minute(50)}
    assert telemetry["since_its_code_first_went_live"] == {"asked": 44, "harmful": 0, "at": minute(38)}
    (since,) = claims("No harmful answers since the fix.")
    assert check(since, at_last).why.startswith(
        "Harmful: 0 of 20 since the rollback to deployment 1 (21:50 UTC); 0 of 30 since deployment 2 was live"
    )


def test_why_gives_the_figures() -> None:
    (stated,) = claims("0 harmful answers since 21:38.")
    assert check(stated, seen(60, HALF)).why == "Harmful: 5 of 44 since 21:38 UTC."


def test_an_answer_given_while_the_update_was_written_contradicts_nothing() -> None:
    late = version(1, 38, "c" * 114 + "eee" + "c" * 63)  # at 57 to 58 minutes
    (stated,) = claims("0 harmful answers since 21:38.")
    assert check(stated, seen(60, late)).standing is YES
    assert check(stated, seen(75, late)).standing is NO


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("The fix is live since 21:38.", YES),
        ("The fix is live since 21:37.", YES),  # asked for, and live a minute later
        ("At 21:40 we deployed the hotfix.", YES),
        ("The fix is live since 21:45.", OPEN),
        ("The fix is live since 21:05.", NO),
        ("Deployment 1 is live (21:05).", NO),
        ("The fix is live since 08:38.", YES),  # by the incident's own dates
        ("The fix is live since 22:38 CET.", YES),
        ("The fix is live since 03:00.", OPEN),
        ("The fix is live at 22:30.", OPEN),  # to come
        ("The fix is live.", YES),
    ],
)
def test_since_when_a_version_is_live_is_held_against_when_it_went_live(text: str, standing: Standing) -> None:
    (stated,) = claims(text)
    at_sixty = seen(60, FIXED, dials=Dials((OPENED, IN_INCIDENT)))
    checked = check(stated, at_sixty)
    assert checked.standing is standing, checked.why


def test_both_times_are_shown() -> None:
    (stated,) = claims("The fix is live since 21:05.")
    why = check(stated, seen(60, FIXED)).why
    assert why.startswith("Told: 21:05 UTC; deployment 1 went live at 21:38 UTC, 33 minutes from it.")


def test_a_time_without_a_zone_may_be_the_learners_own() -> None:
    (stated,) = claims("The fix is live since 23:38.")
    own = Dials((OPENED,), (UTC, timezone(timedelta(hours=2))))
    assert check(stated, seen(60, FIXED, dials=own)).standing is YES


def test_a_rollback_has_a_time_of_its_own() -> None:
    back = version(2, 50, "ec" * 90, release=0)
    for text, standing in (("We rolled back at 21:50.", YES), ("We rolled back at 21:38.", NO)):
        (stated,) = claims(text)
        assert check(stated, seen(60, FIXED, back)).standing is standing


def put_right(*texts: str) -> dict[int, int]:
    every = [Told(number, check(each, SEEN)) for number, text in enumerate(texts, start=1) for each in claims(text)]
    return corrections(every)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("900 wrong answers so far.", "Correction: 144 wrong answers."), {0: 1}),
        (("Only 3 wrong answers.", "We are looking.", "144 wrong answers, not 3."), {0: 1}),
        (("60 % of answers are wrong.", "12 % of answers are wrong."), {0: 1}),
        (("No customers were affected.", "110 customers were told a wrong fee."), {0: 1}),
        (("900 customers were told a wrong fee.", "144 wrong answers."), {}),  # of another thing
        (("900 wrong answers so far.", "700 wrong answers."), {}),
        (("900 wrong answers so far.", "At least 3 wrong answers."), {}),  # true, and no figure
        (("144 wrong answers.", "900 wrong answers."), {}),
        (("900 wrong answers, 144 wrong answers.",), {}),  # no later update
    ],
)
def test_a_wrong_figure_points_to_the_update_that_puts_it_right(texts: tuple[str, ...], found: dict[int, int]) -> None:
    assert put_right(*texts) == found


def test_without_telemetry_nothing_is_made_of_it() -> None:
    for text in ("0 harmful answers since 21:38.", "None of the last 40 answers were harmful."):
        (stated,) = claims(text)
        assert check(stated, None).standing is OPEN
        assert check(stated, replace(SEEN, given=None)).standing is OPEN
    assert check(Stated(Kind.lately, "s", Fraction(0)), seen(60, FIXED)).standing is YES


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["0 of 80 questions ", "none of the last 40 answers were ", "0 harmful answers since 21:38 ", "since 21:3", "last ",
     "for ten minutes ", "since the fix went live ", "0 of 0 of ", "The fix is live since 21:38 to ", "at 21:38 "],
)  # fmt: skip
def test_a_text_as_long_as_it_may_be_takes_no_time(text: str) -> None:
    claims(text * (40_000 // len(text)))
