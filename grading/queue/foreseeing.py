"""How a queue will go on: the rule of `ordering` played forward over plain values, worker by worker."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONG_AGO = -math.inf


@dataclass(frozen=True)
class Waiting:
    """A run that waits. Times are seconds from now: `served` is when its learner's last run started, or `LONG_AGO`.

    `key` names the run, `turn` is its number in the rule of `ordering`, `takes` is how long it will take, `not_before`
    when it may start.
    """

    key: int
    learner: int
    turn: int
    served: float
    takes: float
    not_before: float = 0.0


@dataclass(frozen=True)
class Running:
    """A run in progress: whose it is, and in how many seconds it ends."""

    learner: int
    ends: float


@dataclass(frozen=True)
class Foreseen:
    """Which run starts and ends when, in seconds from now."""

    key: int
    starts: float
    ends: float


def foresee(waiting: Sequence[Waiting], running: Iterable[Running], *, workers: int) -> Iterator[Foreseen]:
    """Who starts when, in that order, if nobody else comes. `waiting` is in the order of `ordering.in_order`.

    Each worker that gets free takes the first run by turn, then by who was served the longest ago, then by place in
    `waiting`, of a learner who has none in flight.
    """
    lines: dict[int, list[tuple[int, Waiting]]] = defaultdict(list)
    for place, each in enumerate(waiting):
        lines[each.learner].append((place, each))
    served = {each.learner: each.served for each in waiting}
    busy = dict.fromkeys(lines, 0.0) | {each.learner: each.ends for each in running}
    free = [each.ends for each in running]
    free += [0.0] * max(workers - len(free), 0 if free else 1)
    heapq.heapify(free)
    while any(lines.values()):
        at = heapq.heappop(free)
        ready = [
            (each.turn, served[learner] if each.turn else LONG_AGO, place, each)
            for learner, line in lines.items()
            if busy[learner] <= at
            for place, each in line
            if each.not_before <= at
        ]
        if not ready:
            heapq.heappush(free, _next_chance(lines, busy, after=at))
            continue
        _, _, place, chosen = min(ready, key=lambda each: each[:3])
        lines[chosen.learner].remove((place, chosen))
        served[chosen.learner] = at
        busy[chosen.learner] = at + chosen.takes
        heapq.heappush(free, at + chosen.takes)
        yield Foreseen(chosen.key, at, at + chosen.takes)


def _next_chance(lines: dict[int, list[tuple[int, Waiting]]], busy: dict[int, float], *, after: float) -> float:
    chances = [max(busy[learner], each.not_before) for learner, line in lines.items() for _, each in line]
    return min(chance for chance in chances if chance > after)
