"""Measures status updates: the silences between them and the promises of the next one. Plain values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

GRACE_SECONDS = 60.0  # a promise to the minute is kept by an update in that minute


@dataclass(frozen=True)
class Update:
    """What matters of one update here; `number` names it."""

    number: int
    at: datetime
    state: str
    next_update_at: datetime | None


@dataclass(frozen=True)
class Silence:
    """A stretch without an update; `after` and `before` are update numbers, 0 for the edges of the window."""

    after: int
    before: int
    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True)
class Promise:
    """An announced next update. `kept` is None when the window closed before it was due."""

    update: int
    due: datetime
    kept: bool | None
    kept_by: int | None


def silences(
    updates: Sequence[Update], *, opened: datetime, closed: datetime, contradicted: bool = False
) -> list[Silence]:
    """Every stretch without an update from `opened` to `closed`; after a last word "resolved" nobody waits.

    Where telemetry has `contradicted` that word, people do wait: customers are still harmed.
    """
    edges = [(0, opened), *((update.number, update.at) for update in updates)]
    stretches = [
        Silence(after=edges[place][0], before=edges[place + 1][0], since=edges[place][1], until=edges[place + 1][1])
        for place in range(len(edges) - 1)
    ]
    over = bool(updates) and updates[-1].state == "resolved" and not contradicted
    if not over and closed > edges[-1][1]:
        stretches.append(Silence(after=edges[-1][0], before=0, since=edges[-1][1], until=closed))
    return stretches


def promises(updates: Sequence[Update], *, closed: datetime) -> list[Promise]:
    """What became of each announced next update: kept by a later one at most `GRACE_SECONDS` after it was due."""
    found = []
    for place, update in enumerate(updates):
        due = update.next_update_at
        if due is None:
            continue
        following = updates[place + 1] if place + 1 < len(updates) else None
        if following is not None and (following.at - due).total_seconds() <= GRACE_SECONDS:
            found.append(Promise(update.number, due, kept=True, kept_by=following.number))
        else:
            found.append(Promise(update.number, due, kept=None if due >= closed else False, kept_by=None))
    return found
