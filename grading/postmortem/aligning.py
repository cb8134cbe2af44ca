"""Holds a timeline against the record: which entries it bears out, and which key events are told. Plain values only.

1. An entry and an event can belong together if they are at most `NEAR` apart in any reading of the entry's time, or
   `TOLERANCE` if the entry uses words of that event.
2. They are paired off one to one, the surest first: key events whose words the entry uses, then key events, then all
   others on record; the nearer before the further.
3. A key event that is left is told by an entry already paired if that uses its words as well, or tells another key
   event that is at most `TOGETHER` away: a release and the first wrong answer seconds later are one entry to people.
4. What then has no pair is *invented* unless some file of operation names its moment. That is a finding to be looked
   at, not a verdict: what was seen outside the platform is on no record of ours.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from grading.ground_truth import KeyEvent
    from grading.postmortem.timeline import Entry
    from sandboxes.sandbox import JsonObject

TOLERANCE = timedelta(minutes=10)
NEAR = timedelta(minutes=5)
TOGETHER = timedelta(minutes=2)
IN_ORDER = timedelta(minutes=1)  # people write times to the minute: of two that are closer none says which came first
BORNE_OUT = timedelta(minutes=3)  # of a file's stamp: there are many of them

WORDS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "deployed": r"deploy|releas|roll(?:ed)?[ -]?out|ship|merg|went live|introduc|chang",
        "onset": r"began|start|first harm|onset|wrong|drafts?|publish",
        "first_harmful": r"first (?:wrong|harm|bad|incorrect|customer)|wrong answers?|harm|began|told (?:a )?wrong",
        "first_complaint": r"complain|customer (?:wrote|report)",
        "first_alert": r"alert|alarm|pag(?:ed|er)",
        "opened": r"open|declar|incident (?:start|beg)|pag(?:ed|er)|alert|on[- ]call|acknowledg",
        "detected": r"detect|notic|reproduc|saw|seen|observ|found|confirm",
        "confirmed": r"root cause|cause|diagnos|identif|confirm",
        "mitigated": r"mitigat|fix|deploy|roll|live|stopp|contain|resol|harm end",
        "fixed": r"fix|deploy|live|resol|patch",
        "first_update": r"update|told|inform|announc|status|communicat",
        "resolved": r"resol|closed|all clear",
    }.items()
}


@dataclass(frozen=True)
class Pair:
    """An entry and the event it tells; `error` is how far apart they are, the entry later if it is positive."""

    entry: Entry
    event: KeyEvent
    error: timedelta


@dataclass(frozen=True)
class Aligned:
    """What became of every entry and every key event."""

    pairs: tuple[Pair, ...]
    borne_out: tuple[Entry, ...]
    invented: tuple[Entry, ...]
    told: tuple[KeyEvent, ...]
    missing: tuple[KeyEvent, ...]

    @property
    def entries(self) -> int:
        """How many entries carry a time."""
        return len({pair.entry for pair in self.pairs}) + len(self.borne_out) + len(self.invented)

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


def align(
    entries: Sequence[Entry],
    events: Sequence[KeyEvent],
    *,
    opened: Sequence[datetime],
    zones: Sequence[tzinfo],
    stamps: Sequence[datetime] = (),
    server: datetime | None = None,
) -> Aligned:
    """Pair entries with events.

    Args:
        entries: those that carry a time.
        events: what happened, key events and others.
        opened: the opening, by every clock an entry may be written in.
        zones: those that a time without one may be in.
        stamps: further moments on record, by the server's clock.
        server: the opening by the server's clock; without it, the first of `opened`.
    """
    begun = server or opened[0]
    offsets = {entry: entry.offsets(openings=tuple(opened), zones=tuple(zones)) for entry in entries}
    happened = {event.id: sorted(at - begun for at in (event.when.at, *event.or_at)) for event in events}
    possible: list[tuple[int, timedelta, int, str, Pair]] = []
    for entry in entries:
        for event in events:
            error = _off(offsets[entry], happened[event.id])
            if error is not None and abs(error) <= (TOLERANCE if _says(entry, event) else NEAR):
                rank = _rank(entry, event)
                possible.append((rank, abs(error), entry.line, event.id, Pair(entry, event, error)))
    pairs: list[Pair] = []
    entries_left, events_left = set(entries), {event.id for event in events}
    ordered = [each[-1] for each in sorted(possible, key=lambda each: each[:-1])]
    for pair in ordered:
        if pair.entry in entries_left and pair.event.id in events_left:
            pairs.append(pair)
            entries_left.discard(pair.entry)
            events_left.discard(pair.event.id)
    for pair in ordered:
        if pair.event.key and pair.event.id in events_left and (_says(pair.entry, pair.event) or _beside(pair, pairs)):
            pairs.append(pair)
            events_left.discard(pair.event.id)
    on_file = sorted(stamp - begun for stamp in stamps)
    borne_out = {
        entry
        for entry in entries_left
        if any(abs(_nearest(on_file, each) or timedelta(0)) <= BORNE_OUT for each in offsets[entry] if on_file)
    }
    key = [event for event in events if event.key]
    return Aligned(
        pairs=tuple(pairs),
        borne_out=tuple(entry for entry in entries if entry in borne_out),
        invented=tuple(entry for entry in entries if entry in entries_left - borne_out),
        told=tuple(event for event in key if event.id not in events_left),
        missing=tuple(event for event in key if event.id in events_left),
    )


def _rank(entry: Entry, event: KeyEvent) -> int:
    """How sure a pair is, the surest lowest."""
    return (0 if event.key else 2) + (0 if _says(entry, event) else 1)


@dataclass(frozen=True)
class Reading:
    """How a timeline's times are read: by which clocks, and in which zones if an entry says none."""

    clocks: str  # server | incident | both
    opened: tuple[datetime, ...]
    zones: tuple[tzinfo, ...]
    assumed: bool = False  # a zone that neither the document nor the learner's settings name


