"""The exam's clock, as arithmetic: which window holds which moment, and where deadlines fall. Never asks the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = "start"
_NOTHING = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)


class UnplannableStages(ValueError):
    """Stages hang on something that does not exist, on themselves in a circle, or close before they open."""


@dataclass(frozen=True)
class Window:
    """A half-open window [opens_at, closes_at): the first moment counts, the deadline itself does not."""

    opens_at: datetime
    closes_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether something received at `at` counts."""
        return self.opens_at <= at < self.closes_at

    def lateness(self, at: datetime) -> timedelta | None:
        """How long after the deadline `at` is; None when it is not late. On the deadline itself: late by zero."""
        return None if at < self.closes_at else at - self.closes_at

    def time_left(self, now: datetime) -> timedelta:
        """How long the window will still hold; zero once it is closed."""
        return max(_NOTHING, self.closes_at - now)

    def opened(self, now: datetime) -> bool:
        """Whether the window has opened, closed since or not."""
        return self.opens_at <= now


@dataclass(frozen=True)
class Moment:
    """A point on an attempt's clock: `after` an anchor.

    Attributes:
        anchor: ``start``, ``<stage>.opens`` or ``<stage>.closes``.
        after: Never negative; scaled by the learner's multiplier.
    """

    anchor: str
    after: timedelta = _NOTHING


@dataclass(frozen=True)
class Plan:
    """When a stage opens and closes, relative to the start or to another stage."""

    key: str
    opens: Moment
    closes: Moment


@dataclass(frozen=True)
class Planned:
    """A stage with its times fixed."""

    key: str
    opens_at: datetime
    closes_at: datetime

    @property
    def window(self) -> Window:
        """The stage's window."""
        return Window(self.opens_at, self.closes_at)


def scaled(length: timedelta, multiplier_percent: int) -> timedelta:
    """`length` times `multiplier_percent` / 100, in whole microseconds; a fraction of one goes to the learner."""
    microseconds = (length // _MICROSECOND) * multiplier_percent
    return timedelta(microseconds=-(-microseconds // 100))


def schedule(stages: Iterable[Plan], started_at: datetime, multiplier_percent: int = 100) -> list[Planned]:
    """Every stage's window for an attempt that starts at `started_at`, in the order given.

    Lengths are physical time: the arithmetic is done in UTC, so a change to summer time moves no deadline.

    Raises:
        UnplannableStages: an anchor leads nowhere or in a circle, or a window would be empty.
        ValueError: `started_at` is not aware, or the multiplier is not positive.
    """
    if started_at.tzinfo is None:
        raise ValueError("A start without a time zone is not a moment: pass an aware datetime.")
    if multiplier_percent <= 0:
        raise ValueError("A multiplier is a positive number of per cent.")
    plans = list(stages)
    by_key = {plan.key: plan for plan in plans}
    if len(by_key) != len(plans):
        raise UnplannableStages("Two stages have the same key.")
    begin = started_at.astimezone(UTC)
    planned = []
    for plan in plans:
        opens_at = begin + scaled(offset(plan.opens, by_key), multiplier_percent)
        closes_at = begin + scaled(offset(plan.closes, by_key), multiplier_percent)
        if closes_at <= opens_at:
            raise UnplannableStages(f"Stage {plan.key!r} closes before it opens, or as it opens.")
        planned.append(Planned(plan.key, opens_at, closes_at))
    return planned


def offset(moment: Moment, plans: Mapping[str, Plan]) -> timedelta:
    """How long after the start a moment is, unscaled.

    Raises:
        UnplannableStages: the anchors lead nowhere or in a circle, or the moment is before its anchor.
    """
    total = _NOTHING
    seen: set[str] = set()
    while True:
        if moment.after < _NOTHING:
            raise UnplannableStages(f"A moment lies {-moment.after} before {moment.anchor!r}: only after is possible.")
        total += moment.after
        if moment.anchor == START:
            return total
        if moment.anchor in seen:
            raise UnplannableStages(f"{moment.anchor!r} hangs on itself.")
        seen.add(moment.anchor)
        key, _, edge = moment.anchor.rpartition(".")
        plan = plans.get(key)
        if plan is None or edge not in {"opens", "closes"}:
            raise UnplannableStages(f"{moment.anchor!r} is neither the start nor an edge of a stage.")
        moment = plan.opens if edge == "opens" else plan.closes
