"""By which clocks and in which zones a timeline is read: the plainest way by which it tells most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from grading.postmortem.aligning import align
from grading.postmortem.hearing import hear

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from grading.ground_truth import KeyEvent
    from grading.postmortem.aligned import Aligned, Stamp
    from grading.postmortem.timeline import Entry


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
    entries: Sequence[Entry],
    events: Sequence[KeyEvent],
    ways: Sequence[Reading],
    *,
    stamps: Sequence[Stamp] = (),
    until: datetime | None = None,
) -> tuple[Aligned, Reading]:
    """The reading by which a timeline tells most, and what it tells by it; the plainest of those that tell as much.

    A zone that nobody named is assumed only if otherwise at most one key event is told, and by it two more, one of them
    the opening.
    """
    server = ways[0].opened[0]
    heard = hear(entries, events)
    found: tuple[Aligned, Reading] | None = None
    for way in ways:
        if way.assumed and found is not None and len(found[0].told) > 1 and not found[1].assumed:
            break
        aligned = align(heard, events, server=server, opened=way.opened, zones=way.zones, stamps=stamps, until=until)
        if found is None:
            found = aligned, way
            continue
        more = len(aligned.told) - len(found[0].told)
        fewer_invented = len(found[0].invented) - len(aligned.invented)
        more_read = aligned.read - found[0].read
        opening = any(event.id == "opened" for event in aligned.told)
        better = more >= 2 and opening if way.assumed else (more, fewer_invented, more_read) > (0, 0, 0)  # noqa: PLR2004
        if better:
            found = aligned, way
    assert found is not None  # noqa: S101 - there is always a reading
    return found
