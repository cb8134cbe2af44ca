"""The clock's arithmetic: half-open windows, exact multipliers, stages that hang on each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams.clock import Moment, Plan, UnplannableStages, Window, scaled, schedule

MICROSECOND = timedelta(microseconds=1)
NOTHING = timedelta(0)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIVE = Plan("live", Moment("start"), Moment("start", timedelta(minutes=90)))
POSTMORTEM = Plan("postmortem", Moment("start"), Moment("live.closes", timedelta(hours=4)))

moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
lengths = st.timedeltas(min_value=MICROSECOND, max_value=timedelta(weeks=30))
whole_seconds = st.integers(min_value=1, max_value=30 * 7 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
multipliers = st.integers(min_value=100, max_value=400)


@given(opens=moments, length=lengths)
def test_one_microsecond_before_at_and_after_each_edge(opens: datetime, length: timedelta) -> None:
    window = Window(opens, opens + length)
    assert not window.holds(opens - MICROSECOND)
    assert window.holds(opens)
    assert window.holds(window.closes_at - MICROSECOND)
    assert not window.holds(window.closes_at)
    assert not window.holds(window.closes_at + MICROSECOND)


@given(opens=moments, length=lengths, at=moments)
def test_a_write_counts_or_is_early_or_is_late_and_never_two_of_these(
    opens: datetime, length: timedelta, at: datetime
) -> None:
    window = Window(opens, opens + length)
    late = window.lateness(at)
    early = not window.opened(at)
    assert [window.holds(at), early, late is not None].count(True) == 1


def test_lateness_is_counted_from_the_deadline() -> None:
    window = Window(NOON, NOON + timedelta(minutes=90))
    assert window.lateness(window.closes_at - MICROSECOND) is None
    assert window.lateness(window.closes_at) == NOTHING
    assert window.lateness(window.closes_at + MICROSECOND) == MICROSECOND


@given(opens=moments, length=lengths, at=moments)
def test_time_left_is_never_negative_and_zero_exactly_when_closed(
    opens: datetime, length: timedelta, at: datetime
) -> None:
    window = Window(opens, opens + length)
    assert window.time_left(at) >= NOTHING
    assert (window.time_left(at) == NOTHING) == (at >= window.closes_at)


@given(started=moments, percent=multipliers)
def test_the_live_incident_keeps_its_two_deadlines(started: datetime, percent: int) -> None:
    live, postmortem = schedule([LIVE, POSTMORTEM], started, percent)
    assert live.opens_at == postmortem.opens_at == started
    assert live.closes_at == started + timedelta(minutes=90) * percent / 100
    assert postmortem.closes_at == live.closes_at + timedelta(hours=4) * percent / 100


@given(length=whole_seconds, percent=multipliers)
def test_multipliers_of_whole_seconds_are_exact(length: timedelta, percent: int) -> None:
    microseconds = length // MICROSECOND * percent
    assert microseconds % 100 == 0
    assert scaled(length, percent) // MICROSECOND * 100 == microseconds


@given(length=lengths, percent=multipliers)
def test_a_fraction_of_a_microsecond_goes_to_the_learner(length: timedelta, percent: int) -> None:
    exact = length // MICROSECOND * percent
    got = scaled(length, percent) // MICROSECOND * 100
    assert exact <= got < exact + 100


@pytest.mark.parametrize(("percent", "minutes"), [(100, 90), (125, 112.5), (150, 135), (200, 180), (133, 119.7)])
def test_multipliers_people_are_granted(percent: int, minutes: float) -> None:
    (live,) = schedule([LIVE], NOON, percent)
    assert live.closes_at - live.opens_at == timedelta(minutes=minutes)


@given(started=moments, offset=st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_the_zone_in_which_a_start_is_written_changes_nothing(started: datetime, offset: int) -> None:
    elsewhere = started.astimezone(timezone(timedelta(minutes=offset)))
    assert schedule([LIVE, POSTMORTEM], elsewhere) == schedule([LIVE, POSTMORTEM], started)


@pytest.mark.parametrize(
    "started",
    [
        datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Europe/Paris")),  # an hour that clocks skip is next
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris")),  # an hour that clocks show twice
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
    ],
)
def test_summer_time_moves_no_deadline(started: datetime) -> None:
    live, postmortem = schedule([LIVE, POSTMORTEM], started)
    begun = started.astimezone(UTC)
    assert live.closes_at - begun == timedelta(minutes=90)
    assert postmortem.closes_at - begun == timedelta(minutes=330)


def test_stages_may_hang_on_each_other_in_any_order_and_through_several() -> None:
    weeks = Plan("readout", Moment("writing.closes", timedelta(days=1)), Moment("readout.opens", timedelta(minutes=25)))
    writing = Plan("writing", Moment("start"), Moment("start", timedelta(weeks=3)))
    readout, planned_writing = schedule([weeks, writing], NOON)
    assert planned_writing.closes_at == NOON + timedelta(weeks=3)
    assert readout.opens_at == NOON + timedelta(weeks=3, days=1)
    assert readout.closes_at == readout.opens_at + timedelta(minutes=25)


@pytest.mark.parametrize(
    "plans",
    [
        [Plan("a", Moment("start"), Moment("nowhere.closes", timedelta(hours=1)))],
        [Plan("a", Moment("start"), Moment("a.middle", timedelta(hours=1)))],
        [
            Plan("a", Moment("start"), Moment("b.closes", timedelta(hours=1))),
            Plan("b", Moment("start"), Moment("a.closes", timedelta(hours=1))),
        ],
        [Plan("a", Moment("start", timedelta(hours=1)), Moment("start", timedelta(hours=1)))],
        [Plan("a", Moment("start", timedelta(hours=2)), Moment("start", timedelta(hours=1)))],
        [Plan("a", Moment("start"), Moment("start", -timedelta(hours=1)))],
        [LIVE, LIVE],
    ],
    ids=["unknown stage", "unknown edge", "circle", "empty", "backwards", "before its anchor", "same key"],
)
def test_stages_that_cannot_be_planned_are_refused(plans: list[Plan]) -> None:
    with pytest.raises(UnplannableStages):
        schedule(plans, NOON)


def test_a_start_without_a_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="time zone"):
        schedule([LIVE], datetime(2026, 6, 1, 12))  # noqa: DTZ001 - that is what is refused


def test_a_multiplier_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        schedule([LIVE], NOON, 0)
