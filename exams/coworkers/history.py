"""What the people in the room can see of an attempt: acts with their second, and customers by the minute."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from exams.packs.alarm import Alarm, Ring
    from exams.packs.injects import Answered, Asks, Outcome, Role

MINUTE = 60


@dataclass(frozen=True)
class Update:
    """A status update; `promise` is the second for which it promises the next one."""

    second: int
    audience: str
    state: str
    promise: int | None = None


@dataclass(frozen=True)
class Deployment:
    """Something became of a deployment: it went live, failed, or was rolled back; `version` as the learner knows it.

    What was `called_off` was rolled back before it was live: customers get what they got.
    """

    second: int
    outcome: Outcome
    version: str = ""


@dataclass(frozen=True)
class Minute:
    """What customers asked and got in one minute of the window; `number` counts from zero.

    `opening` is how many would have been answered harmfully by the version that was live when the incident opened.
    """

    number: int
    asked: int = 0
    correct: int = 0
    refused: int = 0
    harmful: int = 0
    failed: int = 0
    opening: int = 0


@dataclass(frozen=True)
class Complaint:
    """A customer's complaint: what they had asked, and what they were told.

    `began` is the first question of their conversation, if that is another one: without it a follow-up says nothing.
    """

    second: int
    question: str
    answer: str
    began: str = ""


@dataclass(frozen=True)
class Said:
    """An inject: what was said, by which rule, at which second.

    Attributes:
        second: When, in whole seconds since the window opened.
        rule: Its rule's key.
        occurrence: The how manieth time of that rule, from one.
        role, name, title: Who.
        text: The words.
        asks: What would answer it, stretched by the multiplier; None when nothing is asked.
        quoted: Second and place among the complaints of the one that is quoted.
    """

    second: int
    rule: str
    occurrence: int
    role: Role
    name: str
    title: str
    text: str
    asks: Asks | None = None
    quoted: int | None = None


@dataclass(frozen=True)
class History:
    """All of it, each part in order of time. A fact of second f is seen from second f + 1 on.

    Attributes:
        closings: Pairs (second, closes): from when on it was known that the window closes then. The first is what the
            start fixed; each extension adds one. While a window is closed nobody speaks. Seconds are rounded up.
        pace: The learner's multiplier, per cent.
        updates, deployments: What the learner did.
        confirmed: Seconds at which it became known that a diagnosis' repro reproduces.
        handed_in: The second at which the stage was first handed in.
        minutes: Customers, without gaps from minute zero, as far as is known.
        complained: When customers complained, or are sure to: also before the window, at seconds below zero. In order.
        complaints: Those of them since it opened that can be quoted.
    """

    closings: tuple[tuple[int, int], ...]
    pace: int = 100
    updates: tuple[Update, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    confirmed: tuple[int, ...] = ()
    handed_in: int | None = None
    minutes: tuple[Minute, ...] = ()
    complained: tuple[int, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    @property
    def closes(self) -> int:
        """When the window closes in the end, as far as is known."""
        return max(closes for _, closes in self.closings)

    def closes_seen(self, second: int) -> int:
        """When the window closes, as it is known at a second."""
        return next((closes for since, closes in reversed(self.closings) if since < second), self.closings[0][1])

    def stretched(self, seconds: int) -> int:
        """A length of a script on this learner's clock; a fraction of a second goes to the learner."""
        return -(-seconds * self.pace // 100)

    def last_update(self, second: int, audience: str = "") -> Update | None:
        """The last update that is seen at a second: to anybody, or to one audience."""
        updates, seconds = self._updates_to(audience)
        place = bisect_left(seconds, second)
        return updates[place - 1] if place else None

    def missed(self, second: int, length: int) -> Update | None:
        """The update whose promise of a next one to its audience is overdue by a length; of several, the one due last.

        What others were told since does not keep a promise.
        """
        last = (self.last_update(second, audience) for audience in dict.fromkeys(one.audience for one in self.updates))
        overdue = [
            (one.promise, one.second, one)
            for one in last
            if one is not None and one.promise is not None and second >= one.promise + length
        ]
        return max(overdue, key=lambda each: each[:2])[2] if overdue else None

    def first_update_after(self, second: int, audiences: tuple[str, ...], *, seen_at: int) -> Update | None:
        """The first update to one of those audiences at or after a second, as far as it is seen at another."""
        return next((one for one in self.updates if second <= one.second < seen_at and one.audience in audiences), None)

    def last_deployment(self, second: int) -> Deployment | None:
        """What became of a deployment last, as it is seen at a second."""
        place = bisect_left(self._deployed, second)
        return self.deployments[place - 1] if place else None

    def last_change(self, second: int) -> Deployment | None:
        """What changed last what is live, as it is seen at a second."""
        place = bisect_left(self._changes, second, key=lambda one: one.second)
        return self._changes[place - 1] if place else None

    def changed(self, second: int) -> int:
        """The last second at which what is live changed, as it is seen at a second; zero at first."""
        last = self.last_change(second)
        return last.second if last else 0

    def total(self, what: Answered | Literal["opening"], first: int, end: int) -> int | None:
        """How many there were in the minutes [first, end); None while one of them is not known."""
        if end > len(self.minutes):
            return None
        sums = self._sums[what]
        return sums[end] - sums[first]

    def last_ring(self, alarm: Alarm, second: int) -> Ring | None:
        """When an alarm rang last since the opening, as it is seen at a second."""
        return next((ring for ring in reversed(self.rings(alarm)) if 0 <= ring.second < second), None)

    def rings(self, alarm: Alarm) -> tuple[Ring, ...]:
        """When an alarm rings, by all complaints that came or are sure to."""
        if alarm not in self._rings:
            self._rings[alarm] = alarm.rings(self.complained, pace=self.pace)
        return self._rings[alarm]

    def _updates_to(self, audience: str) -> tuple[tuple[Update, ...], tuple[int, ...]]:
        if audience not in self._by_audience:
            updates = tuple(one for one in self.updates if one.audience == audience)
            self._by_audience[audience] = (updates, tuple(one.second for one in updates))
        return self._by_audience[audience]

    @cached_property
    def _by_audience(self) -> dict[str, tuple[tuple[Update, ...], tuple[int, ...]]]:
        return {"": (self.updates, tuple(one.second for one in self.updates))}

    @cached_property
    def _rings(self) -> dict[Alarm, tuple[Ring, ...]]:
        return {}

    @cached_property
    def _changes(self) -> tuple[Deployment, ...]:
        return tuple(one for one in self.deployments if one.outcome in {"live", "rolled_back"})

    @cached_property
    def _deployed(self) -> tuple[int, ...]:
        return tuple(one.second for one in self.deployments)

    @cached_property
    def _sums(self) -> dict[str, tuple[int, ...]]:
        return {
            what: tuple(accumulate((getattr(one, what) for one in self.minutes), initial=0))
            for what in ("asked", "correct", "refused", "harmful", "failed", "opening")
        }
