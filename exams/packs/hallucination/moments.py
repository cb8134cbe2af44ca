"""When things happen: an incident's day, what went live before and after its onset, and who pushed when.

People work on weekdays from eight to six, UTC. Incidents happen from Tuesday to Friday, so the day before is one, too.
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
HARMFUL_HOURS = (2, 4)  # from the onset to the page
PAGED = (13, 18)  # the hour of the page
DORMANT_AT_LEAST = timedelta(hours=3)  # between a fault's deployment and the documents that wake it
NEAR = timedelta(hours=30)  # before the onset: what went live in them comes into question
BETWEEN_RELEASES = timedelta(minutes=9)
ON_ITS_HEELS = (70, 130)  # seconds after a release, where several wait for their turn
BETWEEN_COMMITS = timedelta(minutes=3)
MOST_AFTER = 4  # innocent releases after the fault's, if that does harm at once
TRIES = 10_000


@dataclass(frozen=True)
class Times:
    """The moments of an incident: fault live, harm begins, page; equal at first unless the fault lay dormant."""

    deployed_at: datetime
    onset_at: datetime
    opened_at: datetime


def working_day(day: date) -> date:
    """The day itself from Tuesday to Friday, else the next Tuesday: an incident's day has a working day before it."""
    return day if MONDAY < day.weekday() < SATURDAY else day + timedelta(days=(1 - day.weekday()) % 7)


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
    opened = datetime.combine(day, time(drawing.randrange(*PAGED), drawing.randrange(60)), UTC)
    opened += timedelta(seconds=drawing.randrange(60))
    harmful = timedelta(hours=drawing.randrange(*HARMFUL_HOURS), minutes=drawing.randrange(60))
    onset = opened - harmful - timedelta(seconds=drawing.randrange(60))
    if not dormant:
        return Times(onset, onset, opened)
    spans = [(first, min(last, onset - DORMANT_AT_LEAST)) for first, last in _hours_near(onset)]
    return Times(_within(drawing, spans), onset, opened)


def _hours_near(onset: datetime) -> list[tuple[datetime, datetime]]:
    """The working hours before the onset whose releases come into question."""
    spans = []
    for day in (days_before(onset.date(), 1), onset.date()):
        first, last = datetime.combine(day, OPENS, UTC), datetime.combine(day, CLOSES, UTC)
        spans.append((max(first, onset - NEAR + BETWEEN_RELEASES), min(last, onset - BETWEEN_RELEASES)))
    return spans


def _within(drawing: random.Random, spans: Sequence[tuple[datetime, datetime]]) -> datetime:
    """Draw a moment of several spans, the longer the likelier."""
    lengths = [max(0.0, (last - first).total_seconds()) for first, last in spans]
    first, last = drawing.choices(list(spans), lengths)[0]
    return between(drawing, first, last)


def after_onset(drawing: random.Random, *, waiting: int) -> int:
    """Draw how many innocent releases follow well after the onset, if that many came right after the fault's."""
    return drawing.randrange(MOST_AFTER - waiting + 1)


@dataclass(frozen=True)
class Around:
    """When innocent changes went live: before the onset, right after the fault, and well after the onset."""

    before: tuple[datetime, ...]
    waiting: tuple[datetime, ...]
    after: tuple[datetime, ...]


def innocent(drawing: random.Random, when: Times, *, before: int, waiting: int, after: int) -> Around:
    """Draw when innocent changes went live, oldest first.

    Those that were `waiting` go live one after the other on the heels of the fault, before anybody can have complained
    of it. The last before the onset comes within the hour, so that no complaint tells it from the cause.
    """
    onset, live = when.onset_at, when.deployed_at
    heels: list[datetime] = []
    for _ in range(waiting):
        heels.append((heels or [live])[-1] + timedelta(seconds=drawing.randrange(*ON_ITS_HEELS)))
    last = max([onset, *heels])
    until = when.opened_at - timedelta(minutes=4)
    for _ in range(TRIES):
        earlier = [_within(drawing, _hours_near(onset)) for _ in range(before - 1)]
        if before:
            earlier.append(onset - timedelta(seconds=drawing.randrange(600, 3000)))
        later = [between(drawing, last + BETWEEN_RELEASES, until) for _ in range(after)]
        every = sorted({*earlier, *later, onset, live})
        close = [one for one in (*earlier, *later) if live < one < (heels or [live])[-1] + BETWEEN_RELEASES]
        if not close and all(two - one >= BETWEEN_RELEASES for one, two in pairwise(every)):
            return Around(tuple(sorted(earlier)), tuple(heels), tuple(sorted(later)))
    raise ValueError(f"{before} and {after} releases do not fit around {onset}")


def pushed(drawing: random.Random, deployed: Sequence[datetime]) -> list[datetime]:
    """Draw when changes were committed that went live at moments: some minutes before, and one after the other."""
    found: list[datetime] = []
    for at in reversed(deployed):
        push = at - timedelta(seconds=drawing.randrange(100, 260) + drawing.randrange(2100))
        if found:
            push = min(push, found[-1] - BETWEEN_COMMITS - timedelta(seconds=drawing.randrange(40)))
        found.append(push)
    return found[::-1]
