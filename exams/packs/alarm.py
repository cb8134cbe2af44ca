"""An alarm on complaints, as monitoring has it: when it rings follows from when customers complained, and from nothing.

One law for the files that an incident opens with and for the incident while it is live, so that what rings after the
opening knows what was complained of, and what rang, before it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE = 60


@dataclass(frozen=True)
class Ring:
    """It rang at a second because of so many `complaints`; `still`: it had rung before, and never stopped since."""

    second: int
    complaints: int
    still: bool


@dataclass(frozen=True)
class Alarm:
    """Rings when `threshold` customers complained within `minutes`; again each `again` minutes while that lasts.

    It looks whenever somebody complains: fewer than the threshold within those minutes, and it has stopped.
    """

    minutes: int
    threshold: int
    again: int

    def rings(self, complained: Iterable[int], *, pace: int = 100) -> tuple[Ring, ...]:
        """When it rings, by the seconds at which customers complained; of a learner whose time is stretched, later."""
        seconds = sorted(complained)
        within, again = (length * MINUTE * pace // 100 for length in (self.minutes, self.again))
        found: list[Ring] = []
        rang: int | None = None
        for second in sorted(set(seconds)):
            count = bisect_right(seconds, second) - bisect_right(seconds, second - within)
            if count < self.threshold:
                rang = None
            elif rang is None or second - rang >= again:
                found.append(Ring(second, count, still=rang is not None))
                rang = second
        return tuple(found)
