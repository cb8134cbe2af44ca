"""The post-mortem: times in many forms, the timeline held against the record, follow-ups, blast radius, blame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.followups import follow_ups, shortened
from grading.ground_truth import GroundTruth, KeyEvent, Moment
from grading.postmortem import actions, aligning, blame, radius, timeline
from grading.postmortem.aligning import align
from tests.grading.test_ground_truth import OPENED, SOUND, act, established, minute, version

IN_INCIDENT = datetime(2026, 3, 5, 8, tzinfo=UTC)
OPENINGS = (OPENED, IN_INCIDENT)
UTC_ONLY = (UTC,)
READINGS = aligning.readings(OPENED, IN_INCIDENT, UTC_ONLY)


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


def test_a_time_without_a_zone_may_be_the_learners_own() -> None:
    assert timedelta(minutes=12) in offsets("- 2026-11-21 14:42 seen", zones=(UTC, ZoneInfo("Asia/Kolkata")))


HAPPENED = established(
    version(1, minute(40), SOUND),
    detected=act("detected", 6),
    confirmed=act("confirmed", 22),
    first_update=act("first_update", 4),
    resolved=act("resolved", 45),
    deployments={1: act("deployment-1", 40)},
)
GOOD = """## Timeline
- 2026-03-04 16:30 the release that lost the tier suffix was deployed
- 2026-03-04 16:42 the first customer was told a wrong fee
- 09:00 the incident was opened
- 09:04 we posted the first update
- 09:07 reproduced with two questions
- 09:21 root cause confirmed: the product key
- 09:41 the fix went live, harm stopped
- 09:45 resolved
"""


def aligned(text: str, happened: GroundTruth = HAPPENED) -> aligning.Aligned:
    return align(timeline.entries(text), happened.events, opened=OPENINGS, zones=UTC_ONLY, stamps=[minute(-60)])


def test_a_good_timeline_tells_every_key_event_and_invents_none() -> None:
    found = aligned(GOOD)
    shown = aligning.as_json(found)
    assert found.missing == ()
    assert found.invented == ()
    assert found.inversions == ()
    assert shown["recall"] == {"part": 6, "of": 6, "share": 1.0}
    assert shown["precision"] == {"part": 8, "of": 8, "share": 1.0}
    assert found.mean_error == timedelta(seconds=30)


def test_what_is_missing_invented_and_out_of_order_is_named() -> None:
    found = aligned(
        "## Timeline\n- 09:21 root cause confirmed\n- 09:07 we reproduced it\n- 09:00 opened\n- 09:31 the board met\n"
        "- 07:00 a release\n"
    )
    assert [event.id for event in found.missing] == ["deployed", "first_harmful", "mitigated"]
    assert [entry.text for entry in found.invented] == ["09:31 the board met"]
    assert [entry.text for entry in found.borne_out] == ["07:00 a release"]  # a file of operation has that moment
    assert len(found.inversions) == 0  # each has its own time, whatever the order of the lines


def test_two_events_told_in_the_other_order_are_an_inversion() -> None:
    early, late = (
        KeyEvent(name, what, Moment(minute(at)))
        for name, what, at in (("confirmed", "c", 20.0), ("mitigated", "m", 24.0))
    )
    text = "## Timeline\n- 09:19 mitigated, the fix is live\n- 09:25 root cause found\n"
    found = align(timeline.entries(text), [early, late], opened=OPENINGS, zones=UTC_ONLY)
    assert len(found.pairs) == 2
    (inverted,) = found.inversions
    assert [pair.event.id for pair in inverted] == ["mitigated", "confirmed"]


def test_times_written_to_the_minute_are_no_inversion_within_it() -> None:
    seconds = timedelta(seconds=8), timedelta(seconds=4)  # past the minute, by the server's clock and the incident's
    openings = tuple(opening + past for opening, past in zip(OPENINGS, seconds, strict=True))
    opened = KeyEvent("opened", "o", Moment(openings[0]))
    update = KeyEvent("first_update", "u", Moment(openings[0] + timedelta(seconds=26)))
    text = "## Timeline\n- 2026-03-05 08:00 the page, we take over\n- 09:00 the first status update\n"
    found = align(timeline.entries(text), [opened, update], opened=openings, zones=UTC_ONLY)
    assert {pair.entry.line: pair.event.id for pair in found.pairs} == {2: "opened", 3: "first_update"}
    assert found.inversions == ()


def test_one_entry_may_tell_two_events_if_its_words_do() -> None:
    found = aligned(
        "## Timeline\n- 16:35 the day before: the release was deployed, and customers began to be told wrong fees\n"
    )
    assert {event.id for event in found.told} == {"deployed", "first_harmful"}


@pytest.mark.parametrize(
    ("text", "clocks", "zone", "told"),
    [
        (GOOD, "both", "UTC", 6),
        ("- 09:00 opened\n- 09:21 root cause\n- 09:41 the fix is live\n", "server", "UTC", 3),
        # by the incident's dates throughout, in which 08:00 is the opening; 09:00 is nobody's
        ("- 16:30 deployed\n- 08:00 opened\n- 08:21 root cause\n- 08:41 the fix is live\n", "incident", "UTC", 4),
        ("- 14:30 opened\n- 14:51 root cause\n- 15:11 the fix is live\n", "server", "UTC+05:30", 3),
        ("- 14:51 root cause\n", "server", "UTC", 0),  # too little to assume a zone by
        ("", "server", "UTC", 0),
    ],
)
def test_a_timeline_is_read_in_the_plainest_way_by_which_it_tells_most(
    text: str, clocks: str, zone: str, told: int
) -> None:
    found, reading = aligning.best(timeline.entries(text), HAPPENED.events, READINGS)
    assert (reading.clocks, str(reading.zones[0]), len(found.told)) == (clocks, zone, told)
    assert reading.assumed is (zone != "UTC")
    assert aligning.as_json(found, reading)["read_as"]["zones"] == [zone]


def test_bold_times_and_lists_are_entries_too() -> None:
    text = "## Timeline\n**T-2h36** – a release\n**T+7** – seen\n* **09:21** cause\n"
    assert len(timeline.entries(text)) == 3


@pytest.mark.parametrize(("apart", "told"), [(2, 2), (2.1, 1)])
def test_what_happens_within_two_minutes_is_one_entry_to_people(apart: float, told: int) -> None:
    both = [
        KeyEvent(name, name, Moment(minute(after))) for name, after in (("deployed", 3.0), ("first_harmful", 3 + apart))
    ]
    found = align(timeline.entries("- 09:03 r76 went live"), both, opened=OPENINGS, zones=UTC_ONLY)
    assert len(found.told) == told


@pytest.mark.parametrize(
    ("late", "words", "told"),
    [
        (10, "the root cause", True),
        (10.1, "the root cause", False),
        (-10, "the root cause", True),
        (-10.1, "the root cause", False),
        (5, "it was so", True),
        (5.1, "it was so", False),
        (-5.1, "it was so", False),
    ],
)
def test_ten_minutes_are_near_enough_with_its_words_and_five_without(late: float, words: str, told: bool) -> None:
    event = KeyEvent("confirmed", "c", Moment(minute(20)))
    at = minute(20 + late)
    found = align(timeline.entries(f"- {at:%Y-%m-%d %H:%M:%S} {words}"), [event], opened=OPENINGS, zones=UTC_ONLY)
    assert bool(found.told) is told


@pytest.mark.parametrize(("late", "told", "error"), [(0, True, 0), (-60, True, 0), (-58, True, 2), (-30, False, None)])
def test_an_event_is_told_at_any_moment_its_words_may_mean(late: float, told: bool, error: float | None) -> None:
    event = KeyEvent("first_complaint", "c", Moment(minute(90)), or_at=(minute(30),))
    at = minute(90 + late)
    found = align(timeline.entries(f"- {at:%Y-%m-%d %H:%M:%S} a complaint"), [event], opened=OPENINGS, zones=UTC_ONLY)
    assert bool(found.told) is told
    assert found.mean_error == (None if error is None else timedelta(minutes=error))


@given(st.text(max_size=500))
def test_no_text_whatever_upsets_it(text: str) -> None:
    found = aligned(text)
    assert len(found.told) + len(found.missing) == len(HAPPENED.key_events)
    radius.radius(text, HAPPENED)
    radius.latent(text, timedelta(hours=3))
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
    aligning.best(timeline.entries(text), HAPPENED.events, READINGS, stamps=[OPENED] * 500)
    radius.radius(text, HAPPENED)
    radius.latent(text, HAPPENED.latent)
    blame.blames(text, people=["Priya Shah"])
    for each in follow_ups(f"## Follow-ups\n- {text}"):
        actions.action(each)


@given(st.lists(st.integers(0, 89), min_size=1, max_size=12))
def test_lengthening_a_timeline_never_makes_it_tell_less(minutes: list[int]) -> None:
    def told(count: int) -> int:
        text = "## Timeline\n" + "".join(f"- T+{each} something\n" for each in minutes[:count])
        return len(aligned(text).told)

    assert told(len(minutes)) >= told(len(minutes) - 1)


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


# --- Blast radius and latent period -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("121 wrong answers were given.", 0),  # 120 before and one while live
        ("120 wrong answers before the opening and 1 wrong answer after it.", 0),
        ("About 91 customers were told a wrong fee.", 0),
        ("| wrong answers | 121 |", 0),
        ("Wrong answers: **121**", 0),
        ("Some 100 conversations were affected", 10),
        ("242 harmful answers", 100),
        ("120 wrong answers before it was opened; 121 in all.", 0),
        ("# Blast radius\n121 wrong answers\n# Follow-ups\n- fail the build at 1 wrong answer\n", 0),
        ("# Blast radius\n100 wrong answers\n# Follow-ups\n- fail at 21 wrong answers\n", 17),
        (" ".join(f"{number} wrong answers." for number in (5, 10, 20, 40, 80, 120)), 1),
        (" ".join(f"{number} wrong answers." for number in (5, 10, 20, 40, 80, 121, 300)), None),  # one fits any truth
        (" ".join(f"{number} customers." for number in range(80, 100)), None),
        ("A few customers were affected.", None),
        ("12 % of answers were wrong", None),
        ("The late fee is 39 USD.", None),
    ],
)
def test_the_stated_blast_radius_is_held_against_the_true_one(text: str, percent: int | None) -> None:
    found = radius.radius(text, HAPPENED)
    assert (None if found.error is None else round(float(found.error) * 100)) == percent
    assert radius.as_json(found, HAPPENED)["true"]["total"] == {"answers": 121, "sessions": 91}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The fault lay hidden for 15 hours 30 minutes.", True),
        ("It was live for 15.5 h before anyone noticed.", True),
        ("Latent period: 16 hours", True),
        ("It was live for 2 days before anyone noticed.", False),
        ("It was unnoticed for a while.", False),
        ("The meeting took 15 hours.", False),
    ],
)
def test_the_latent_period_is_told_by_its_length(text: str, told: bool) -> None:
    assert radius.latent(text, HAPPENED.latent).told is told


@pytest.mark.parametrize("number", ["99999999999", "9" * 400, "1" + "0" * 5_000])
def test_a_length_beyond_any_calendar_is_none(number: str) -> None:
    assert radius.latent(f"It lay hidden for {number} days.", HAPPENED.latent).length is None


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
