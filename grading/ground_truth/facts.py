"""What there is to know of an incident: acts of the learner's, moments, harm, and the whole of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sandboxes.sandbox import JsonObject


@dataclass(frozen=True)
class Moment:
    """When something happened, on the server's clock (`at`) and by the incident's own dates; and what says so."""

    at: datetime
    in_incident: datetime | None = None
    cites: tuple[JsonObject, ...] = ()
    source: str = "ledger"  # ledger | telemetry | truth


@dataclass(frozen=True)
class KeyEvent:
    """Something a timeline should tell (`key`), or may: `id` is stable, `what` is for people.

    `or_at` are moments, by the server's clock, at which it may be told as well: its words may mean those, too.
    """

    id: str
    what: str
    when: Moment
    key: bool = True
    or_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Harm:
    """A blast radius: harmful answers, and the conversations in which they were given; None where it is not known."""

    answers: int | None
    sessions: int | None


@dataclass(frozen=True)
class Act:
    """Something the learner did, or that was done in the room, as the ledger has it."""

    id: str
    what: str
    at: datetime
    cites: tuple[JsonObject, ...] = ()


@dataclass(frozen=True)
class Acts:
    """What the learner did that moves an incident on; None for what never came. `others` are borne out, not key."""

    detected: Act | None = None
    first_repro: Act | None = None
    confirmed: Act | None = None
    first_update: Act | None = None
    resolved: Act | None = None
    others: tuple[Act, ...] = ()
    deployments: Mapping[int, Act] = field(default_factory=dict)  # by number


@dataclass(frozen=True)
class GroundTruth:
    """The moments of the incident, each None if it never came; the blast radius; every event, in order.

    `deployed` is when the faulty release went live, `onset` when it began to do harm: it may have waited for something.
    """

    deployed: Moment | None
    onset: Moment | None
    first_harmful: Moment | None
    opened: Moment
    first_harmful_live: Moment | None
    detected: Moment | None
    first_repro: Moment | None
    confirmed: Moment | None
    mitigated: Moment | None
    fixed: Moment | None
    before: Harm
    live: Harm
    until_mitigation: Harm
    events: tuple[KeyEvent, ...]
    known_until: datetime | None

    @property
    def key_events(self) -> tuple[KeyEvent, ...]:
        """The events that a timeline should tell."""
        return tuple(each for each in self.events if each.key)

    @property
    def total(self) -> Harm:
        """The whole blast radius: before the opening and while live."""
        return Harm(
            _sum(self.before.answers, self.live.answers),
            _sum(self.before.sessions, self.live.sessions),
        )

    @property
    def latent(self) -> timedelta | None:
        """How long the harm lay hidden: from its onset to the opening."""
        return None if self.onset is None else self.opened.at - self.onset.at


def _sum(*parts: int | None) -> int | None:
    known = [each for each in parts if each is not None]
    return sum(known) if known else None
