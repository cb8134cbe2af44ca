"""Holds claims against the answers of some minutes, or the moment of a version: *none since 21:38*, *live since 21:38*.

Whoever writes an update has looked some minutes before, and writes times to the minute. So of several spans that the
words may mean the one that is best for its author counts, and a time is contradicted only if it is far off by every
clock it may be read by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from grading.claims_told.measures import NEAR, Checked, Standing, far
from grading.claims_told.stating import Kind, Span

if TYPE_CHECKING:
    from datetime import datetime

    from grading.claims_told.given import Begun, Given
    from grading.claims_told.seeing import Seen
    from grading.claims_told.stating import Stated

WRITING = timedelta(minutes=5)  # may lie between the look at the figures and the update
TO_THE_MINUTE = timedelta(minutes=2)
THEN, NOT_THEN = timedelta(minutes=5), timedelta(minutes=10)  # a version went live at the time told; and did not
_ONE = Fraction(1)
_MOST_SHOWN = 3


@dataclass(frozen=True)
class _Window:
    """Answers that may be meant: those in so many words, and the fewest and the most; how many of them were harmful."""

    label: str
    plainly: tuple[int, int]
    asked: tuple[int, int]
    harmful: tuple[int, int]

    @property
    def says(self) -> str:
        return f"{self.plainly[1]} of {self.plainly[0]} {self.label}"


def lately(stated: Stated, seen: Seen) -> Checked:
    """So many of the answers of a span were harmful: borne out by any span it may mean, contradicted by all of them."""
    span = stated.span or Span()
    windows = [] if seen.given is None else _windows(span, seen.given)
    if not windows:
        return Checked(stated, Standing.not_checkable, "Telemetry knows no such time before the update.")
    fits = [each for each in windows if _fits(stated, each)]
    against = all(_against(stated, each) for each in windows) and span != Span(of=span.of)
    standing = Standing.consistent if fits else Standing.contradicted if against else Standing.not_checkable
    shown = "; ".join(each.says for each in (fits or windows)[:_MOST_SHOWN])
    return Checked(stated, standing, f"Harmful: {shown}.", right=bool(fits))


def _fits(stated: Stated, window: _Window) -> bool:
    said, (least, most) = stated.number or Fraction(0), window.harmful
    if not said:
        return least == 0
    slack = max(said * NEAR, _ONE)
    return (stated.bound == "at least" or said >= least - slack) and (stated.bound == "at most" or said <= most + slack)


def _against(stated: Stated, window: _Window) -> bool:
    """Of a number that has another whole than the answers of the span, nothing is known: it may be a part of them."""
    said, whole = stated.number or Fraction(0), stated.span.of if stated.span else None
    if whole is not None and not window.asked[0] * (1 - NEAR) - 1 <= whole <= window.asked[1] * (1 + NEAR) + 1:
        return False
    return all(far(said, Fraction(each), stated.bound, _ONE) for each in window.harmful)


def _windows(span: Span, given: Given) -> list[_Window]:
    at = given.at
    if span.last is not None:
        return [_last(given, span.last)]
    if span.minutes is not None:
        return [_since(given, at - timedelta(minutes=span.minutes), f"in the last {span.minutes} minutes")]
    if span.since is not None:
        return [_since(given, each, f"since {hour(each)}") for each in given.moments(span.since)]
    found = [_since(given, each.at, _went_live(each)) for each in reversed(given.live) if each.deployment]
    if span.since_version or span.of is None:
        return found
    return [*found, _last(given, span.of)]


def _went_live(begun: Begun) -> str:
    if begun.rollback:
        back = f"deployment {begun.release}" if begun.release else "the release of the opening"
        return f"since the rollback to {back} ({hour(begun.at)})"
    return f"since deployment {begun.deployment} was live ({hour(begun.at)})"


def _last(given: Given, number: int) -> _Window:
    return _window(f"of the last {number}", *(given.last(number, each) for each in (given.at, given.at - WRITING)))


def _since(given: Given, begin: datetime, label: str) -> _Window:
    """From a moment until the update: the least without its first minutes and the last, in short spans less of them."""
    part = max((given.at - begin) / 4, timedelta(0))
    start, end = min(TO_THE_MINUTE, part), min(WRITING, part)
    widest = given.between(begin - start, given.at)
    return _window(label, given.between(begin, given.at), given.between(begin + start, given.at - end), widest)


def _window(label: str, plainly: tuple[int, int], *others: tuple[int, int]) -> _Window:
    asked, harmful = zip(plainly, *others, strict=True)
    return _Window(label, plainly, (min(asked), max(asked)), (min(harmful), max(harmful)))


def from_when(checked: Checked, seen: Seen) -> Checked:
    """The same of a claim that something is live, with the time it gives held against when it went live."""
    clock, given = checked.stated.at, seen.given
    if clock is None or given is None:
        return checked
    told = given.moments(clock)
    if not told:
        why = f"{clock.written} is no time of the live window before the update. {checked.why}"
        return replace(checked, standing=Standing.not_checkable, why=why)
    back = checked.stated.kind is Kind.rolled_back
    begun = [each for each in given.live if each.deployment and (each.rollback or not back)]
    if not begun:
        return checked
    apart, one, moment = min(
        ((abs(each.at - moment), each, moment) for each in begun for moment in told), key=lambda found: found[0]
    )
    standing = checked.standing
    if apart > THEN and standing is Standing.consistent:
        standing = Standing.contradicted if apart > NOT_THEN else Standing.not_checkable
    off = "" if apart <= THEN else f", {round(apart.total_seconds() / 60)} minutes from it"
    why = f"Told: {hour(moment)}; deployment {one.deployment} went live at {hour(one.at)}{off}. {checked.why}"
    return replace(checked, standing=standing, why=why)


def hour(at: datetime) -> str:
    """A moment as updates write it."""
    return f"{at.astimezone(UTC):%H:%M} UTC"
