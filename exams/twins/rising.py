"""Whether bands rise: who meets the conditions of a higher one meets those of one with each lower score as well.

What only a mentor can see (`asks`) is left aside, and so are caps and the score 0, which say what is missing. Of a
score that can be reached in several ways one way has to be met.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exams.twins.bands import condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exams.twins.bands import Condition
    from exams.twins.judged import Band

# What follows from a figure being known and large enough to meet a condition from below.
_AT_LEAST_AS_MANY: Mapping[str, tuple[str, ...]] = {
    "postmortem.follow_ups_complete": ("postmortem.follow_ups_owned_and_dated", "postmortem.follow_ups"),
    "postmortem.follow_ups_owned_and_dated": ("postmortem.follow_ups",),
}
# What follows from any condition that a figure meets from below, or, of minutes, from above.
_THEN: Mapping[str, tuple[str, ...]] = {
    "communication.complete": ("communication.with_impact > 0", "communication.with_next_update > 0"),
    "communication.first_minutes": ("communication.updates >= 1",),
    "diagnosis.right_minutes": ("diagnosis.class_right", "diagnosis.component_right", "diagnosis.filed >= 1"),
    "postmortem.timeline_entries": ("postmortem.present",),
    "postmortem.key_events": ("postmortem.present",),
}
_FROM_BELOW, _FROM_ABOVE = frozenset({">", ">=", "=="}), frozenset({"<", "<=", "=="})


def falls(bands: Sequence[Band]) -> Iterator[tuple[int, str]]:
    """Each band that may hold while none of a lower score does: its place, and why in words for who writes it."""
    earned = [each for each in bands if not each.cap and each.score]
    for place, band in enumerate(bands):
        if band.cap:
            continue
        known = [*band.when, *_follows(band.when)]
        for score in sorted({each.score for each in earned if each.score < band.score}):
            ways = [each for each in earned if each.score == score]
            lacking = [[one.text for one in way.when if not _implied(one, known)] for way in ways]
            if all(lacking):
                least = " and ".join(repr(text) for text in min(lacking, key=len))
                yield place, f"it may hold while the band of {score / 20:.2f} does not: it does not ask for {least}"


def _follows(when: Sequence[Condition]) -> Iterator[Condition]:
    for each in when:
        below = each.how in _FROM_BELOW and (each.number > 0 or each.how == ">")
        if below or (each.how in _FROM_ABOVE and each.figure.endswith("_minutes")):
            yield from (condition(text) for text in _THEN.get(each.figure, ()))
        if below:
            for figure in _AT_LEAST_AS_MANY.get(each.figure, ()):
                yield condition(f"{figure} {'>=' if each.how == '==' else each.how} {float(each.number):g}")


def _implied(wanted: Condition, known: Sequence[Condition]) -> bool:
    """Whether one of these makes sure of a condition."""
    return any(_stronger(each, wanted) for each in known if each.figure == wanted.figure)


def _stronger(one: Condition, wanted: Condition) -> bool:
    if not wanted.how:
        return one.wanted is wanted.wanted
    if wanted.how in {">", ">="} and one.how in _FROM_BELOW:
        return one.number > wanted.number or (one.number == wanted.number and _reaches(one, wanted))
    if wanted.how in {"<", "<="} and one.how in _FROM_ABOVE:
        return one.number < wanted.number or (one.number == wanted.number and _reaches(one, wanted))
    return wanted.how == "==" and one.how == "==" and one.number == Fraction(wanted.number)


def _reaches(one: Condition, wanted: Condition) -> bool:
    """Of two conditions with one number, whether the first takes no value that the other does not."""
    return one.how == wanted.how or wanted.how in {"<=", ">="}
