"""What is said in an attempt, by whom, at which second: a function of script and history, and of nothing else.

It goes through the seconds at which anything can change, in order, and at each sees only what happened before it. So
what comes out for a second is the same whoever asks and however late, more history only adds to its end, and an act
never changes what was said before it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exams.coworkers.conditions import Scene, facts, holds, turning_points
from exams.coworkers.history import Said
from exams.coworkers.words import text_of
from exams.packs.injects import Complained, HarmLeft, PromiseMissed, Rings, Share, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.coworkers.history import History
    from exams.packs.injects import InjectRule

APART = 20  # seconds between two injects, so that each can be read
APART_OF_ONE = (120, 180)  # between two of one person, who reads and writes other things in between


@dataclass(frozen=True)
class Outlook:
    """What was said up to a second, and the next second at which more may be; None when there is none."""

    said: tuple[Said, ...]
    look_again: int | None


def due(script: tuple[InjectRule, ...], history: History, until: int) -> list[Said]:
    """Everything said up to and including second `until`, in order."""
    return list(outlook(script, history, until).said)


def outlook(script: tuple[InjectRule, ...], history: History, until: int) -> Outlook:
    """Everything said up to and including second `until`, and when to look again.

    1. Note every second at which a condition may begin to hold, in order.
    2. At each, a rule whose conditions hold makes up its mind, and speaks `delay` later if they hold then too.
    3. Who would speak less than `APART` after somebody else, or less than two to three minutes after their own last
       words, waits that long, and looks again.
    4. What was said is itself something that may change a condition: its seconds are noted too.
    """
    room = _Room(script, history)
    while room.agenda and room.agenda[0] <= until:
        room.look(heapq.heappop(room.agenda))
    return Outlook(tuple(room.scene.said), room.agenda[0] if room.agenda else None)


class _Room:
    """The rules, with what each has said and is about to say, while the seconds go by."""

    def __init__(self, script: tuple[InjectRule, ...], history: History) -> None:
        self.history = history
        self.scene = Scene(history)
        self.rules = [_Speaker(rule, history) for rule in script]
        self.agenda: list[int] = []
        self._noted: set[int] = set()
        for rule in script:
            self.note([history.stretched(rule.after)])
            for condition in rule.when:
                self.note(turning_points(condition, history))
        self.note(at + 1 for at in facts(history))

    def note(self, seconds: Iterable[int]) -> None:
        """Look at these seconds too; none is ever noted that has gone by."""
        for second in seconds:
            if 0 <= second < self.history.closes and second not in self._noted:
                self._noted.add(second)
                heapq.heappush(self.agenda, second)

    def look(self, second: int) -> None:
        """Let everybody look at a second, in the script's order."""
        self.scene.second = second
        for speaker in self.rules:
            speaks_at = speaker.mind(self.scene)
            if speaks_at is None:
                continue
            if speaks_at <= second and self.scene.said:
                speaks_at = max(speaks_at, self.scene.said[-1].second + APART, self._free_at(speaker.rule))
            speaker.speaks_at = speaks_at
            if speaks_at > second:
                self.note([speaks_at])
            else:
                self._speak(speaker)

    def _free_at(self, rule: InjectRule) -> int:
        """From when on a rule's sender may speak again; not always as long after, so that no clock shows."""
        sender = (rule.sender.role, rule.sender.name)
        last = next((said for said in reversed(self.scene.said) if (said.role, said.name) == sender), None)
        least, most = APART_OF_ONE
        return last.second + least + last.second % (most - least + 1) if last else 0

    def _speak(self, speaker: _Speaker) -> None:
        said = speaker.speak(self.scene)
        self.scene.said.append(said)
        self.scene.last_of[said.rule] = said
        if said.quoted is not None:
            self.scene.quoted.add(said.quoted)
        self.note([said.second + self.history.stretched(speaker.rule.again_after)])
        for other in self.rules:
            for condition in other.rule.when:
                if isinstance(condition, Unanswered) and condition.key == said.rule:
                    self.note([said.second + max(1, self.history.stretched(condition.seconds))])


class _Speaker:
    """One rule."""

    def __init__(self, rule: InjectRule, history: History) -> None:
        self.rule = rule
        self.times = 0
        self.speaks_at: int | None = None
        self._from = history.stretched(rule.after)
        self._not_in_last = history.stretched(rule.not_in_last)
        # Figures of production cost most to look up: they are asked for when all else holds.
        self._when = sorted(rule.when, key=lambda condition: isinstance(condition, Share | HarmLeft | Complained))
        self._rings = next((condition for condition in rule.when if isinstance(condition, Rings)), None)
        self._missing = next((condition for condition in rule.when if isinstance(condition, PromiseMissed)), None)
        self._about: int | None = None

    def mind(self, scene: Scene) -> int | None:
        """When this rule would speak, seen from this second; None when it would not."""
        until = scene.history.closes_seen(scene.second) - self._not_in_last
        if self.times >= self.rule.times or not self._from <= scene.second < until:
            self.speaks_at = None
            return None
        if self.speaks_at is not None and scene.second < self.speaks_at:
            return self.speaks_at
        if not self._news(scene) or not all(holds(condition, scene) for condition in self._when):
            self.speaks_at = None
            return None
        return scene.second + self.rule.delay if self.speaks_at is None else self.speaks_at

    def speak(self, scene: Scene) -> Said:
        """What this rule says at this second."""
        rule, self.times = self.rule, self.times + 1
        self.speaks_at = None
        self._from = scene.second + max(1, scene.history.stretched(rule.again_after))
        self._about = self._subject(scene)
        asks = rule.asks and replace(rule.asks, within=scene.history.stretched(rule.asks.within))
        found = scene.complaint() if Complained() in rule.when else None
        return Said(
            second=scene.second,
            rule=rule.key,
            occurrence=self.times,
            role=rule.sender.role,
            name=rule.sender.name,
            title=rule.sender.title,
            text=text_of(rule, self.times, scene),
            asks=asks,
            quoted=found[0] if found else None,
        )

    def _news(self, scene: Scene) -> bool:
        """Whether there is something new to speak about, for a rule that speaks once about each."""
        return not self.rule.each or self._subject(scene) not in {None, self._about}

    def _subject(self, scene: Scene) -> int | None:
        if self._rings is not None:
            ring = scene.history.last_ring(self._rings.alarm, scene.second)
            return ring.second if ring else None
        if self.rule.each == "update":
            return self._update_meant(scene)
        if self.rule.each == "version":
            change = scene.history.last_change(scene.second)
            return change.second if change else None
        deployment = scene.history.last_deployment(scene.second)
        return deployment.second if deployment else None

    def _update_meant(self, scene: Scene) -> int | None:
        """The last update; for who misses a promised one, the update that promised it, whatever others were told."""
        history = scene.history
        if self._missing is None:
            last = history.last_update(scene.second)
        else:
            last = history.missed(scene.second, history.stretched(self._missing.seconds))
        return last.second if last else None
