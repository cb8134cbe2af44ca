"""The post-mortem: times in many forms, follow-ups, latent period, blame; no text upsets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.followups import follow_ups, shortened
from grading.postmortem import actions, blame, latent, radius, reading, timeline
from grading.postmortem.aligned import Stamp
from tests.grading.test_aligning import HAPPENED, OPENINGS, READINGS, UTC_ONLY
from tests.grading.test_ground_truth import OPENED, SOUND, TRUTH, established, minute, version


def offsets(line: str, *, zones: tuple[object, ...] = UTC_ONLY) -> tuple[timedelta, ...]:
    (entry,) = timeline.entries(line)
    return entry.offsets(openings=OPENINGS, zones=zones)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "minutes"),
    [
        ("- 2026-11-21T09:12:00Z it was opened", 12),
        ("- 2026-11-21 09:12 UTC: seen", 12),
        ("* 2026-11-21 10:12+01:00 seen", 12),
        ("1. 21 November 2026, 09:12 seen", 12),
        ("- Nov 21, 2026 09:12 – seen", 12),
        ("- Nov 21, 09:12 seen", 12),
        ("| 2026-11-21 | 09:12 | seen |", 12),
        ("**09:12** seen", 12),
        ("- 09:12 UTC seen", 12),
        ("- 10:12 CET seen", 12),
        ("- 09:12: seen", 12),
        ("- 09:12-09:20 seen", 12),  # until when, and no zone
        ("- 09:12-05:00 seen", 312),
        ("- 9:12 am: seen", 12),
        ("- 09.12 seen", 12),
        ("- 09:12:30 seen", 12.5),
        ("09:12 - seen", 12),
        ("- T+12 seen", 12),
        ("- T+12m seen", 12),
        ("- T + 12 min: seen", 12),
        ("- T+0:12 seen", 12),
        ("- T+00:12:30 seen", 12.5),
        ("- T+1h05 seen", 65),
        ("- +12 min seen", 12),
        ("- T-15h30 deployed", -930),
        ("- T−30 min deployed", -30),
        ("- start + 12 min seen", 12),
        ("- min 12: seen", 12),
        ("- 2026-03-04 16:30 the release went live", -930),  # by the incident's own dates
        ("- 4 March 16:30 the release went live", -930),
    ],
)
def test_a_time_in_any_usual_form_is_read(line: str, minutes: float) -> None:
    assert timedelta(minutes=minutes) in offsets(line)


@pytest.mark.parametrize(
    "line",
    [
        "- The late fee was told as 39 USD.",
        "- We asked 12 questions and 3:1 were wrong in ratio terms, see 09:12 in the log.",
        "- 12 customers complained",
        "- version 1.12.3 was live",
        "- 50% of answers",
        "- - 12 more",
        "",
        "Ridge Gold 09",
    ],
)
def test_what_carries_no_time_is_no_entry(line: str) -> None:
    assert timeline.entries(line) == []


def test_a_day_comes_from_the_heading_or_the_entry_before_it_and_a_zone_from_the_section() -> None:
    text = (
        "# Post-mortem\n10:00 is not in it\n## Timeline\nAll times are CET.\n### 4 March 2026\n- 17:30 deployed\n"
        "- 2026-03-05 09:00 opened\n- 09:12 seen\n## Root cause\n- 11:00 not an entry\n"
    )
    found = timeline.entries(text)
    assert [entry.line for entry in found] == [6, 7, 8]
    first, _, last = (entry.offsets(openings=OPENINGS, zones=UTC_ONLY) for entry in found)
    assert timedelta(minutes=-930) in first
    assert timedelta(minutes=12) in last


@pytest.mark.parametrize(
    ("line", "year", "minutes"),
    [
        ("29 Feb 09:12 seen", 2028, [12]),
        ("Feb 29, 09:12 seen", 2028, [12]),
        ("29 Feb 2028 09:12 seen", 2028, [12]),
        ("29 Feb 09:12 seen", 2026, []),  # no year around has it
        ("29 Feb 09:12 seen", 2029, [12 - 366 * 1_440]),  # the year before has
    ],
)
def test_the_29th_of_february_is_a_day_of_a_year_that_has_it(line: str, year: int, minutes: list[int]) -> None:
    (entry,) = timeline.entries(line)
    opened = datetime(year, 2 if year == 2028 else 3, 29 if year == 2028 else 1, 9, tzinfo=UTC)
    assert entry.offsets(openings=(opened,), zones=UTC_ONLY) == tuple(timedelta(minutes=each) for each in minutes)


def test_a_word_that_begins_like_a_month_is_none() -> None:
    (entry,) = timeline.entries("09:12 SEV-2 declared")
    assert entry.day is None


def test_a_time_without_a_zone_may_be_the_learners_own() -> None:
    assert timedelta(minutes=12) in offsets("- 2026-11-21 14:42 seen", zones=(UTC, ZoneInfo("Asia/Kolkata")))


@given(st.text(max_size=500))
def test_no_text_whatever_upsets_it(text: str) -> None:
    found, _ = reading.best(timeline.entries(text), HAPPENED.events, READINGS)
    assert len(found.told) + len(found.missing) == len(HAPPENED.key_events)
    radius.radius(text, HAPPENED)
    latent.latent(text, {"onset to opening": timedelta(hours=3)})
    blame.blames(text, people=["Priya Shah"])
    for each in follow_ups(text):
        actions.action(each)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["A" * 40_000, "A: " * 13_000, "12:00 " * 6_600, "- 09:00 x\n" * 4_000, "# " + " " * 39_000 + "x", "T+1 " * 10_000,
     "because of the engineer " * 1_600, "until " * 6_600, "[x] " * 10_000, "5 wrong " * 5_000, "1,000 " * 6_600,
     "0.5" * 13_000, "1,234" * 8_000, "hidden for " + "1" * 39_000, "hidden for " + "1 day " * 6_000],
)  # fmt: skip
def test_a_text_as_long_as_it_may_be_takes_no_time(text: str) -> None:
    text = shortened(text)
    reading.best(timeline.entries(text), HAPPENED.events, READINGS, stamps=[Stamp(OPENED, "release")] * 500)
    radius.radius(text, HAPPENED)
    latent.latent(text, latent.periods(HAPPENED))
    blame.blames(text, people=["Priya Shah"])
    for each in follow_ups(f"## Follow-ups\n- {text}"):
        actions.action(each)


# --- Follow-ups -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            "- Alert when more than 2 % of answers conflict, owner: Priya, by 2026-12-01",
            ("alert", "Priya", "2026-12-01", True),
        ),
        ("- Probe every tier in CI (owner: @sam) within 2 weeks", ("probe", "@sam", "within 2 weeks", True)),
        (
            "- [ ] Prevent: Add a test that fails when a tier is lost. Owner: Lee. Due 3 December",
            ("add", "Lee", "3 December", True),
        ),
        ("- Better tests, owner: Lee, by Friday", (None, "Lee", "by Friday", False)),
        ("- We should be more careful", (None, None, None, False)),
        ("- Document the runbook", ("document", None, None, False)),
    ],
)
def test_a_follow_up_is_taken_apart(line: str, parts: tuple[str | None, str | None, str | None, bool]) -> None:
    (found,) = follow_ups(f"## Follow-ups\n{line}\n")
    action = actions.action(found)
    assert (action.verb, action.owner, action.due, action.end is not None) == parts
    assert action.complete is (None not in parts[:3] and parts[3])


def test_a_follow_up_in_a_table_is_taken_apart_too() -> None:
    (found,) = follow_ups(
        "## Follow-ups\n| Action | Owner | Due | Done when |\n|---|---|---|---|\n"
        "| Block deploys without probes | Kim | 2026-12-01 | at least 40 probes pass |\n"
    )
    action = actions.action(found)
    assert (action.verb, action.owner, action.due, action.complete) == ("block", "Kim", "2026-12-01", True)


# --- Latent period -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The fault lay hidden for 15 hours 30 minutes.", True),
        ("It was live for 15.5 h before anyone noticed.", True),
        ("Latent period: 16 hours", True),
        ("It was live for 2 days before anyone noticed.", False),
        ("It was unnoticed for a while.", False),
        ("The meeting took 15 hours.", False),
        ("It lay hidden for fifteen hours and thirty minutes.", True),
        ("It went unnoticed for sixteen hours.", True),
        ("The fault was live for fifteen and a half hours before the page.", True),
        ("Latent for 15:30 h.", True),
        ("Time to detect: 15h30m", True),
        ("Nobody noticed for 15½ hours.", True),
        ("It lay hidden for two days.", False),
        ("Before it was noticed it told 8 wrong answers a day.", False),
    ],
)
def test_the_latent_period_is_told_by_its_length(text: str, told: bool) -> None:
    assert latent.latent(text, latent.periods(HAPPENED)).told is told


PREPARED = established(
    version(1, minute(40), SOUND),
    truth=TRUTH
    | {"key_events": [{"id": "prepared", "what": "Cache by tier", "at": "2026-02-28T16:30:00Z", "key": False}]},
)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("It lay dormant for four days before r77 made it live.", "prepared to deployed"),
        ("The key was prepared 4 days earlier, by a change that harmed nobody.", "prepared to deployed"),
        ("The first half had been there for nearly five days.", "prepared to opening"),
        ("The fault slept for half a week and then r77 woke it.", "prepared to deployed"),
        ("Undetected for 15 h 30.", "onset to opening"),
        ("It lay dormant for four weeks.", ""),
        ("It lay dormant for a few days.", ""),
    ],
)
def test_what_was_prepared_days_before_may_be_told_as_the_latent_period(text: str, read_as: str) -> None:
    found = latent.latent(text, latent.periods(PREPARED))
    assert (found.told, found.read_as) == (bool(read_as), read_as)
    if "days" in text or "week" in text:
        assert not latent.latent(text, latent.periods(HAPPENED)).told


@pytest.mark.parametrize("number", ["99999999999", "9" * 400, "1" + "0" * 5_000])
def test_a_length_beyond_any_calendar_is_none(number: str) -> None:
    assert latent.latent(f"It lay hidden for {number} days.", latent.periods(HAPPENED)).length is None


# --- Blame ------------------------------------------------------------------------------------------------------------

PEOPLE = ["Priya Shah", "Tom Berg"]


@pytest.mark.parametrize(
    ("sentence", "person"),
    [
        ("Priya forgot to run the probes.", "Priya"),
        ("Tom Berg introduced the bug.", "Tom Berg"),
        ("The outage was caused by Tom.", "Tom"),
        ("It broke because of Priya's carelessness.", "Priya"),
        ("The reviewer should have noticed it.", "The reviewer"),
        ("I missed it.", "I"),
        ("You didn't check the index.", "You"),
        ("It was my mistake.", "my"),
        ("An engineer made a mistake.", "An engineer"),
        # nobody is the cause
        ("Priya deployed the release at 16:30.", None),
        ("Tom reviewed the change and the tests were green.", None),
        ("The review missed it because no test covered tiers.", None),
        ("We missed it because no alert watched conflicts.", None),
        ("Nobody is to blame.", None),
        ("Tom's error budget alert did not exist yet.", None),
        ("Tom's fault-injection test would have caught it.", None),
        ("The operator's error message was misleading.", None),
        ("I forgot nothing in the handover.", None),
        ("It is not Tom's fault that the gap existed.", None),
        ("The change that Priya merged lost the suffix.", None),
        ("The retriever failed to keep the tier.", None),
        ("The root cause was the missing filter.", None),
        ("I deployed the fix at 09:41.", None),
        ("The fault was caused by a lost suffix.", None),
    ],
)
def test_blame_needs_a_person_who_is_the_cause(sentence: str, person: str | None) -> None:
    found = blame.blames(f"# Root cause\n{sentence}", people=PEOPLE)
    assert [each.person for each in found] == ([] if person is None else [person])
    assert all(each.sentence == sentence and each.line == 2 for each in found)
