"""What became of a timeline that was held against the record: see `aligning`. Plain values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from grading.ground_truth import KeyEvent
    from grading.postmortem.timeline import Entry

IN_ORDER = timedelta(minutes=1)  # people write times to the minute: of two that are closer none says which came first


@dataclass(frozen=True)
class Stamp:
    """A moment that a file of operation names, and the kind of event that this file is of."""

    at: datetime
    kind: str


@dataclass(frozen=True)
class Pair:
    """An entry and the event it tells; `error` is how far apart they are, the entry later if it is positive."""

    entry: Entry
    event: KeyEvent
    error: timedelta


@dataclass(frozen=True)
class BorneOut:
    """An entry that has no pair and is on record: the event that it tells as others do, or the kind of file's line."""

    entry: Entry
    event: KeyEvent | None = None
    kind: str = ""


@dataclass(frozen=True)
class Unpaired:
    """An entry that tells no event: what it speaks of as far as it is read, and what is near in time, nearest first."""

    entry: Entry
    speaks_of: tuple[str, ...] = ()
    near: tuple[KeyEvent, ...] = ()
    listed: bool = False
    scattered: bool = False


@dataclass(frozen=True)
class Aligned:
    """What became of every entry and every key event."""

    pairs: tuple[Pair, ...]
    borne_out: tuple[BorneOut, ...]
    invented: tuple[Unpaired, ...]
    unread: tuple[Unpaired, ...]
    told: tuple[KeyEvent, ...]
    missing: tuple[KeyEvent, ...]

    @property
    def supported(self) -> int:
        """How many entries the record bears out."""
        return len({pair.entry for pair in self.pairs}) + len(self.borne_out)

    @property
    def read(self) -> int:
        """How many entries say something that can be held against the record."""
        return self.supported + len(self.invented)

    @property
    def entries(self) -> int:
        """How many entries carry a time."""
        return self.read + len(self.unread)

    @property
    def perhaps_told(self) -> tuple[KeyEvent, ...]:
        """Missing key events that an unread entry may mean: as many as there are such entries, at most."""
        left = {event.id for event in self.missing}
        found = []
        for each in self.unread:
            event = next((event for event in each.near if event.id in left), None)
            if event is not None and not each.listed and not each.scattered:
                left.discard(event.id)
                found.append(event)
        return tuple(found)

    @property
    def mean_error(self) -> timedelta | None:
        """How far the told key events are from their times, on average; None if none is told."""
        errors = [abs(pair.error) for pair in self.pairs if pair.event.key]
        return sum(errors, timedelta(0)) / len(errors) if errors else None

    @property
    def inversions(self) -> tuple[tuple[Pair, Pair], ...]:
        """Pairs of entries that tell two events in the other order than they happened in."""
        once: dict[Entry, Pair] = {}
        for pair in self.pairs:
            once.setdefault(pair.entry, pair)
        ordered = sorted(once.values(), key=lambda pair: pair.entry.line)
        return tuple(
            (one, other)
            for place, one in enumerate(ordered)
            for other in ordered[place + 1 :]
            if (one.event.when.at < other.event.when.at and _time(one) - _time(other) >= IN_ORDER)
            or (one.event.when.at > other.event.when.at and _time(other) - _time(one) >= IN_ORDER)
        )


def _time(pair: Pair) -> datetime:
    """The time that an entry gives."""
    return pair.event.when.at + pair.error
