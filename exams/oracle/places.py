"""Where in a reply something stands: its sentences, and the names and dates around a number.

A reply may be hostile: one sentence of hundreds of numbers, names and dates. So what a sentence holds is read once for
all of its numbers, and what stands before or after a number is looked up in sorted places.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.oracle.facts import Attribute, Facts, Product

_HOURS_OF_SERVICE = re.compile(r"\b(?:repl(?:y|ies)|respond|get back|call|contact|reach us|service desk)\b")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a reply: where it stands, the attributes and places it names, and whether it is about our service.

    `attributes` are in their order, each with its place in the reply; `jurisdictions` are there once each.
    """

    start: int
    end: int
    attributes: tuple[tuple[int, Attribute], ...]
    jurisdictions: tuple[str, ...]
    of_service: bool

    def attribute(self, before: int) -> Attribute | None:
        """The attribute named last before a place, else the first after it."""
        at = bisect_left(self.attributes, before, key=lambda one: one[0])
        return self.attributes[max(0, at - 1)][1] if self.attributes else None


@dataclass(frozen=True)
class Place:
    """A reply's text made ready: names blanked out, sentences bounded, and where products and dates were, in order."""

    text: str
    bounds: Sequence[int]
    products: Sequence[tuple[int, Product | None]]
    dates: Sequence[tuple[int, str]]
    facts: Facts
    _sentences: dict[tuple[int, int], Sentence] = field(default_factory=dict)

    def sentence(self, start: int, end: int) -> Sentence:
        """The sentence that what stands between two places is part of."""
        start, end = self.bounds[bisect_right(self.bounds, start) - 1], self.bounds[bisect_left(self.bounds, end)]
        if (start, end) not in self._sentences:
            said = self.text[start:end]
            self._sentences[start, end] = Sentence(
                start,
                end,
                attributes=tuple((start + at, found) for at, _, found in self.facts.attribute_mentions(said)),
                jurisdictions=tuple(dict.fromkeys(self.facts.jurisdictions_named(said))),
                of_service=_HOURS_OF_SERVICE.search(said) is not None,
            )
        return self._sentences[start, end]

    def last_product(self, before: int) -> tuple[Product | None] | None:
        """The product named last before a place, or None if no name stands there; in a tuple, as it may be nobody's."""
        at = bisect_left(self.products, before, key=lambda one: one[0])
        return (self.products[at - 1][1],) if at else None

    def first_product(self, start: int, end: int) -> tuple[Product | None] | None:
        """The same for the product named first between two places."""
        at = bisect_left(self.products, start, key=lambda one: one[0])
        return (self.products[at][1],) if at < len(self.products) and self.products[at][0] < end else None

    def date(self, start: int, end: int) -> str | None:
        """The first date between two places."""
        at = bisect_left(self.dates, start, key=lambda one: one[0])
        return self.dates[at][1] if at < len(self.dates) and self.dates[at][0] < end else None

    def conditions(self, start: int, end: int) -> str | None:
        """The known conditions said between two places."""
        text = self.text[start:end]
        known = self.facts.conditions
        found = [one for one in known if one in text and re.search(rf"\b{re.escape(one)}\b", text)]
        return " / ".join(found) or None
