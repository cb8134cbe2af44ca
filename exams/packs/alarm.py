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

    It looks at all times, not only when somebody complains: it has stopped in the second in which a complaint gets so
    old that fewer than the threshold are left, and what rings after that rings anew.
    """

    minutes: int
    threshold: int
    again: int

    def rings(self, complained: Iterable[int], *, pace: int = 100) -> tuple[Ring, ...]:
        """When it rings, by the seconds at which customers complained; of a learner whose time is stretched, later."""
        seconds = sorted(complained)
        within, again = (length * MINUTE * pace // 100 for length in (self.minutes, self.again))
        changes = sorted({*seconds, *(second + within for second in seconds)})  # one more, or one less
        found: list[Ring] = []
        due: int | None = None
        for second, until in zip(changes, [*changes[1:], *changes[-1:]], strict=True):
            count = bisect_right(seconds, second) - bisect_right(seconds, second - within)
            if count < self.threshold:
                due = None
                continue
            if due is None:
                found.append(Ring(second, count, still=False))
                due = second + again
            while due < until:
                found.append(Ring(due, count, still=True))
                due += again
        return tuple(found)
