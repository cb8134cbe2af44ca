"""Finds which later update gave the right figure, where telemetry contradicts one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading.claims_told.measures import Standing
from grading.claims_told.stating import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grading.claims_told.measures import Checked

# What a figure of these kinds puts right: that nobody is told wrong things is the figure none, that all are is all.
_PUT_RIGHT_BY = {
    Kind.how_many: {Kind.how_many},
    Kind.how_much: {Kind.how_much},
    Kind.lately: {Kind.lately},
    Kind.nobody: {Kind.how_many, Kind.how_much},
    Kind.everybody: {Kind.how_much},
}


@dataclass(frozen=True)
class Told:
    """A claim as it was checked, and the number of the update that made it; in the order of the updates."""

    update: int
    checked: Checked


def corrections(told: Sequence[Told]) -> dict[int, int]:
    """For each claim that is contradicted and later put right, by their places: the first that puts it right."""
    found = {}
    right = [(place, each) for place, each in enumerate(told) if each.checked.right]
    for place, one in enumerate(told):
        if one.checked.standing is not Standing.contradicted:
            continue
        for later, other in right:
            if other.update > one.update and _same_thing(one.checked, other.checked):
                found[place] = later
                break
    return found


def _same_thing(wrong: Checked, right: Checked) -> bool:
    """Whether both are of the same thing; a count is of answers or of customers."""
    if right.stated.kind not in _PUT_RIGHT_BY.get(wrong.stated.kind, set()):
        return False
    return wrong.stated.kind is not Kind.how_many or wrong.stated.counts == right.stated.counts
