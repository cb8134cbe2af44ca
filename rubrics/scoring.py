"""Exact arithmetic of a rubric: scores in twentieths, weights in basis points, no floats anywhere.

overall = Σ weight × twentieths / 200 000, and passed = Σ weight × twentieths >= threshold_bp × 20 (rules 19 and 20).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

STEPS = 20  # a score of 1.00 is twenty twentieths
FULL_WEIGHT = 10_000  # basis points
FULL_SUM = STEPS * FULL_WEIGHT
STEP = Decimal("0.05")


@dataclass(frozen=True)
class Weighted:
    """One scored dimension: its weight in basis points and its score in twentieths."""

    weight_bp: int
    twentieths: int


class NotAStepError(ValueError):
    """A score that is not a multiple of 0.05 between 0 and 1; `nearest` are the steps on either side of it."""

    def __init__(self, value: Decimal, nearest: tuple[Decimal, ...]) -> None:
        self.value = value
        self.nearest = nearest
        choices = " or ".join(f"{step:.2f}" for step in nearest)
        what = "is not a step of 0.05" if value.is_finite() and 0 <= value <= 1 else "is outside 0 to 1"
        shown = f"{value.normalize():f}" if value.is_finite() else str(value)
        super().__init__(f"{shown} {what}. Nearest: {choices}.")


def to_twentieths(value: Decimal) -> int:
    """A decimal score as twentieths.

    Raises:
        NotAStepError: when it is not a multiple of 0.05 in [0, 1]; the error names the nearest steps.
    """
    if not value.is_finite():
        raise NotAStepError(value, (Decimal("0.00"), Decimal("1.00")))
    if value < 0:
        raise NotAStepError(value, (Decimal("0.00"),))
    if value > 1:
        raise NotAStepError(value, (Decimal("1.00"),))
    steps = value / STEP
    below = int(steps.to_integral_value(ROUND_FLOOR))
    if steps != below:
        raise NotAStepError(value, (below * STEP, (below + 1) * STEP))
    return below


def to_decimal(twentieths: int) -> Decimal:
    """Twentieths as a decimal score with two places."""
    return (Decimal(twentieths) * STEP).quantize(Decimal("0.01"))


def weighted_sum(scores: Iterable[Weighted]) -> int:
    """Σ weight × twentieths: at most 200 000 when the weights sum to 10 000."""
    return sum(score.weight_bp * score.twentieths for score in scores)


def overall(total: int) -> Decimal:
    """The overall score of a weighted sum, exactly (200 000 divides into at most six decimal places)."""
    return Decimal(total) / FULL_SUM


def passed(total: int, threshold_bp: int) -> bool:
    """Whether a weighted sum reaches the threshold, in integers."""
    return total >= threshold_bp * STEPS


def display(total: int, threshold_bp: int, places: int = 4) -> str:
    """The overall score for people, rounded half up; a fail is rounded down, so it never reads as the threshold."""
    exponent = Decimal(1).scaleb(-places)
    rounding = ROUND_HALF_UP if passed(total, threshold_bp) else ROUND_FLOOR
    return f"{overall(total).quantize(exponent, rounding)}"


@dataclass(frozen=True)
class Standing:
    """One signed attempt in the contest for the learner's best."""

    number: int
    total: int


def best(standings: Iterable[Standing]) -> Standing | None:
    """The higher score; on a tie the earlier attempt (rule 13)."""
    return min(standings, key=lambda standing: (-standing.total, standing.number), default=None)
