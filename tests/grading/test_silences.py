"""Silences cover the window from edge to edge, and a promise is kept to the minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from grading.silences import Update, promises, silences

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
END = NOON + timedelta(minutes=90)


def update(
    number: int, minute: float, *, state: str = "investigating", following: float | None = None, to: str = "customers"
) -> Update:
    due = None if following is None else NOON + timedelta(minutes=following)
    return Update(number, NOON + timedelta(minutes=minute), state, due, to)


def test_without_updates_the_whole_window_is_silent() -> None:
    (gap,) = silences([], opened=NOON, closed=END)
    assert (gap.seconds, gap.after, gap.before) == (5400, 0, 0)


def test_silences_run_from_the_start_over_every_update_to_the_end() -> None:
    gaps = silences([update(1, 4), update(2, 30)], opened=NOON, closed=END)
    assert [(gap.after, gap.before, gap.seconds) for gap in gaps] == [(0, 1, 240), (1, 2, 1560), (2, 0, 3600)]


def test_nobody_waits_after_a_last_word_that_it_is_resolved() -> None:
    gaps = silences([update(1, 4), update(2, 30, state="resolved")], opened=NOON, closed=END)
    assert [gap.before for gap in gaps] == [1, 2]


def test_people_wait_after_a_last_word_that_telemetry_contradicts() -> None:
    told = [update(1, 4), update(2, 30, state="resolved")]
    assert silences(told, opened=NOON, closed=END, contradicted=True)[-1].seconds == 3600


def test_an_update_after_resolved_opens_the_wait_again() -> None:
    gaps = silences([update(1, 4, state="resolved"), update(2, 30)], opened=NOON, closed=END)
    assert gaps[-1].seconds == 3600


def test_a_promise_is_kept_up_to_a_minute_after_it_was_due_and_not_a_microsecond_longer() -> None:
    first = update(1, 0, following=20)
    at_the_line = update(2, 21)
    assert [promise.kept for promise in promises([first, at_the_line], closed=END)] == [True]
    late = replace(at_the_line, at=at_the_line.at + timedelta(microseconds=1))
    assert [promise.kept for promise in promises([first, late], closed=END)] == [False]


def test_a_promise_without_any_later_update_is_broken_if_it_was_due_in_the_window() -> None:
    assert [promise.kept for promise in promises([update(1, 0, following=89)], closed=END)] == [False]
    assert [promise.kept for promise in promises([update(1, 80, following=90)], closed=END)] == [None]


def test_a_promise_is_kept_by_an_update_to_the_same_audience_only() -> None:
    told = [update(1, 0, following=20), update(2, 15, to="compliance"), update(3, 20.5)]
    (kept,) = promises(told, closed=END)
    assert (kept.kept, kept.kept_by, kept.audience) == (True, 3, "customers")
    (broken,) = promises(told[:2], closed=END)
    assert (broken.kept, broken.kept_by) == (False, None)


def test_an_update_within_a_minute_replaces_the_promise_of_the_one_before() -> None:
    told = [update(1, 0, following=5), update(2, 1, following=30), update(3, 30)]
    found = promises(told, closed=END)
    assert [(each.kept, each.replaced_by) for each in found] == [(None, 2), (True, None)]
    later = [told[0], update(2, 1.1, following=30)]
    assert [(each.kept, each.replaced_by) for each in promises(later, closed=END)] == [(True, None), (False, None)]
    other = [told[0], update(2, 0.5, to="compliance")]
    assert [(each.kept, each.replaced_by) for each in promises(other, closed=END)] == [(False, None)]