def readings(server: datetime, in_incident: datetime | None, zones: Sequence[tzinfo]) -> list[Reading]:
    """The ways to read a timeline, the plainest first: by one clock, by both, then in zones that nobody named."""
    clocks: list[tuple[str, tuple[datetime, ...]]] = [("server", (server,))]
    if in_incident is not None:
        clocks += [("incident", (in_incident,)), ("both", (server, in_incident))]
    found = [Reading(name, opened, (zone,)) for name, opened in clocks for zone in zones]
    found += [Reading(name, opened, tuple(zones)) for name, opened in clocks if len(zones) > 1]
    halves = (timezone(timedelta(minutes=30 * half)) for half in range(-24, 29))
    return found + [Reading("server", (server,), (zone,), assumed=True) for zone in halves]


def best(
    entries: Sequence[Entry], events: Sequence[KeyEvent], ways: Sequence[Reading], *, stamps: Sequence[datetime] = ()
) -> tuple[Aligned, Reading]:
    """The reading by which a timeline tells most, and what it tells by it; the plainest of those that tell as much.

    A zone that nobody named is assumed only if otherwise at most one key event is told, and by it two more, one of them
    the opening.
    """
    server = ways[0].opened[0]
    found: tuple[Aligned, Reading] | None = None
    for way in ways:
        if way.assumed and found is not None and len(found[0].told) > 1 and not found[1].assumed:
            break
        aligned = align(entries, events, server=server, opened=way.opened, zones=way.zones, stamps=stamps)
        if found is None:
            found = aligned, way
            continue
        more = len(aligned.told) - len(found[0].told)
        fewer_invented = len(found[0].invented) - len(aligned.invented)
        opening = any(event.id == "opened" for event in aligned.told)
        better = more >= 2 and opening if way.assumed else (more, fewer_invented) > (0, 0)  # noqa: PLR2004 - see above
        if better:
            found = aligned, way
    assert found is not None  # noqa: S101 - there is always a reading
    return found


def _nearest(offsets: Sequence[timedelta], at: timedelta) -> timedelta | None:
    """How far the nearest of sorted offsets is from a moment; None if there are none."""
    place = bisect_left(offsets, at)
    near = offsets[max(place - 1, 0) : place + 1]
    return min((each - at for each in near), key=abs, default=None)


def _off(offsets: Sequence[timedelta], at: Sequence[timedelta]) -> timedelta | None:
    """How far an entry is from the moment of an event, or from the nearest of those that it may mean as well."""
    return min((error for each in at if (error := _nearest(offsets, each)) is not None), key=abs, default=None)


def _beside(pair: Pair, pairs: Sequence[Pair]) -> bool:
    """Whether the entry tells another key event already that happened at about the same time."""
    return any(
        each.entry == pair.entry and each.event.key and abs(each.event.when.at - pair.event.when.at) <= TOGETHER
        for each in pairs
    )


def _says(entry: Entry, event: KeyEvent) -> bool:
    words = WORDS.get(event.id)
    return words is not None and words.search(entry.text) is not None


def as_json(found: Aligned, reading: Reading | None = None) -> JsonObject:
    """The alignment as the mentor's page shows it."""
    entries = found.entries
    paired = len({pair.entry for pair in found.pairs}) + len(found.borne_out)
    key = len(found.told) + len(found.missing)
    return {
        "entries": entries,
        "read_as": None
        if reading is None
        else {
            "clocks": reading.clocks,
            "zones": [str(zone) for zone in reading.zones],
            "assumed": reading.assumed,
        },
        "precision": {"part": paired, "of": entries, "share": round(paired / entries, 4) if entries else None},
        "recall": {"part": len(found.told), "of": key, "share": round(len(found.told) / key, 4) if key else None},
        "mean_error_seconds": None if found.mean_error is None else found.mean_error.total_seconds(),
        "pairs": [
            {
                "line": pair.entry.line,
                "entry": pair.entry.text[:300],
                "event": pair.event.id,
                "what": pair.event.what,
                "key": pair.event.key,
                "error_seconds": pair.error.total_seconds(),
                "cites": list(pair.event.when.cites),
            }
            for pair in sorted(found.pairs, key=lambda pair: pair.entry.line)
        ],
        "inversions": [
            {
                "first": {"line": one.entry.line, "event": one.event.id},
                "then": {"line": other.entry.line, "event": other.event.id},
            }
            for one, other in found.inversions
        ],
        "invented": [{"line": each.line, "entry": each.text[:300]} for each in found.invented],
        "missing": [
            {
                "event": each.id,
                "what": each.what,
                "at": each.when.at,
                "in_incident": each.when.in_incident,
                "cites": list(each.when.cites),
            }
            for each in found.missing
        ],
    }
