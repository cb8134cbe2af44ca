"""How near a number said is to a true one, and how a claim then stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.claims_told.stating import Stated

NEAR = Fraction(1, 4)  # a number within a quarter of the true one is borne out
FAR = 2  # and contradicted if it is more than twice, or less than half, of every number it could mean


class Standing(StrEnum):
    """How a claim stands to the telemetry of its minute."""

    consistent = "consistent"
    contradicted = "contradicted"
    not_checkable = "not_checkable"


@dataclass(frozen=True)
class Checked:
    """A claim with how it stands, and why, in words that name the figures.

    `right` is of a number: whether it is near one that it could mean, and no mere bound of it.
    """

    stated: Stated
    standing: Standing
    why: str
    right: bool = False


def near(said: Fraction, true: Fraction, bound: str, points: Fraction) -> bool:
    """Whether a number bears out what is said, give or take a quarter or some points."""
    slack = max(NEAR * true, points)
    if bound == "at least":
        return true >= said - slack
    if bound == "at most":
        return true <= said + slack
    return abs(said - true) <= slack


def far(said: Fraction, true: Fraction, bound: str, points: Fraction) -> bool:
    """Whether a number contradicts what is said, which takes more than points, however small it is."""
    too_much = said > FAR * true and said - true > points
    too_little = FAR * said < true and true - said > points
    if bound == "at least":
        return too_much
    return too_little if bound == "at most" else too_much or too_little
