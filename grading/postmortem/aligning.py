"""Holds a timeline against the record: which entries it bears out, and which key events are told. Plain values only.

1. A part of an entry can tell an event if its words speak of that kind of event (see `speaking`) and its time is at
   most ten minutes away in any reading. A second part of one entry has to be at most five away, or name its own time.
2. They are paired off one to one, key events first, the nearer before the further. A part tells one event, an entry at
   most `MOST_TOLD`.
3. A key event that is left is told by the entry that tells its other half, see `_ONE_ACT`, if both happened at most
   `TOGETHER` apart: a release and the first wrong answer seconds later are one entry to people.
4. What has no pair is *borne out* if it speaks of an event, or of a line in a file of operation, that is there at that
   time: told twice, or not key.
5. It is *invented* if it says for sure, and says nothing else, that something was done which the record would have, in
   the live window, and nothing of that kind is on record near it. That is a finding to be looked at, not a verdict.
6. What is said at many times, at most of which nothing of it is on record, tells nothing at the others: `SCATTERED`.
7. Everything else is *unread*, whatever is near it in time: it tells nothing and contradicts nothing, and is shown with
   what is near for the mentor to read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from grading.postmortem.aligned import Aligned, BorneOut, Pair, Stamp, Unpaired
from grading.postmortem.hearing import NEAR, Heard, Part, hear

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime, tzinfo

    from grading.ground_truth import KeyEvent
    from grading.postmortem import speaking
    from grading.postmortem.timeline import Entry

MINUTE = timedelta(minutes=1)
TOGETHER = timedelta(minutes=2)
BORNE_OUT = timedelta(minutes=3)  # of a file's stamp: there are many of them
MOST_TOLD = 2  # events that one entry tells by its words
# So many entries that speak of one kind of event where there is none, and twice as many as where there is one, were
# written at all times there are, so that some would hit.
SCATTERED = 8

_ONE_ACT = (
    {"deployed", "first_harmful"},
    {"first_alert", "opened"},
    {"detected", "confirmed"},
    {"mitigated", "fixed"},
)


def align(
    entries: Sequence[Entry] | Heard,
    events: Sequence[KeyEvent],
    *,
    opened: Sequence[datetime],
    zones: Sequence[tzinfo],
    stamps: Sequence[Stamp] = (),
    server: datetime | None = None,
    until: datetime | None = None,
) -> Aligned:
    """Pair entries with events.

    Args:
        entries: those that carry a time.
        events: what happened, key events and others.
        opened: the opening, by every clock an entry may be written in.
        zones: those that a time without one may be in.
        stamps: further moments on record, by the server's clock.
        server: the opening by the server's clock; without it, the first of `opened`.
        until: to when everything that was done is on record; without it, the last event.
    """
    begun = server or opened[0]
    heard = entries if isinstance(entries, Heard) else hear(entries, events)
    offsets = {
        each: each.offsets(openings=tuple(opened), zones=tuple(zones))
        for each in {*heard.entries, *(part.at for part in heard.parts)}
    }
    happened = sorted((at - begun, place) for place, event in enumerate(events) for at in (event.when.at, *event.or_at))
    possible = [
        (*_how_well(part, event, error, heard), part.entry.line, number, event.id, Pair(part.entry, event, error))
        for number, part in enumerate(heard.parts)
        for place, error in _around(offsets[part.at], happened, part.within).items()
        if (event := events[place]).id in part.events
    ]
    possible.sort(key=lambda each: each[:-1])
    pairs = _paired(possible)
    again: dict[Entry, KeyEvent] = {}
    for each in possible:
        again.setdefault(each[-1].entry, each[-1].event)
    on_file = _on_file(stamps, begun)
    on_record = {
        entry: kind
        for entry in heard.entries
        if (kind := _on_record(heard.said[entry], offsets[entry], on_file)) is not None
    }
    scattered = _scattered(heard, again.keys() | on_record.keys())
    pairs = [pair for pair in pairs if pair.entry not in scattered]
    pairs += _other_halves(pairs, events)
    paired = {pair.entry for pair in pairs}
    borne_out = (again.keys() | on_record.keys()) - paired - scattered
    told = {pair.event.id for pair in pairs}
    end = (until or max((event.when.at for event in events), default=begun)) - begun
    invented: list[Unpaired] = []
    unread: list[Unpaired] = []
    for entry in heard.entries:
        if entry in paired or entry in borne_out:
            continue
        mine, what = offsets[entry], heard.said[entry]
        around = _around(mine, happened, NEAR)
        near = sorted(around, key=lambda place: (abs(around[place]), place))
        beside = tuple(events[place] for place in near)
        found = Unpaired(entry, tuple(sorted(what.kinds)), beside, what.listed, entry in scattered)
        (invented if entry in heard.sure and _while_live(mine, end) else unread).append(found)
    return Aligned(
        pairs=tuple(pairs),
        borne_out=tuple(
            BorneOut(entry, again.get(entry), on_record.get(entry, "")) for entry in heard.entries if entry in borne_out
        ),
        invented=tuple(invented),
        unread=tuple(unread),
        told=tuple(event for event in events if event.key and event.id in told),
        missing=tuple(event for event in events if event.key and event.id not in told),
    )


def _how_well(part: Part, event: KeyEvent, error: timedelta, heard: Heard) -> tuple[bool, bool, int, bool, timedelta]:
    """What makes a pair better than another, the least first: a key event, to whom it was told, how near to the minute.

    Of two as near, what happened is meant rather than that it was asked for, unless the entry speaks of asking.
    """
    asked_for = event.what.endswith("asked for") and "asked" not in heard.said[part.entry].kinds
    return not event.key, event.id in part.not_to, abs(error) // MINUTE, asked_for, abs(error)


def _scattered(heard: Heard, supported: AbstractSet[Entry]) -> frozenset[Entry]:
    """The entries all of whose kinds of events are told of at far more times than there is anything of the kind at."""
    missed: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for entry in heard.entries:
        if entry in supported:
            met.update(heard.said[entry].kinds)
        elif entry not in heard.sure:  # that would be invented
            missed.update(heard.said[entry].kinds)
    kinds = {kind for kind, times in missed.items() if times >= SCATTERED and times > 2 * met[kind]}
    return frozenset(entry for entry in heard.entries if heard.said[entry].kinds and heard.said[entry].kinds <= kinds)


def _paired(possible: Iterable[tuple[bool, bool, int, bool, timedelta, int, int, str, Pair]]) -> list[Pair]:
    """One event for each part, as long as an entry may tell more, in the order given."""
    pairs: list[Pair] = []
    parts: set[int] = set()
    events: set[str] = set()
    told: dict[Entry, int] = {}
    for *_, place, event, pair in possible:
        if place in parts or event in events or told.get(pair.entry, 0) >= MOST_TOLD:
            continue
        pairs.append(pair)
        parts.add(place)
        events.add(event)
        told[pair.entry] = told.get(pair.entry, 0) + 1
    return pairs


def _other_halves(pairs: Sequence[Pair], events: Sequence[KeyEvent]) -> list[Pair]:
    """Key events that were one act with one that is told."""
    told = {pair.event.id: pair for pair in pairs}
    found = []
    for event in events:
        if not event.key or event.id in told:
            continue
        for act in _ONE_ACT:
            half = next((told[other] for other in act - {event.id} if event.id in act and other in told), None)
            if half is not None and abs(half.event.when.at - event.when.at) <= TOGETHER:
                found.append(Pair(half.entry, event, half.event.when.at + half.error - event.when.at))
                break
    return found


def _while_live(offsets: Sequence[timedelta], end: timedelta) -> bool:
    """Whether it can only be meant of the live window, to the day."""
    near = [each for each in offsets if abs(each) <= timedelta(hours=12)]
    return bool(near) and all(timedelta(0) <= each <= end for each in near)


def _on_file(stamps: Sequence[Stamp], begun: datetime) -> dict[str, list[timedelta]]:
    found: dict[str, list[timedelta]] = {}
    for stamp in stamps:
        found.setdefault(stamp.kind, []).append(stamp.at - begun)
    return {kind: sorted(moments) for kind, moments in found.items()}


def _on_record(
    found: speaking.Said, offsets: Sequence[timedelta], on_file: Mapping[str, Sequence[timedelta]]
) -> str | None:
    """The kind of a file that has a line at that time, of a kind that it speaks of."""
    if found.listed:
        return None
    for kind in sorted(found.kinds & on_file.keys()):
        nearest = (_nearest(on_file[kind], each) for each in offsets)
        if any(error is not None and abs(error) <= BORNE_OUT for error in nearest):
            return kind
    return None


def _nearest(offsets: Sequence[timedelta], at: timedelta) -> timedelta | None:
    """How far the nearest of sorted offsets is from a moment; None if there are none."""
    place = bisect_left(offsets, at)
    near = offsets[max(place - 1, 0) : place + 1]
    return min((each - at for each in near), key=abs, default=None)


def _around(
    offsets: Sequence[timedelta], happened: Sequence[tuple[timedelta, int]], within: timedelta
) -> dict[int, timedelta]:
    """The events within some time of an entry, by their number, and how far it is off: of several ways, the least."""
    found: dict[int, timedelta] = {}
    for each in offsets:
        first = bisect_left(happened, (each - within, 0))
        after = bisect_right(happened, (each + within, len(happened)))
        for at, event in happened[first:after]:
            if event not in found or abs(each - at) < abs(found[event]):
                found[event] = each - at
    return found
