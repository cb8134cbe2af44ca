"""The small notations of `twin.toml`: lengths of time, moments, percentages, steps of a twentieth."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from exams.clock import START, Moment

_UNITS = {
    "s": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_LENGTH = re.compile(r"(?P<count>[0-9]{1,6}) (?P<unit>[a-z]+?)s?")
_MOMENT = re.compile(r"(?P<anchor>start|[a-z][a-z0-9-]*\.(?:opens|closes))(?: \+ (?P<after>.+))?")
_PERCENT = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]{1,2})?) ?%")
BASIS_POINTS = 10_000
TWENTIETHS = 20


def length(text: str) -> timedelta:
    """``"90 min"``, ``"4 h"``, ``"3 weeks"``, ``"45 s"``.

    Raises:
        ValueError: it is not a whole number and a unit, or is nothing at all.
    """
    found = _LENGTH.fullmatch(text.strip())
    unit = _UNITS.get(found["unit"]) if found else None
    if found is None or unit is None:
        raise ValueError(f'{text!r} is not a length of time; write a whole number and a unit, such as "90 min", "4 h"')
    total = int(found["count"]) * unit
    if not total:
        raise ValueError(f"{text!r} lasts no time at all; write at least one second")
    return total


def moment(text: str) -> Moment:
    """``"start"``, ``"start + 90 min"``, ``"live.closes + 4 h"``.

    Raises:
        ValueError: it is not an anchor, or not an anchor and a length.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f'{text!r} is not a moment; write "{START}", "{START} + 90 min", or hang it on a stage: "live.closes + 4 h"'
        )
    return Moment(found["anchor"], length(found["after"]) if found["after"] else timedelta(0))


def percent(text: str) -> int:
    """``"65 %"`` as basis points: 6500.

    Raises:
        ValueError: it is not a percentage with at most two decimals, from 0 to 100.
    """
    found = _PERCENT.fullmatch(text.strip())
    points = int(Decimal(found["number"]) * 100) if found else -1
    if not 0 <= points <= BASIS_POINTS:
        raise ValueError(f'{text!r} is not a percentage; write for example "20 %" or "12.5 %", at most 100 %')
    return points


def twentieths(text: str | float) -> int:
    """``"0.65"`` (or the number) as twentieths: 13.

    Raises:
        ValueError: it is not from 0 to 1, or not a multiple of 0.05; the message names the nearest two.
    """
    try:
        exact = Decimal(str(text).strip()) * TWENTIETHS
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number; write for example 0.65") from None
    if not exact.is_finite() or not 0 <= exact <= TWENTIETHS:
        raise ValueError(f"{text} is outside 0 to 1")
    if exact != int(exact):
        below = Decimal(int(exact)) / TWENTIETHS
        raise ValueError(
            f"{text} is not a multiple of 0.05; the nearest are {below:.2f} and {below + Decimal('0.05'):.2f}"
        )
    return int(exact)
