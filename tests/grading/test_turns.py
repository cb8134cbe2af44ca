"""Whose turn it is: nobody waits behind more than one run of another, and what is foretold is what workers do."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams.database_clock import database_now
from grading import queue
from grading.models import GradingRun, RunState
from grading.queue import ordering, patience
from grading.queue.foreseeing import LONG_AGO, Running, Waiting, foresee
from grading.verdicts import Decision, Verdict
from tests.grading import work
from tests.grading.test_queue import learner

if TYPE_CHECKING:
    from exams.models import Attempt

MINUTE = timedelta(minutes=1)
NEVER = st.just(LONG_AGO)


@pytest.fixture
def now() -> datetime:
    return database_now()


@st.composite
def queues(draw: st.DrawFn) -> tuple[list[Waiting], list[Running], int]:
    """Any queue, in the order of `in_order`: by turn, then by when the learner was served."""
    people = draw(st.lists(st.tuples(NEVER | st.floats(-5_000, 0), st.integers(1, 5)), min_size=1, max_size=8))
    seconds = st.floats(0.5, 300)
    line = [
        Waiting(0, who, draw(st.sampled_from([1, 1, 1, 2, 3])), served, draw(seconds))
        for who, (served, runs) in enumerate(people)
        for _ in range(runs)
    ]
    line += [
        Waiting(0, who, ordering.AT_DEADLINE, served, draw(seconds))
        for who, (served, _) in enumerate(people)
        if draw(st.booleans())
    ]
    line.sort(key=lambda each: (each.turn, each.served if each.turn else 0))
    line = [Waiting(key, each.learner, each.turn, each.served, each.takes) for key, each in enumerate(line)]
    workers = draw(st.integers(1, 4))
    busy = draw(st.lists(st.integers(0, len(people) - 1), unique=True, max_size=workers))
    return line, [Running(who, draw(seconds)) for who in busy], workers


@given(queues())
def test_each_run_starts_once_and_a_learner_has_one_in_flight(seen: tuple[list[Waiting], list[Running], int]) -> None:
    line, running, workers = seen
    found = list(foresee(line, running, workers=workers))
    assert sorted(each.key for each in found) == [each.key for each in line]
    assert [each.starts for each in found] == sorted(each.starts for each in found)
    whose = {each.key: each.learner for each in line}
    in_flight = [(each.starts, each.ends, whose[each.key]) for each in found]
    in_flight += [(0.0, each.ends, each.learner) for each in running]
    for start, _, who in in_flight:
        at_once = [other for begin, end, other in in_flight if begin <= start < end]
        assert len(at_once) <= max(workers, len(running))
        assert at_once.count(who) == 1


@given(queues())
def test_a_first_run_waits_behind_one_of_each_other_learner_and_one_more_at_a_deadline(
    seen: tuple[list[Waiting], list[Running], int],
) -> None:
    line, running, workers = seen
    ready = {each.learner for each in line} - {each.learner for each in running}
    before: Counter[int] = Counter()
    served: set[int] = set()
    runs = {each.key: each for each in line}
    for each in foresee(line, running, workers=workers):
        run = runs[each.key]
        # Only those who were ready from the start: of others, the one in flight came first.
        if run.learner in ready and run.learner not in served and run.turn <= ordering.BY_TURNS:
            assert all(count <= 2 for who, count in before.items() if who != run.learner)
        served.add(run.learner)
        before[run.learner] += 1


@given(queues())
def test_what_people_wait_for_goes_before_hidden_cells(seen: tuple[list[Waiting], list[Running], int]) -> None:
    line, _, _ = seen
    turns = [line[each.key].turn for each in foresee(line, [], workers=1)]
    last = max((place for place, turn in enumerate(turns) if turn <= ordering.BY_TURNS), default=-1)
    assert all(turn <= ordering.BY_TURNS for turn in turns[: last + 1])


def test_one_worker_that_is_busy_ends_first() -> None:
    line = [Waiting(1, 1, 1, LONG_AGO, 10.0), Waiting(2, 2, 1, -5.0, 20.0), Waiting(3, 1, 1, LONG_AGO, 10.0)]
    found = list(foresee(line, [Running(9, 7.0)], workers=1))
    assert [(each.key, each.starts, each.ends) for each in found] == [(1, 7, 17), (2, 17, 37), (3, 37, 47)]


def test_what_is_tried_again_later_starts_no_earlier() -> None:
    line = [Waiting(1, 1, 1, LONG_AGO, 10.0, not_before=30.0), Waiting(2, 2, 1, 0.0, 5.0)]
    assert [(each.key, each.starts) for each in foresee(line, [], workers=1)] == [(2, 0), (1, 30)]


def finished(held: queue.Claim, *, at: datetime) -> None:
    queue.finish(held, queue.Finding(Decision(Verdict.verified, 1, 1, 1, 1), because="Because."), now=at)


def in_turn(at: datetime, *, each: timedelta = timedelta(seconds=30)) -> list[queue.Claim]:
    """What one worker takes, one after the other, until nothing waits."""
    taken = []
    while (held := queue.claim(worker="one", now=at)) is not None:
        taken.append(held)
        at += each
        finished(held, at=at)
    return taken


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_workers_take_what_was_foretold(now: datetime, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a test
    for name in range(4):
        attempt = work.live(learner(f"l{name}"), started_at=now - draw.choice([5, 40, 84]) * MINUTE)
        for _ in range(draw.randint(1, 3)):
            work.submit(attempt, work.tree(), hand_in=draw.random() < 0.4)
    queue.enlist(now=now)
    earlier = queue.claim(worker="one", now=now - 3 * MINUTE)
    assert earlier is not None
    finished(earlier, at=now - 2 * MINUTE)
    told = {}
    for run in GradingRun.objects.filter(state=RunState.WAITING):
        place = queue.place(run, now=now)
        assert place is not None
        told[place.position] = run.pk
    # Within a second, so that nobody's deadline comes nearer meanwhile.
    taken = [held.run_id for held in in_turn(now, each=timedelta(milliseconds=10))]
    assert taken == [told[number] for number in sorted(told)]


@pytest.mark.django_db
def test_a_first_verdict_is_not_kept_waiting_by_others_hand_ins(now: datetime) -> None:
    """Eight of twenty waited for their first verdict while those who were ahead handed in, which used to go first."""
    ahead = [work.live(learner(f"ahead{name}"), started_at=now - 30 * MINUTE) for name in range(3)]
    for attempt in ahead:
        work.submit(attempt, work.tree())
    queue.enlist(now=now - 2 * MINUTE)
    in_turn(now - 2 * MINUTE)
    for attempt in ahead:
        work.submit(attempt, work.tree(), hand_in=True)
        work.submit(attempt, work.tree(), hand_in=True)
    new = work.submit(work.live(learner("new"), started_at=now - MINUTE), work.tree())
    queue.enlist(now=now)
    assert in_turn(now)[0].submission == new


@pytest.mark.django_db
def test_the_last_hand_in_before_the_deadline_goes_first_and_only_one(now: datetime) -> None:
    started = now - 90 * MINUTE + patience.NEAR_DEADLINE
    late = work.live(learner("late"), started_at=started)
    other = work.submit(work.live(learner("other"), started_at=now - MINUTE), work.tree())
    first = work.submit(late, work.tree(), hand_in=True)
    last = work.submit(late, work.tree(), hand_in=True)
    queue.enlist(now=now)
    # A microsecond earlier the deadline is not near yet; then whoever has the nearer deadline goes first anyway.
    turns = [vars(each)["turn"] for each in ordering.in_order(now - timedelta(microseconds=1))]
    assert set(turns) == {ordering.BY_TURNS}
    assert [held.submission for held in in_turn(now)] == [last, other, first]


@pytest.mark.django_db
def test_hidden_cells_come_last_and_not_for_ever(now: datetime) -> None:
    def closed(name: str, ago: timedelta) -> Attempt:
        attempt = work.live(learner(name), started_at=now - 90 * MINUTE - ago)
        work.submit(attempt, work.tree(), hand_in=True)
        return attempt

    fresh = closed("fresh", timedelta(0))
    old = closed("old", patience.HIDDEN_CELLS_YIELD)
    asks = work.live(learner("asks"), started_at=now)
    for _ in range(3):
        work.submit(asks, work.tree())
    queue.enlist(now=now)
    whose = [held.submission.attempt_id for held in in_turn(now, each=timedelta(milliseconds=10))]
    assert whose == [old.pk, asks.pk, asks.pk, asks.pk, fresh.pk]


@pytest.mark.django_db
def test_the_wait_told_is_a_range_that_knows_who_may_come_and_how_long_runs_take_now(now: datetime) -> None:
    about = work.live(learner("about"), started_at=now - 20 * MINUTE)
    work.submit(about, work.tree())
    queue.enlist(now=now - 10 * MINUTE)
    in_turn(now - 10 * MINUTE, each=timedelta(seconds=40))
    mine_before = work.live(learner("mine"), started_at=now - 20 * MINUTE)
    work.submit(mine_before, work.tree())
    queue.enlist(now=now - 5 * MINUTE)
    in_turn(now - 5 * MINUTE, each=timedelta(seconds=60))
    mine = work.submit(mine_before, work.tree())
    queue.enlist(now=now)
    run = queue.last_run(mine)
    assert run is not None
    place = queue.place(run, now=now)
    assert place is not None
    # `about` was served before `mine`: who asks now goes first.
    assert (place.position, place.wait_seconds, place.wait_seconds_at_most) == (1, 60, 120)
    assert "last 2 runs" in place.basis
