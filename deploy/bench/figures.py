"""Turns measurements into the figures that are shown: medians, spreads and paired ratios. Plain arithmetic."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` per cent of the values do not exceed: one that was really seen.

    Raises:
        ValueError: no values, or a percentage outside 0 to 100.
    """
    if not values or not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"no percentile {percent} of {len(values)} values")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


@dataclass(frozen=True)
class Spread:
    """Where a set of measurements lies, in their own unit."""

    count: int
    least: float
    lower: float
    median: float
    upper: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of some measurements.

        Raises:
            ValueError: there are none.
        """
        return cls(
            count=len(values),
            least=percentile(values, 0),
            lower=percentile(values, 25),
            median=statistics.median(values),
            upper=percentile(values, 75),
            p95=percentile(values, 95),
            p99=percentile(values, 99),
            most=percentile(values, 100),
        )


def ratios(measured: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Each measurement divided by the one it was paired with, so that what slowed both cancels out.

    Raises:
        ValueError: they are not pairs.
    """
    return [one / other for one, other in zip(measured, reference, strict=True)]


def seconds(value: float) -> str:
    """A time for people: milliseconds below one second."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def quartiles(spread: Spread) -> str:
    """The middle half of some ratios or rates, and all of them: `0.60–0.72 (0.55–0.90)`."""
    return f"{spread.lower:.2f}–{spread.upper:.2f} ({spread.least:.2f}–{spread.most:.2f})"
