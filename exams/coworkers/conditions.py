"""Whether a rule's condition holds at a second, by what was seen before it, and at which seconds that may change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exams.coworkers.history import MINUTE, Complaint
from exams.packs.injects import (
    Changed,
    Complained,
    Condition,
    Confirmed,
    Deployed,
    HandedIn,
    HarmLeft,
    NeverTold,
    PromiseMissed,
    Rings,
    Share,
    Silence,
    Stands,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.coworkers.history import History, Said


@dataclass
class Scene:
    """What there is to see at a second: the history before it, and what was said up to it."""

    history: History
    second: int = 0
    said: list[Said] = field(default_factory=list)
    last_of: dict[str, Said] = field(default_factory=dict)
    quoted: set[int] = field(default_factory=set)

    def complaint(self) -> tuple[int, Complaint] | None:
        """The newest complaint nobody has quoted, with its place."""
        seen = enumerate(self.history.complaints)
        fresh = [(place, one) for place, one in seen if one.second < self.second and place not in self.quoted]
        return fresh[-1] if fresh else None

    def answered(self, said: Said) -> bool:
        """Whether an update since answers what was asked."""
        if said.asks is None:
            return True
        found = self.history.first_update_after(said.second, said.asks.audiences, seen_at=self.second)
        return found is not None

    def span(self, back: Share | HarmLeft) -> tuple[int, int]:
        """The whole minutes [first, end) that a condition looks back at."""
        end, since = self.second // MINUTE, 0
        if back.since == "version":
            since = self.history.changed(self.second)
        elif back.since == "update":
            last = self.history.last_update(self.second)
            since = last.second if last else 0
        return min(end, max(0, end - self.history.stretched(back.minutes), -(-since // MINUTE))), end


def holds(condition: Condition, scene: Scene) -> bool:  # noqa: C901, PLR0911, PLR0912 - one line a condition
    """Whether a condition holds at the scene's second."""
    history, second = scene.history, scene.second
    match condition:
        case Silence(seconds, audience):
            last = history.last_update(second, audience)
            return second - (last.second if last else 0) >= history.stretched(seconds)
        case NeverTold(audience, yes):
            return (history.last_update(second, audience) is None) == yes
        case Stands(state, yes):
            last = history.last_update(second)
            return (last is not None and last.state == state) == yes
        case PromiseMissed(seconds):
            return history.missed(second, history.stretched(seconds)) is not None
        case Share():
            return _share_holds(condition, scene)
        case HarmLeft():
            return _harm_left(condition, scene)
        case Rings(alarm):
            return history.last_ring(alarm, second) is not None
        case Complained():
            return scene.complaint() is not None
        case Confirmed(yes):
            return any(at < second for at in history.confirmed) == yes
        case Deployed(outcome, seconds):
            deployment = history.last_deployment(second)
            if deployment is None or not outcome:
                return deployment is None and not outcome
            return deployment.outcome == outcome and second - deployment.second >= history.stretched(seconds)
        case Changed(seconds):
            change = history.last_change(second)
            return change is not None and second - change.second >= history.stretched(seconds)
        case Unanswered(key, seconds):
            said = scene.last_of.get(key)
            return said is not None and second - said.second >= history.stretched(seconds) and not scene.answered(said)
        case HandedIn(yes):
            return (history.handed_in is not None and history.handed_in < second) == yes


def _share_holds(share: Share, scene: Scene) -> bool:
    first, end = scene.span(share)
    asked, counted = scene.history.total("asked", first, end), scene.history.total(share.of, first, end)
    if asked is None or counted is None or asked < share.enough:
        return False
    return share.at_least * asked <= 100 * counted < share.below * asked


def _harm_left(left: HarmLeft, scene: Scene) -> bool:
    first, end = scene.span(left)
    harmful, at_first = scene.history.total("harmful", first, end), scene.history.total("opening", first, end)
    if harmful is None or at_first is None or at_first < left.enough:
        return False
    return left.at_least * at_first <= 100 * harmful and (left.below is None or 100 * harmful < left.below * at_first)


def turning_points(condition: Condition, history: History) -> Iterator[int]:
    """Seconds, beside those right after a fact, at which a condition may begin to hold.

    A fact adds only seconds after its own: what happens later moves nothing that was before.
    """
    match condition:
        case Silence(seconds, audience):
            length = max(1, history.stretched(seconds))
            yield length
            yield from (one.second + length for one in history.updates if audience in {"", one.audience})
        case PromiseMissed(seconds):
            length = history.stretched(seconds)
            yield from (max(one.second + 1, one.promise + length) for one in history.updates if one.promise is not None)
        case Deployed(_, seconds) | Changed(seconds):
            length = max(1, history.stretched(seconds))
            yield from (one.second + length for one in history.deployments)
        case Rings(alarm):
            yield from (ring.second + 1 for ring in history.rings(alarm))
        case Share() | HarmLeft():
            yield from range(0, history.closes, MINUTE)
        case _:
            return


def facts(history: History) -> Iterator[int]:
    """The seconds of all facts."""
    for dated in (history.updates, history.deployments, history.complaints):
        yield from (one.second for one in dated)
    yield from history.confirmed
    yield from history.complained
    if history.handed_in is not None:
        yield history.handed_in
    yield from (since for since, _ in history.closings[1:])
