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
    audience: str = ""


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
    """An announced next update. `kept` is None when the window closed before it was due, or another replaced it."""

    update: int
    due: datetime
    kept: bool | None
    kept_by: int | None
    audience: str = ""
    replaced_by: int | None = None


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
    """What became of each announced next update.

    It is kept by the next update to the same audience, if that came at most `GRACE_SECONDS` after it was due: who was
    promised one has heard nothing of what others were told. One that came at most `GRACE_SECONDS` after the promise
    itself corrects it, so that the promise counts neither way.
    """
    return [
        _promise(update, update.next_update_at, updates[place + 1 :], closed)
        for place, update in enumerate(updates)
        if update.next_update_at is not None
    ]


def _promise(update: Update, due: datetime, later: Sequence[Update], closed: datetime) -> Promise:
    following = next((each for each in later if each.audience == update.audience), None)
    if following is not None and (following.at - update.at).total_seconds() <= GRACE_SECONDS:
        return Promise(update.number, due, None, None, update.audience, replaced_by=following.number)
    if following is not None and (following.at - due).total_seconds() <= GRACE_SECONDS:
        return Promise(update.number, due, kept=True, kept_by=following.number, audience=update.audience)
    return Promise(update.number, due, None if due >= closed else False, None, update.audience)
