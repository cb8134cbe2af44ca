"""When things happen: an incident's day, what went live before and after its onset, and who pushed when.

People work on weekdays from eight to six, UTC. Incidents happen from Tuesday to Friday, so the day before is one, too.
Releases wait in queues, and one law of gaps holds for all of them, the fault's included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import date

OPENS, CLOSES = time(8, 20), time(17, 50)
MONDAY, SATURDAY = 0, 5
BEGINS, BEGINS_LATEST = time(8, 50), time(15, 50)  # when harm may begin
HARMFUL_MINUTES = (100, 260)  # from the onset to the page, whose day and whose hour that leaves open
DORMANT_AT_LEAST = timedelta(hours=3)  # between a fault's deployment and the documents that wake it
NEAR = timedelta(hours=30)  # before the onset: what went live in them comes into question
BETWEEN_QUEUES = timedelta(minutes=7)
IN_A_QUEUE = (60, 120)  # seconds after a release, where several wait for their turn
QUEUES = ((3, 3), (4, 2), (4, 2), (4, 2), (5, 1), (5, 1), (3, 2, 1))  # of releases, in an order drawn
PLACES = (0, 6, 7, 6, 5, 1)  # how likely the fault is the first of all releases near the onset, the second, …
CLOSE_SHARE = 0.5  # of the queues before the fault's went live
CLOSE = timedelta(minutes=150)  # before it, the others somewhere near
BETWEEN_COMMITS = timedelta(minutes=3)
PUBLISHED, PUBLISHED_LATEST = time(7, 45), time(8, 15)  # in the morning, before anybody releases
NEARLY = (2, 55)  # minutes before the onset, for documents that are published close to it
TRIES = 10_000


@dataclass(frozen=True)
class Times:
    """The moments of an incident: fault live, harm begins, page; equal at first unless the fault lay dormant."""

    deployed_at: datetime
    onset_at: datetime
    opened_at: datetime


def working_day(day: date) -> date:
    """The day itself from Tuesday to Friday, so that there is a working day before it; else one of the next four."""
    if MONDAY < day.weekday() < SATURDAY:
        return day
    tuesday = day + timedelta(days=(1 - day.weekday()) % 7)
    return tuesday + timedelta(days=day.toordinal() // 7 % 4)


def days_before(day: date, number: int) -> date:
    """The working day that many working days before."""
    while number:
        day -= timedelta(days=1)
        number -= day.weekday() < SATURDAY
    return day


def between(drawing: random.Random, first: datetime, last: datetime) -> datetime:
    """Draw a moment, to the second."""
    return first + timedelta(seconds=drawing.randrange(max(1, int((last - first).total_seconds()))))


def at_work(drawing: random.Random, day: date) -> datetime:
    """Draw a moment of a day at which people work."""
    return between(drawing, datetime.combine(day, OPENS, UTC), datetime.combine(day, CLOSES, UTC))


def times(drawing: random.Random, day: date, *, dormant: bool) -> Times:
    """Draw the moments of an incident that opens on a day."""
    onset = between(drawing, datetime.combine(day, BEGINS, UTC), datetime.combine(day, BEGINS_LATEST, UTC))
    opened = onset + timedelta(minutes=drawing.randrange(*HARMFUL_MINUTES), seconds=drawing.randrange(60))
    if not dormant:
        return Times(onset, onset, opened)
    spans = [(first, min(last, onset - DORMANT_AT_LEAST)) for first, last in _hours_near(onset)]
    return Times(_within(drawing, spans), onset, opened)


def _hours_near(onset: datetime) -> list[tuple[datetime, datetime]]:
    """The working hours before the onset whose releases come into question."""
    spans = []
    for day in (days_before(onset.date(), 1), onset.date()):
        first, last = datetime.combine(day, OPENS, UTC), datetime.combine(day, CLOSES, UTC)
        spans.append((max(first, onset - NEAR + BETWEEN_QUEUES), min(last, onset)))
    return spans


def _within(drawing: random.Random, spans: Sequence[tuple[datetime, datetime]]) -> datetime:
    """Draw a moment of several spans, the longer the likelier."""
    lengths = [max(0.0, (last - first).total_seconds()) for first, last in spans]
    first, last = drawing.choices(list(spans), lengths)[0]
    return between(drawing, first, last)


@dataclass(frozen=True)
class Around:
    """When innocent changes went live, oldest first: before the onset, right behind the fault, and else after both."""

    before: tuple[datetime, ...]
    behind: tuple[datetime, ...]
    after: tuple[datetime, ...]


def innocent(drawing: random.Random, when: Times, number: int) -> Around:
    """Draw when so many innocent changes went live around a fault.

    All releases near the onset wait in queues and go live minutes apart, the fault in any of the queues and at any
    place of it: neither a short gap nor a long one, before or after a release, tells it from the others.
    """
    until = min(when.opened_at - timedelta(minutes=4), datetime.combine(when.onset_at.date(), CLOSES, UTC))
    for _ in range(TRIES):
        sizes = drawing.choice(QUEUES)
        queues = drawing.sample(sizes, len(sizes))
        [place] = drawing.choices(range(number + 1), PLACES)
        found = _queues(drawing, when, queues, place, until)
        if _fits(found, when, until):
            ours = next(queue for queue in found if when.deployed_at in queue)
            behind = tuple(at for at in ours if at > when.deployed_at)
            others = [at for queue in found for at in queue if at != when.deployed_at and at not in behind]
            if any(at < when.onset_at for at in others):
                after = tuple(at for at in others if at > when.onset_at)
                return Around(tuple(at for at in others if at < when.onset_at), behind, after)
    raise ValueError(f"{number} releases do not fit around {when.onset_at}")


def _queues(
    drawing: random.Random, when: Times, sizes: Sequence[int], place: int, until: datetime
) -> list[list[datetime]]:
    """Draw queues of releases of these sizes, in this order, whose release at `place` is the fault."""
    gaps = [[timedelta(seconds=drawing.randrange(*IN_A_QUEUE)) for _ in range(size - 1)] for size in sizes]
    ours, rest = 0, place
    while rest >= sizes[ours]:
        rest -= sizes[ours]
        ours += 1
    first = when.deployed_at - sum(gaps[ours][:rest], timedelta())
    starts = [first]
    for _ in range(ours):
        near = max(first - CLOSE, datetime.combine(first.date(), OPENS, UTC))
        close = near < first and drawing.random() < CLOSE_SHARE
        starts.append(between(drawing, near, first) if close else _within(drawing, _hours_near(when.onset_at)))
    starts += [between(drawing, when.deployed_at, until) for _ in sizes[ours + 1 :]]
    found = []
    for start, each in zip(sorted(starts), gaps, strict=True):
        found.append([start])
        for gap in each:
            found[-1].append(found[-1][-1] + gap)
    return found


def _fits(queues: Sequence[Sequence[datetime]], when: Times, until: datetime) -> bool:
    """Whether queues are apart, all in working hours near the onset, and the fault in one, away from what wakes it."""
    every = [at for queue in queues for at in queue]
    return (
        when.deployed_at in every
        and all(later[0] - earlier[-1] >= BETWEEN_QUEUES for earlier, later in pairwise(queues))
        and every[0] > when.onset_at - NEAR
        and every[-1] < until
        and all(OPENS <= at.time() <= CLOSES for at in every)
        and all(at == when.deployed_at or at != when.onset_at for at in every)
    )


def published(drawing: random.Random, when: Times, releases: Sequence[datetime], *, close: bool) -> datetime:
    """Draw when the documents of the day were published: close to the onset or in the morning, before the fault."""
    day = when.onset_at.date()
    morning = between(drawing, datetime.combine(day, PUBLISHED, UTC), datetime.combine(day, PUBLISHED_LATEST, UTC))
    apart = timedelta(seconds=IN_A_QUEUE[0])
    for _ in range(TRIES if close else 0):
        at = when.onset_at - timedelta(seconds=drawing.randrange(60 * NEARLY[0], 60 * NEARLY[1]))
        if at.time() > OPENS and all(abs(at - one) >= apart for one in releases):
            return at
    return morning


def pushed(drawing: random.Random, deployed: Sequence[datetime]) -> list[datetime]:
    """Draw when changes were committed that went live at moments: some minutes before, and one after the other."""
    found: list[datetime] = []
    for at in reversed(deployed):
        push = at - timedelta(seconds=drawing.randrange(100, 260) + drawing.randrange(2100))
        if found:
            push = min(push, found[-1] - BETWEEN_COMMITS - timedelta(seconds=drawing.randrange(40)))
        found.append(push)
    return found[::-1]
