"""Finds which questions of a repro are needed, by delta debugging. Plain values only.

The algorithm is `ddmin` of A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
Transactions on Software Engineering 28(2), 2002: it tries ever smaller parts and their complements until no single
element can be left out. That is a local minimum, and the paper's own measure of minimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Part = tuple[int, ...]


@dataclass(frozen=True)
class Reduced:
    """What is left of `whole` elements: those needed, by their places, and how many runs that took.

    `proven`: no element of it can be left out. Without it, the runs allowed did not suffice to show that.
    """

    whole: int
    needed: Part
    runs: int
    proven: bool

    @property
    def minimal(self) -> bool | None:
        """Whether nothing could be left out of the whole; None if that was not found out."""
        if len(self.needed) < self.whole:
            return False
        return True if self.proven else None


class _Exhausted(Exception):
    """No run is left."""


class _Tries:
    """Runs parts, each once, up to a number."""

    def __init__(self, fails: Callable[[Part], bool], most: int) -> None:
        self._fails = fails
        self._most = most
        self._known: dict[Part, bool] = {}

    @property
    def runs(self) -> int:
        return len(self._known)

    def fails(self, part: Part) -> bool:
        if part not in self._known:
            if self.runs >= self._most:
                raise _Exhausted
            self._known[part] = self._fails(part)
        return self._known[part]


def reduce(whole: int, fails: Callable[[Part], bool], *, most: int, suspects: Iterable[int] = ()) -> Reduced:
    """Reduce a failing sequence of `whole` elements, in at most `most` runs.

    Args:
        whole: how many elements fail together; that they do is known and not tried again.
        fails: tries the elements at these places, in their order, from a fresh start.
        most: how many runs may be made.
        suspects: places that may well fail alone, tried first. A single element is minimal.
    """
    left: Part = tuple(range(whole))
    tries = _Tries(fails, most)
    try:
        for place in suspects if whole > 1 else ():
            if tries.fails((place,)):
                return Reduced(whole, (place,), tries.runs, proven=True)
        parts = 2
        while len(left) > 1:
            smaller = _smaller(left, parts, tries)
            if smaller is not None:
                left, parts = smaller
            elif parts >= len(left):
                break
            else:
                parts = min(len(left), 2 * parts)
    except _Exhausted:
        return Reduced(whole, left, tries.runs, proven=False)
    return Reduced(whole, left, tries.runs, proven=True)


def _smaller(left: Part, parts: int, tries: _Tries) -> tuple[Part, int] | None:
    """A part that still fails, or the complement of one, with the number of parts to go on with."""
    chunks = _split(left, parts)
    for chunk in chunks:
        if tries.fails(chunk):
            return chunk, 2
    for chunk in chunks if parts > 2 else ():  # noqa: PLR2004 - of two parts, each is the other's complement
        rest = tuple(place for place in left if place not in chunk)
        if tries.fails(rest):
            return rest, max(parts - 1, 2)
    return None


def _split(left: Sequence[int], parts: int) -> list[Part]:
    """Consecutive parts, as equal as can be."""
    edges = [len(left) * number // parts for number in range(parts + 1)]
    return [tuple(left[start:end]) for start, end in pairwise(edges) if start < end]
