"""The approved facts in the form the judging needs, and what is known of values that are not approved.

Beside the agreed form, more may be there. `jurisdictions` (a list) names places that no product is at home in,
`conditions` (a list) conditions on which nothing here holds. A product's `retired` and `pending` give, by attribute,
amounts that were approved once, and amounts that are not approved yet or never were (drafts, future editions, news):
``{"late_fee": [{"value": 35, "unit": "USD"}]}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from exams.oracle.quantities import Amount, fold, stated, unit_of, words

if TYPE_CHECKING:
    from decimal import Decimal

# What a value may hold on in some trade: told of one where nothing holds on it, it is a condition all the same.
CONDITIONS = (
    "for new customers", "for business accounts", "with a paper statement",
    "for new contracts", "for online orders", "outside the region",
    "for adults", "with food", "under a doctor",
    "for new policies", "for water damage", "after the first year",
)  # fmt: skip
SUFFIXES = frozenset({"plus", "pro"})  # words that make another product of a name, whether or not the catalogue has one


class BadFacts(ValueError):
    """The approved facts are not in the agreed form; that is the platform's fault, never the learner's."""


@dataclass(frozen=True)
class Fact:
    """One approved value; `written` is the bare number as documents write it."""

    amount: Amount
    written: Decimal
    condition: str | None
    effective: str | None
    document: str
    sentence: int


@dataclass(frozen=True)
class Product:
    """A product and its approved facts by attribute key; they hold in its `jurisdiction` and nowhere else.

    `retired` are amounts that were approved once, `pending` those that are not approved yet or never were.
    """

    id: str
    name: str
    line: str
    jurisdiction: str | None
    facts: Mapping[str, Fact]
    retired: Mapping[str, tuple[Amount, ...]]
    pending: Mapping[str, tuple[Amount, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Attribute:
    """Something products have a value of; the first name is how documents call it."""

    key: str
    unit: str | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The approved facts: everything folded, longest names first. `name_words` are the words after a line in names."""

    products: tuple[Product, ...]
    attributes: tuple[Attribute, ...]
    by_name: Mapping[tuple[str, ...], Product]
    lines: frozenset[str]
    name_words: frozenset[str]
    conditions: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    sentences: Mapping[tuple[str, int], Product]

    @cached_property
    def other_words(self) -> frozenset[str]:
        """The words of which attributes and places are made: no name begins with one."""
        said = [name for attribute in self.attributes for name in attribute.names]
        return frozenset(word for name in (*said, *self.jurisdictions) for word in name.split())

    def attribute(self, key: str) -> Attribute:
        """The attribute of a key; KeyError if there is none."""
        return next(attribute for attribute in self.attributes if attribute.key == key)

    def attribute_mentions(self, text: str) -> list[tuple[int, int, Attribute]]:
        """Where a folded text names attributes: (start, end, attribute); a name inside a longer one does not count."""
        found = [
            (match.start(), match.end(), attribute)
            for attribute in self.attributes
            for name in attribute.names
            if name in text
            for match in re.finditer(rf"\b{re.escape(name)}\b", text)
        ]
        found.sort(key=lambda one: (one[0], -one[1]))  # a longer one before those inside it
        kept: list[tuple[int, int, Attribute]] = []
        reach = 0
        for (_, end), alike in groupby(found, key=lambda one: one[:2]):
            kept += alike if end > reach else ()
            reach = max(reach, end)
        return kept

    def jurisdictions_named(self, text: str) -> list[str]:
        """The jurisdictions a folded text names, in its order; one that it says it is not about is left out."""
        found = [
            (match.start(), known)
            for known in self.jurisdictions
            if known in text
            for match in re.finditer(rf"(?<!not in )(?<!outside )(?<!except in )\b{re.escape(known)}\b", text)
        ]
        return [known for _, known in sorted(found)]


def read_facts(given: Mapping[str, Any] | bytes | str) -> Facts:
    """Read the approved facts from their JSON.

    Raises:
        BadFacts: they are not in the agreed form.
    """
    try:
        kept: Mapping[str, Any] = given if isinstance(given, Mapping) else json.loads(given)
        attributes = tuple(
            Attribute(row["key"], unit_of(str(row["unit"]))[0], tuple(fold(name) for name in row["names"]))
            for row in kept["attributes"]
        )
        products = tuple(_product(row) for row in kept["products"])
        elsewhere = {fold(name) for name in kept.get("jurisdictions", ())}
        listed = {fold(name) for name in kept.get("conditions", ())}
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BadFacts(f"the approved facts cannot be read: {error!r}") from error
    by_name = {tuple(words(product.name)): product for product in products}
    lines = frozenset(name[0] for name in by_name if name)
    conditions = {fold(fact.condition) for product in products for fact in product.facts.values() if fact.condition}
    conditions |= {*listed, *CONDITIONS}
    homes = {fold(product.jurisdiction) for product in products if product.jurisdiction}
    return Facts(
        products=products,
        attributes=attributes,
        by_name=by_name,
        lines=lines,
        name_words=(frozenset(word for name in by_name for word in name) | SUFFIXES) - lines,
        conditions=tuple(sorted(conditions, key=len, reverse=True)),
        jurisdictions=tuple(sorted(homes | elsewhere)),
        sentences={(f.document, f.sentence): product for product in products for f in product.facts.values()},
    )


def _product(row: Mapping[str, Any]) -> Product:
    facts = {}
    for key, kept in row["facts"].items():
        amount, written = stated(kept["value"], kept["unit"])
        facts[key] = Fact(
            amount=amount,
            written=written,
            condition=kept.get("condition"),
            effective=kept.get("effective"),
            document=kept["document"],
            sentence=kept["sentence"],
        )
    return Product(
        id=row["id"],
        name=row["name"],
        line=row.get("line", ""),
        jurisdiction=row.get("jurisdiction"),
        facts=facts,
        retired=_unapproved(row.get("retired", {})),
        pending=_unapproved(row.get("pending", {})),
    )


def _unapproved(rows: Mapping[str, Any]) -> dict[str, tuple[Amount, ...]]:
    return {key: tuple(stated(old["value"], old["unit"])[0] for old in values) for key, values in rows.items()}
