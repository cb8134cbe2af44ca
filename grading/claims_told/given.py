"""What customers had got until a moment, answer by answer: for claims of a time of day, or of late."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from exams.live.telemetry import Stint, Told
    from grading.claims_told.stating import Clock

_JUST_NOW = timedelta(minutes=2)  # how far clocks may differ: later than this after an update was not yet


@dataclass(frozen=True)
class Dials:
    """The clocks that a time of day may be written by: the opening by each of them, the server's first; and zones."""

    openings: tuple[datetime, ...]
    zones: tuple[tzinfo, ...] = (UTC,)


@dataclass(frozen=True)
class Begun:
    """When customers began to get a version; a rollback brings back an earlier release."""

    deployment: int
    at: datetime
    rollback: bool
    release: int  # whose code it is


@dataclass(frozen=True)
class Given:
    """Every answer given from the opening until `at`, and every version that was live, in order."""

    at: datetime
    answered: tuple[datetime, ...]
    harmful: tuple[int, ...]  # of the first so many answers; one longer than `answered`
    live: tuple[Begun, ...]
    dials: Dials

    @property
    def opened(self) -> datetime:
        """When it began, by the server's clock."""
        return self.dials.openings[0]

    def between(self, begin: datetime, end: datetime) -> tuple[int, int]:
        """How many were answered from one moment until another, and how many of them harmfully."""
        first, after = bisect_left(self.answered, begin), bisect_left(self.answered, end)
        return max(after - first, 0), max(self.harmful[after] - self.harmful[first], 0)

    def last(self, number: int, until: datetime) -> tuple[int, int]:
        """The same of the last so many answers before a moment."""
        after = bisect_left(self.answered, until)
        first = max(after - number, 0)
        return after - first, self.harmful[after] - self.harmful[first]

    def moments(self, clock: Clock) -> tuple[datetime, ...]:
        """Every moment of the live window so far that a time of day may mean."""
        found = set()
        for opening in self.dials.openings:
            for zone in (clock.zone,) if clock.zone else self.dials.zones:
                day = opening.astimezone(zone).date()
                for each in (day, day + timedelta(days=1)):
                    offset = datetime.combine(each, clock.clock, zone) - opening
                    if -_JUST_NOW <= offset <= self.at - self.opened + _JUST_NOW:
                        found.add(self.opened + offset)
        return tuple(sorted(found))


def given(at: datetime, answers: Sequence[Told], live: Sequence[Stint], dials: Dials) -> Given:
    """What had been given until a moment, of what telemetry has until then."""
    return Given(
        at=at,
        answered=tuple(each.at for each in answers),
        harmful=tuple(accumulate((each.outcome.harmful for each in answers), initial=0)),
        live=tuple(
            Begun(each.deployment, each.begins_at, each.deployment != each.release, each.release) for each in live
        ),
        dials=dials,
    )
