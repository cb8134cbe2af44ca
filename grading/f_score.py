"""F: how much of the damage a hotfix puts right, weighed over four sets of questions, with its caps. Plain values.

`F = 0.25 · incident prompts + 0.35 · held-out prompts + 0.25 · metamorphic pass rate + 0.15 · negative controls`. All
of it is exact: shares are fractions of questions, and nothing is rounded before it is shown.

A question is *spoiled* if the failing tree answers it wrongly, *mended* if the hotfix then answers it rightly, and
*broken* if the failing tree answers it rightly and the hotfix does not. The share of a set is
`(mended - broken) / spoiled`, and 0 if that is negative: doing nothing gets nothing, and what a fix breaks it pays for
in the same set. The sets:

* *incident prompts*: what the first customers ask in this incident, and what worked before, on its own documents;
* *held-out prompts*: the hidden questions about documents of a fresh seed, put plainly;
* *metamorphic*: those in other words, letters, order or conversation, or asked again, whose right answers stay what
  they were;
* *negative controls*: of the hidden questions, those that nothing approved answers and that the fault is not about
  (the group ``unknown``); their share is how many are refused.

A set in which nothing was spoiled and nothing broken says nothing: the others carry its weight, in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PLAIN = "plain"  # a relation
NEGATIVE = "unknown"  # a group


class Part(StrEnum):
    """The four sets of questions."""

    incident = "incident_prompts"
    held_out = "held_out_prompts"
    metamorphic = "metamorphic"
    negative = "negative_controls"


WEIGHTS: Mapping[Part, Fraction] = {
    Part.incident: Fraction(25, 100),
    Part.held_out: Fraction(35, 100),
    Part.metamorphic: Fraction(25, 100),
    Part.negative: Fraction(15, 100),
}


class Cap(StrEnum):
    """What F cannot exceed, whatever else was put right."""

    answers_lost = "answers_lost"
    harness_edited = "harness_edited"
    containment_only = "containment_only"


CAPS: Mapping[Cap, Fraction] = {
    Cap.answers_lost: Fraction(1, 2),
    Cap.harness_edited: Fraction(1, 4),
    Cap.containment_only: Fraction(1, 2),
}
CONTAINED = Fraction(1, 4)  # of spoiled questions, the share that may still be harmful
ENOUGH_ANSWERS = Fraction(80, 100)  # of the answer rate of the healthy tree


@dataclass(frozen=True)
class Put:
    """One question as it was put to the failing tree and to the hotfix; group and relation are those of its probe.

    `answerable`: an approved answer exists. `refused_after`: it does, and the hotfix told no value. `harmful_after`:
    what the hotfix told is harmful.
    """

    key: str
    group: str
    relation: str
    answerable: bool
    right_before: bool
    right_after: bool
    refused_after: bool = False
    harmful_after: bool = False


@dataclass(frozen=True)
class Share:
    """One set: which questions were spoiled, mended and broken, and the share that is counted."""

    part: Part
    share: Fraction
    total: int
    spoiled: tuple[str, ...]
    mended: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def says_something(self) -> bool:
        """Whether it counts: something was spoiled or broken, or it is a set of refusals."""
        return bool(self.spoiled or self.broken) or (self.part is Part.negative and self.total > 0)


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    part: int
    whole: int

    @property
    def fraction(self) -> Fraction | None:
        """The rate; None of nothing."""
        return Fraction(self.part, self.whole) if self.whole else None


@dataclass(frozen=True)
class Score:
    """F with everything it is made of: `raw` before the caps that `hold`; `weights` as they were applied."""

    raw: Fraction
    shares: tuple[Share, ...]
    weights: Mapping[Part, Fraction]
    hold: tuple[Cap, ...]

    @property
    def value(self) -> Fraction:
        """F itself."""
        return min([self.raw, *(CAPS[cap] for cap in self.hold)])


def score(
    *,
    incident: Sequence[Put],
    fresh: Sequence[Put],
    answers_after: Rate,
    answers_healthy: Rate,
    harness_edited: bool,
) -> Score | None:
    """F of one hotfix; None when no question shows the damage, so that there is nothing to measure by.

    Args:
        incident: questions on the incident's own documents.
        fresh: the hidden questions on documents of a fresh seed.
        answers_after: of the fresh questions that have an approved answer, how many the hotfix told a value.
        answers_healthy: the same of the platform's own fix.
        harness_edited: whether the submission changed the knowledge base, the facts tests are given, or what is
            protected.
    """
    negative = [each for each in fresh if each.group == NEGATIVE]
    rest = [each for each in fresh if each.group != NEGATIVE]
    shares = (
        _mended(Part.incident, incident),
        _mended(Part.held_out, [each for each in rest if each.relation == PLAIN]),
        _mended(Part.metamorphic, [each for each in rest if each.relation != PLAIN]),
        _refused(negative),
    )
    counted = [each for each in shares if each.says_something]
    if not any(each.part is not Part.negative for each in counted):
        return None
    whole = sum((WEIGHTS[each.part] for each in counted), Fraction(0))
    weights = {each.part: WEIGHTS[each.part] / whole for each in counted}
    holds = {
        Cap.answers_lost: _lost(answers_after, answers_healthy),
        Cap.harness_edited: harness_edited,
        Cap.containment_only: contains_only(fresh),
    }
    raw = sum((weights[each.part] * each.share for each in counted), Fraction(0))
    return Score(raw, shares, weights, tuple(cap for cap, held in holds.items() if held))


def contains_only(fresh: Iterable[Put]) -> bool:
    """Whether the harm is kept from customers rather than mended.

    Of the spoiled questions that have an approved answer, more are now refused than answered rightly, and at most a
    quarter still gets a harmful answer.
    """
    spoiled = [each for each in fresh if each.answerable and not each.right_before]
    refused = sum(each.refused_after for each in spoiled)
    harmful = sum(each.harmful_after for each in spoiled)
    return refused > sum(each.right_after for each in spoiled) and harmful <= CONTAINED * len(spoiled)


def _lost(after: Rate, healthy: Rate) -> bool:
    mine, best = after.fraction, healthy.fraction
    return mine is not None and best is not None and mine < ENOUGH_ANSWERS * best


def _mended(part: Part, asked: Sequence[Put]) -> Share:
    spoiled = tuple(each.key for each in asked if not each.right_before)
    mended = tuple(each.key for each in asked if not each.right_before and each.right_after)
    broken = tuple(each.key for each in asked if each.right_before and not each.right_after)
    net = Fraction(len(mended) - len(broken), len(spoiled)) if spoiled else Fraction(0)
    return Share(part, max(Fraction(0), net), len(asked), spoiled, mended, broken)


def _refused(asked: Sequence[Put]) -> Share:
    found = _mended(Part.negative, asked)
    right = sum(each.right_after for each in asked)
    return replace(found, share=Fraction(right, len(asked)) if asked else Fraction(0))
