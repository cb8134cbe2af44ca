"""Weighs the bands of a dimension against the figures of an attempt: what they propose, why, and what stays open.

Plain values only. A band proposes; nothing is entered for the mentor.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exams.twins.bands import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exams.twins.bands import Condition, Value
    from exams.twins.judged import Band
    from sandboxes.sandbox import JsonObject


@dataclass(frozen=True)
class Known:
    """A figure of this attempt with what it rests on; `value` is None where there is none, and `why_none` says why.

    `never` is of minutes until what did not happen: more than any number.
    """

    value: Value | None
    cites: Sequence[JsonObject] = ()
    why_none: str = ""
    never: bool = False

    def meets(self, condition: Condition) -> bool | None:
        """Whether a condition holds of it; None if that cannot be told."""
        if self.never:
            return condition.how in {">", ">="}
        return condition.holds(self.value)


_NOT_MEASURED = Known(None, why_none="not measured")


@dataclass(frozen=True)
class Weighed:
    """One band: whether all its conditions hold (None: some have no figure, and no other fails), and each of them."""

    band: Band
    holds: bool | None
    conditions: tuple[tuple[Condition, bool | None], ...]

    @property
    def settled(self) -> bool:
        """Whether figures alone say that it applies."""
        return self.holds is True and not self.band.asks

    @property
    def open(self) -> bool:
        """Whether it would apply if the mentor sees what it asks, or what no figure was there for."""
        return self.holds is not False and not self.settled


@dataclass(frozen=True)
class Proposal:
    """What the figures propose, in twentieths, or None; and the bands that a mentor's eye could move it to."""

    proposed: int | None
    bands: tuple[Weighed, ...]

    @property
    def higher(self) -> tuple[Weighed, ...]:
        """Bands above it that stay open."""
        least = -1 if self.proposed is None else self.proposed
        ceiling = min((each.band.score for each in self.bands if each.band.cap and each.settled), default=20)
        return tuple(
            each for each in self.bands if each.open and not each.band.cap and least < each.band.score <= ceiling
        )

    @property
    def lower(self) -> tuple[Weighed, ...]:
        """Caps below it that stay open."""
        most = 20 if self.proposed is None else self.proposed
        return tuple(each for each in self.bands if each.open and each.band.cap and each.band.score < most)


def weigh(bands: Sequence[Band], figures: Mapping[str, Known]) -> Proposal:
    """The highest band whose conditions all hold and that asks for nothing more, held down by caps that hold."""
    weighed = tuple(_weigh(band, figures) for band in bands)
    reached = [each.band.score for each in weighed if each.settled and not each.band.cap]
    caps = [each.band.score for each in weighed if each.settled and each.band.cap]
    proposed = max(reached, default=None)
    if caps:
        proposed = min(caps) if proposed is None else min(proposed, *caps)
    return Proposal(proposed, weighed)


def _weigh(band: Band, figures: Mapping[str, Known]) -> Weighed:
    found = tuple((each, figures.get(each.figure, _NOT_MEASURED).meets(each)) for each in band.when)
    said = [holds for _, holds in found]
    holds = False if False in said else None if None in said else True
    return Weighed(band, holds, found)


def as_json(proposal: Proposal, figures: Mapping[str, Known]) -> JsonObject:
    """A proposal as the mentor's page shows it: each band with its conditions, their figures and what those cite."""
    return {
        "proposed": None if proposal.proposed is None else score_text(proposal.proposed),
        "if_you_see": [_open(each, figures) for each in (*proposal.higher, *proposal.lower)],
        "bands": [
            {
                "score": score_text(each.band.score),
                "cap": each.band.cap,
                "holds": each.holds,
                "asks": list(each.band.asks),
                "conditions": [
                    {"condition": one.text, "holds": holds} | _figure(one.figure, figures)
                    for one, holds in each.conditions
                ],
            }
            for each in sorted(proposal.bands, key=lambda each: each.band.score)
        ],
    }


def _open(each: Weighed, figures: Mapping[str, Known]) -> JsonObject:
    missing = [
        f"{FIGURES[one.figure].says}: {figures.get(one.figure, _NOT_MEASURED).why_none}"
        for one, holds in each.conditions
        if holds is None
    ]
    return {
        "score": score_text(each.band.score),
        "cap": each.band.cap,
        "asks": list(each.band.asks),
        "not_told_by_figures": missing,
    }


def _figure(name: str, figures: Mapping[str, Known]) -> JsonObject:
    known = figures.get(name, _NOT_MEASURED)
    return {
        "figure": name,
        "says": FIGURES[name].says,
        "value": "never" if known.never else shown(known.value),
        "why_none": known.why_none if known.value is None else "",
        "cites": list(known.cites),
    }


def shown(value: Value | None) -> JsonObject | bool | None:
    """A value for a page: yes or no as it is, a number exactly and as a decimal."""
    if value is None or isinstance(value, bool):
        return value
    return {"exact": str(value), "decimal": float(round(value, 4))}


def score_text(twentieths: int) -> str:
    """13 twentieths are ``"0.65"``."""
    return f"{float(Fraction(twentieths, 20)):.2f}"
