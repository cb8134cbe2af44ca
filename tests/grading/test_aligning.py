"""A timeline held against the record: an entry tells an event if words and time do, and nothing by either alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.ground_truth import GroundTruth, KeyEvent, Moment
from grading.postmortem import reading, shown, timeline
from grading.postmortem.aligned import Aligned, Stamp
from grading.postmortem.aligning import SCATTERED, align
from tests.grading.test_ground_truth import OPENED, SOUND, act, established, minute, version

IN_INCIDENT = datetime(2026, 3, 5, 8, tzinfo=UTC)
OPENINGS = (OPENED, IN_INCIDENT)
UTC_ONLY = (UTC,)
READINGS = reading.readings(OPENED, IN_INCIDENT, UTC_ONLY)

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


def aligned(text: str, happened: GroundTruth = HAPPENED) -> Aligned:
    return align(
        timeline.entries(text),
        happened.events,
        opened=OPENINGS,
        zones=UTC_ONLY,
        stamps=[Stamp(minute(-60), "release")],
        until=happened.known_until,
    )


def told(text: str, happened: GroundTruth = HAPPENED) -> set[str]:
    return {event.id for event in aligned(text, happened).told}


def test_a_good_timeline_tells_every_key_event_and_invents_none() -> None:
    found = aligned(GOOD)
    page = shown.as_json(found)
    assert found.missing == ()
    assert found.invented == found.unread == ()
    assert found.inversions == ()
    assert page["recall"] == page["recall_at_most"] == {"part": 6, "of": 6, "share": 1.0}
    assert page["precision"] == {"part": 8, "of": 8, "share": 1.0}
    assert found.mean_error == timedelta(seconds=30)


def test_a_terse_timeline_that_is_right_tells_as_much() -> None:
    terse = (
        "16:30 r76\n16:42 1st wrong answer\n09:00 page\n09:07 repro\n09:21 RC confirmed\n09:41 rolled back to 3f2a\n"
    )
    assert len(told(terse)) == 6


def test_what_is_missing_unread_and_out_of_order_is_named() -> None:
    found = aligned(
        "## Timeline\n- 09:21 root cause confirmed\n- 09:07 we reproduced it\n- 09:00 opened\n- 09:31 the board met\n"
        "- 07:00 a release\n- 09:20 a release\n"
    )
    assert [event.id for event in found.missing] == ["deployed", "first_harmful", "mitigated"]
    assert [each.entry.text for each in found.unread] == ["09:31 the board met", "09:20 a release"]
    assert [each.entry.text for each in found.borne_out] == ["07:00 a release"]  # a file of operation has that moment
    assert found.invented == ()  # the board may well have met
    assert len(found.inversions) == 0  # each has its own time, whatever the order of the lines


@pytest.mark.parametrize(
    ("line", "near", "why"),
    [
        ("09:22 the board met", ["confirmed"], "near in time; its words are not read"),
        ("09:06 looked at dashboards", ["detected", "first_update"], "near in time; its words are not read"),
        ("16:42 a customer complains", ["first_harmful"], "near in time, but its words say something else"),
        ("09:31 the board met", [], "nothing of what it says is on record at that time, and it need not be"),
        ("09:31 root cause not known", [], "nothing of what it says is on record at that time, and it need not be"),
        ("09:55 found the root cause", [], "nothing of what it says is on record at that time, and it need not be"),
        ("29 Feb 09:00 opened", [], "nothing of what it says is on record at that time, and it need not be"),
        (
            "09:22 deployed wrong answer complaint alert opened root cause update",
            ["confirmed"],
            "it names more kinds of events at once than an entry tells",
        ),
    ],
)
def test_what_is_near_in_time_only_is_shown_and_counts_for_nothing(line: str, near: list[str], why: str) -> None:
    page = shown.as_json(aligned(line))
    (unread,) = page["unread"]
    assert ([each["event"] for each in unread["near"]], unread["why"]) == (near, why)
    assert page["recall"]["part"] == page["precision"]["of"] == 0
    assert page["invented"] == page["pairs"] == []


def test_every_entry_that_counts_in_precision_is_shown_with_what_bears_it_out() -> None:
    page = shown.as_json(aligned(GOOD + "09:22 root cause found\n07:00 a release\n"))
    assert page["precision"] == {"part": 10, "of": 10, "share": 1.0}
    assert len({pair["line"] for pair in page["pairs"]}) + len(page["borne_out"]) == 10
    again, on_file = page["borne_out"]
    assert (again["event"], again["why"]) == ("confirmed", "it tells, as another entry does: the cause was confirmed")
    assert again["cites"]
    assert (on_file["event"], on_file["entry"]) == (None, "07:00 a release")
    assert on_file["why"] == "a file of operation has a line on this at that time (release)"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("09:27 the fix is live", "deployment-1"),
        ("09:27 we asked for the deployment", "event-7"),
        ("09:25 release deployed", "event-7"),  # a minute nearer
    ],
)
def test_of_two_as_near_what_happened_is_meant_rather_than_what_was_asked_for(line: str, event: str) -> None:
    events = [
        KeyEvent("event-7", "a deployment was asked for", Moment(minute(26.4)), key=False),
        KeyEvent("deployment-1", "deployment 1 went live", Moment(minute(27.7)), key=False),
    ]
    found = align(timeline.entries(line), events, opened=OPENINGS, zones=UTC_ONLY)
    assert [pair.event.id for pair in found.pairs] == [event]


def test_a_mentor_is_told_how_much_more_the_unread_may_tell() -> None:
    page = shown.as_json(aligned("09:00 opened\n09:22 the penny dropped\n09:23 at last\n09:31 the board met\n"))
    assert (page["recall"]["part"], page["recall_at_most"]["part"]) == (1, 2)


@pytest.mark.parametrize(
    "line",
    [
        "09:20 first status update",
        "09:20 posted an update to support",
        "09:06 the fix is live",  # near the moment at which it was detected
        "09:21 rolled back to r75",
        "09:20 hotfix deployed",
        "09:10 incident resolved",
        "T+20 resolved",
    ],
)
def test_what_was_surely_not_done_then_is_invented_whatever_else_happened_then(line: str) -> None:
    found = aligned(line)
    assert [each.entry.text for each in found.invented] == [line]
    assert found.told == ()


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21 11:20 first status update",  # after what is on record
        "2026-03-04 12:00 posted an update to support",  # before it
        "09:20 resolved the import error",
        "09:20 no status update",
        "09:20 the fix is live and the kettle is on",
        "09:20 wrote the fix",
        "09:20 customers were told wrong fees",
        "09:20 noticed wrong answers",
    ],
)
def test_what_may_be_true_is_not_said_to_be_invented(line: str) -> None:
    assert aligned(line).invented == ()


@pytest.mark.parametrize(
    "words",
    [
        "fix deployed locally",  # on a copy
        "rolled back to the parent commit in a scratch worktree",
        "rolled back to r75 locally: the answers are right again",
        "deployed the fix to the test environment",
        "shipped the fix for review",
        "second update promised",  # to come, or still to come
        "missed the second update",
        "drafted the final update",
        "second update overdue",
        "status update: none yet",
        "goal: fix live by 09:41",
        "fix live from 09:41 on",
        "hotfix deployed (deployment 1, failed: cannot be started)",
        "decided against a fix deployed in a hurry",
        "Greta: first update please",  # somebody else's, or about one
        "the support lead posted an update to the help page",
        "Kim read the first update",
        "corrected the last update",
        "last update to the regression test",  # of something else
        "published a documentation update",
        "git log shows a fix deployed in r70",
        "ops log: r72 rolled back to r71 on Monday",
        "fix rolled out to 0 %",
    ],
)
def test_one_more_word_may_make_it_another_act_so_that_the_mentor_reads_it(words: str) -> None:
    found = aligned(f"## Timeline\n- 09:27 {words}\n")
    assert found.invented == ()
    assert [each.entry.line for each in found.unread] == [2]


def test_a_first_update_is_not_the_moment_of_detection() -> None:
    assert told("09:06 first status update") == set()
    assert told("09:06 saw the wrong answers") == {"detected"}


def test_telling_an_event_twice_is_no_invention() -> None:
    found = aligned("09:41 the fix went live\n09:40 hotfix deployed\n09:42 rolled out the fix\n09:43 fix live\n")
    assert found.invented == found.unread == ()
    assert {event.id for event in found.told} == {"mitigated"}


WORDS = "deployed first wrong answer complaint alert opened reproduced root cause confirmed fix live update resolved"


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (f"16:30 {WORDS}\n09:00 {WORDS}\n09:10 {WORDS}\n09:40 {WORDS}\n", 0),
        ("".join(f"{at} {' and '.join(WORDS.split())}\n" for at in ("16:35", "09:03", "09:20", "09:40")), 0),
        ("".join(f"{at} {'; '.join(WORDS.split())}\n" for at in ("16:35", "09:03", "09:20", "09:40")), 0),
        # few enough words to be a sentence: each tells one
        ("16:36 deployed wrong answer\n09:03 opened reproduced\n09:20 root cause\n09:41 fix\n", 4),
        ("16:36 deployed, first wrong answer\n09:03 opened, reproduced\n", 2),
        ("09:12 root cause and fix and reproduced\n", 1),
    ],
)
def test_stuffing_an_entry_with_words_buys_nothing(text: str, most: int) -> None:
    assert len(told(text)) <= most


def test_spraying_a_claim_over_the_hour_tells_it_once_and_invents_the_rest() -> None:
    found = aligned("".join(f"T+{minute} the fix is live\n" for minute in range(0, 90, 5)))
    assert {event.id for event in found.told} == {"mitigated"}
    assert len(found.invented) > 8


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


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (
            "16:37 the day before: the release was deployed, and customers were told wrong fees",
            "deployed first_harmful",
        ),
        ("16:35 the day before: the release was deployed, and customers were told wrong fees", "deployed"),
        ("16:30 the release was deployed, and at 16:42 the first wrong answer was given", "deployed first_harmful"),
        ("16:30 the release was deployed, first wrong answers, root cause", "deployed"),
        ("09:04 we take over and reproduce; reproduced", "opened detected"),
        ("09:05 opened; reproduced; update posted; fix live", "opened detected"),  # no more than two, key events first
    ],
)
def test_one_entry_may_tell_two_events_if_it_joins_them_and_the_time_fits(text: str, events: str) -> None:
    assert told(text) == set(events.split())


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
    found, way = reading.best(timeline.entries(text), HAPPENED.events, READINGS)
    assert (way.clocks, str(way.zones[0]), len(found.told)) == (clocks, zone, told)
    assert way.assumed is (zone != "UTC")
    assert shown.as_json(found, way)["read_as"]["zones"] == [zone]


@pytest.mark.parametrize(
    ("first", "second", "words", "apart", "count"),
    [
        ("deployed", "first_harmful", "r76 went live", 2, 2),
        ("deployed", "first_harmful", "r76 went live", 2.1, 1),
        ("first_alert", "opened", "alert", 1, 2),
        ("detected", "confirmed", "root cause", 0, 2),
        ("deployed", "confirmed", "root cause", 0, 1),  # two acts, however near
    ],
)
def test_what_is_one_act_within_two_minutes_is_one_entry_to_people(
    first: str, second: str, words: str, apart: float, count: int
) -> None:
    both = [KeyEvent(name, name, Moment(minute(after))) for name, after in ((first, 3.0), (second, 3 + apart))]
    found = align(timeline.entries(f"- 09:03 {words}"), both, opened=OPENINGS, zones=UTC_ONLY)
    assert len(found.told) == count


@pytest.mark.parametrize(
    ("late", "words", "told"),
    [
        (10, "the root cause", True),
        (10.1, "the root cause", False),
        (-10, "the root cause", True),
        (-10.1, "the root cause", False),
        (0, "it was so", False),
        (0, "the root cause is not known", False),
    ],
)
def test_ten_minutes_are_near_enough_with_its_words_and_nothing_is_without(late: float, words: str, told: bool) -> None:
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


@pytest.mark.parametrize(
    ("what", "entry", "tells"),
    [
        ("the mortgage feed was imported", "the feed with mortgage rates is imported", True),
        ("the mortgage feed was imported", "imported something", False),
        ("a document was published", "published", False),
        ("Add doc-19, doc-32", "Add doc-19, doc-32", True),
        ("the index was deployed", "deploy of the index", True),  # a kind of ours, in words of ours
    ],
)
def test_an_event_of_the_packs_own_is_told_in_its_own_words(what: str, entry: str, tells: bool) -> None:
    event = KeyEvent("of_the_pack", what, Moment(minute(20)))
    found = align(timeline.entries(f"09:20 {entry}"), [event], opened=OPENINGS, zones=UTC_ONLY)
    assert bool(found.told) is tells


@pytest.mark.timeout(40)  # a tenth of it even where the machine is busy; it took minutes
@pytest.mark.parametrize("words", ["status update posted", "fix deployed and first update; rolled back"])
def test_as_many_entries_as_are_read_are_held_against_as_many_acts_as_there_may_be(words: str) -> None:
    acts = [KeyEvent(f"event-{n}", "a run was asked for", Moment(minute(n / 5)), key=False) for n in range(450)]
    text = "".join(f"{9 + n % 2:02}:{n % 60:02} {words}\n" for n in range(timeline.MOST_ENTRIES))
    found, _ = reading.best(timeline.entries(text), [*HAPPENED.events, *acts], READINGS)
    assert found.entries == timeline.MOST_ENTRIES


ANYTHING = st.sampled_from(["deployed", "first wrong answer", "opened", "reproduced", "root cause", "fix live", "tea"])


@given(st.lists(st.tuples(st.integers(0, 89), ANYTHING), min_size=1, max_size=SCATTERED))
def test_lengthening_a_timeline_that_is_not_scattered_never_makes_it_tell_less(said: list[tuple[int, str]]) -> None:
    def count(most: int) -> int:
        return len(told("## Timeline\n" + "".join(f"- T+{at} {words}\n" for at, words in said[:most])))

    assert count(len(said)) >= count(len(said) - 1)


def test_what_is_said_at_all_times_tells_of_none() -> None:
    """Every 20 minutes of a day: without a date such a timeline met each event, and knew of no time at all."""
    clocks = [f"{hour:02}:{minutes:02}" for hour in range(24) for minutes in (0, 20, 40)]
    sprayed = "".join(f"- {at} a release went live, and the first wrong answer came\n" for at in clocks)
    found = aligned(f"## Timeline\n{sprayed}")
    assert found.told == found.perhaps_told == ()
    assert (found.read, len(found.unread)) == (0, len(clocks))
    (why,) = {each["why"] for each in shown.as_json(found)["unread"]}
    assert why.startswith("the same is said at many times")
    assert {"opened", "detected", "confirmed"} <= told(GOOD + sprayed)  # what is told besides is told


def test_who_says_the_same_at_some_times_tells_of_the_one_that_was() -> None:
    several = "".join(f"- 09:{at:02} reproduced it\n" for at in (7, 20, 31, 42, 53))
    assert "detected" in told(f"## Timeline\n- 09:00 opened\n{several}")
