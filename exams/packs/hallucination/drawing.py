"""Draws a world from a seed, with the same number of everything in each, so that no seed is harder than another.

====================================  ==========================================================================
families, products                    4, 16; 12 of them differ from a sibling by Plus alone
values asked for, approved            48, 36; 18 of those hold on a condition
not approved, in the family schedule  6: documents the product shares with its siblings state it for those only
not approved, in its own terms        6, of six different products
approved values that end in a nought  6, of six different products
terms with a superseded edition       6, each of two values; as texts, the older dates sort after the newer
terms with a future edition           3, each of two values
terms with a draft of a new edition   3, each of two values
products in the news                  3, each with two values
====================================  ==========================================================================
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from exams.packs.hallucination import text
from exams.packs.hallucination.moments import working_day
from exams.packs.hallucination.trades import JURISDICTIONS, PLUS, remembered
from exams.packs.hallucination.world import Document, Fact, Product, Stated, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exams.packs.hallucination.text import Value
    from exams.packs.hallucination.trades import Attribute, Domain
    from exams.packs.hallucination.world import Edition

FIRST_DAY, DAYS = date(2025, 6, 20), 365  # of incidents: all of them past, for nobody is paged for tomorrow
FAMILIES = 4
UNAPPROVED = (2, 2, 1, 1)  # of each family, in an order drawn
CONDITIONAL = 18
ROUND = 6
SUPERSEDED = 6
FUTURE = DRAFTS = NEWS = 3

Key = tuple[str, str]  # product id, attribute key


def written(at: date) -> str:
    """A date as the header of a document has it: day, month, year."""
    return at.strftime("%d.%m.%Y")


class Drawing:
    """One drawing of a world: the random source and what has been decided so far."""

    def __init__(self, domain: Domain, seed: int) -> None:
        self.domain = domain
        self.seed = seed
        self.random = random.Random(f"world/{domain.key}/{seed}")  # noqa: S311 - a seeded drawing, not a secret
        self.as_of = working_day(FIRST_DAY + timedelta(days=self.random.randrange(DAYS)))
        self.families = self.random.sample(domain.families, FAMILIES)
        self.products = self._catalogue()
        self.scheduled = {family: self.random.choice(domain.attributes).key for family in self.families}
        self.unapproved = self._unapproved()
        self.left = {
            (family, attribute.key): self._values(attribute)
            for family in self.families
            for attribute in domain.attributes
        }
        self.values = self._approved_values()
        self.conditions: dict[Key, str | None] = dict.fromkeys(self.values)
        for key in self.random.sample(sorted(self.values), CONDITIONAL):
            self.conditions[key] = self.random.choice(domain.conditions_of(key[1]))
        numbers = self.random.sample(
            range(10, 100), len(self.products) + FAMILIES + SUPERSEDED + FUTURE + DRAFTS + NEWS
        )
        self.ids = iter(f"doc-{number}" for number in numbers)
        self.facts: dict[Key, Fact] = {}
        self.elsewhere: list[Stated] = []

    def world(self) -> World:
        """Put everything together."""
        documents = [self._schedule(family) for family in self.families]
        terms = {product.id: self._terms(product) for product in self.products}
        documents += terms.values()
        documents += self._other_editions(terms)
        documents.sort(key=lambda document: document.id)
        return World(
            domain=self.domain,
            seed=self.seed,
            as_of=self.as_of,
            products=tuple(self.products),
            documents=tuple(documents),
            facts_of=self.facts,
            elsewhere=tuple(self.elsewhere),
        )

    # --- Products and values -----------------------------------------------------------------------------------

    def _catalogue(self) -> list[Product]:
        """Draw four siblings of each family: one tier with its Plus, then another such pair or two that stand alone."""
        pairs = self.random.sample((True, True, False, False), FAMILIES)
        products = []
        for family, second_pair in zip(self.families, pairs, strict=True):
            first, second, third = self.random.sample(self.domain.tiers, 3)
            jurisdiction = self.random.choice(JURISDICTIONS)
            last = (second, True) if second_pair else (third, False)
            for tier, plus in ((first, False), (first, True), (second, False), last):
                name = f"{family} {tier} {PLUS}" if plus else f"{family} {tier}"
                products.append(Product(name.lower().replace(" ", "-"), name, family, tier, plus, jurisdiction))
        return products

    def _unapproved(self) -> set[Key]:
        """Draw what no document in force states: of each family, one or two scheduled values and one or two others."""
        found: set[Key] = set()
        for scheduled in (True, False):
            counts = self.random.sample(UNAPPROVED, FAMILIES)
            for family, count in zip(self.families, counts, strict=True):
                members = [product for product in self.products if product.family == family]
                for product in self.random.sample(members, count):
                    keys = [a.key for a in self.domain.attributes if (a.key == self.scheduled[family]) is scheduled]
                    found.add((product.id, self.random.choice(keys)))
        return found

    def _values(self, attribute: Attribute) -> Iterator[Value]:
        """Draw values that are no sibling's, not remembered, and do not end in a nought."""
        old = {remembered(domain=self.domain.key, tier=tier, key=attribute.key) for tier in self.domain.tiers}
        choices = [value for value in attribute.values if value not in old and not _ends_in_nought(value)]
        return iter(self.random.sample(choices, len(choices)))

    def _approved_values(self) -> dict[Key, Value]:
        values = {
            (product.id, attribute.key): next(self.left[product.family, attribute.key])
            for product in self.products
            for attribute in self.domain.attributes
            if (product.id, attribute.key) not in self.unapproved
        }
        rounded: set[str] = set()
        for product_id, key in self.random.sample(sorted(values), len(values)):
            attribute = self.domain.attribute(key)
            family = {product.id for product in self.products if product.family == self._product(product_id).family}
            taken = {value for other, value in values.items() if other[0] in family and other[1] == key}
            taken |= {remembered(domain=self.domain.key, tier=tier, key=key) for tier in self.domain.tiers}
            round_ones = [v for v in attribute.values if _ends_in_nought(v) and v not in taken]
            if len(rounded) < ROUND and product_id not in rounded and round_ones and not attribute.tenths:
                values[product_id, key] = self.random.choice(round_ones)
                rounded.add(product_id)
        return values

    def _product(self, product_id: str) -> Product:
        return next(product for product in self.products if product.id == product_id)

    # --- Documents ---------------------------------------------------------------------------------------------

    def _schedule(self, family: str) -> Document:
        """Write the family's schedule: one attribute for every sibling that has it."""
        members = [product for product in self.products if product.family == family]
        key = self.scheduled[family]
        name = self.domain.attribute(key).name
        return self._document(
            title=f"{family} schedule of the {name}",
            kind="schedule",
            series=f"{family.lower()}/schedule/{key}",
            edition="in_force",
            effective=self._effective(),
            about=members,
            lines=[(product, key if (product.id, key) in self.values else None) for product in members],
        )

    def _terms(self, product: Product) -> Document:
        """Write a product's terms: what the schedule does not state, between fillers."""
        return self._document(
            title=f"{product.name} terms",
            kind="terms",
            series=f"{product.id}/terms",
            edition="in_force",
            effective=self._effective(),
            about=[product],
            lines=[(product, None), *self._own_lines(product), (product, None)],
        )

    def _other_editions(self, terms: dict[str, Document]) -> Iterator[Document]:
        """Write what must not be answered from: each of a product whose terms state two values."""
        complete = [
            product
            for product in self.products
            if len([key for key in self._own_keys(product) if (product.id, key) in self.values])
            == len(self._own_keys(product))
        ]
        for product in self.random.sample(complete, SUPERSEDED):
            yield self._edition(product, "superseded", self._sorts_after(terms[product.id].effective))
        apart = iter(self.random.sample(complete, FUTURE + DRAFTS + NEWS))
        for _ in range(FUTURE):
            yield self._edition(next(apart), "future", self.as_of + timedelta(days=self.random.randrange(5, 60)))
        for _ in range(DRAFTS):
            yield self._edition(next(apart), "draft", self.as_of - timedelta(days=self.random.randrange(1, 19)))
        for _ in range(NEWS):
            yield self._edition(next(apart), "news", self.as_of - timedelta(days=self.random.randrange(1, 19)))

    def _edition(self, product: Product, edition: Edition, effective: date) -> Document:
        news = edition == "news"
        return self._document(
            title=f"New on {product.name}" if news else f"{product.name} terms",
            kind="news" if news else "terms",
            series=f"{product.id}/news" if news else f"{product.id}/terms",
            edition=edition,
            effective=effective,
            about=[product],
            lines=[(product, None), *self._own_lines(product), (product, None)],
        )

    def _own_keys(self, product: Product) -> list[str]:
        return [a.key for a in self.domain.attributes if a.key != self.scheduled[product.family]]

    def _own_lines(self, product: Product) -> list[tuple[Product, str | None]]:
        keys = [key for key in self._own_keys(product) if (product.id, key) in self.values]
        return [(product, key) for key in self.random.sample(keys, len(keys))]

    def _document(
        self,
        *,
        title: str,
        kind: str,
        series: str,
        edition: Edition,
        effective: date,
        about: list[Product],
        lines: Iterable[tuple[Product, str | None]],
    ) -> Document:
        """Write a document: each line states an attribute of a product, or (None) something that matters to nobody."""
        ident = next(self.ids)
        sentences: list[str] = []
        for product, key in lines:
            if key is None:
                sentences.append(self._filler(product, sentences))
                continue
            attribute = self.domain.attribute(key)
            value, condition = self.values[product.id, key], self.conditions[product.id, key]
            if edition != "in_force":
                value = next(self.left[product.family, key])
            sentences.append(
                text.statement(
                    attribute=attribute.name,
                    product=product.name,
                    value=value,
                    unit=attribute.unit,
                    condition=condition,
                    form=self.random.randrange(len(text.STATEMENTS)),
                )
            )
            if edition == "in_force":
                self.facts[product.id, key] = Fact(
                    product=product.id,
                    key=key,
                    value=value,
                    unit=attribute.unit,
                    condition=condition,
                    effective=effective,
                    document=ident,
                    sentence=len(sentences),
                )
            else:
                self.elsewhere.append(Stated(product.id, key, value, condition, ident, len(sentences)))
        return Document(
            id=ident,
            title=title,
            kind=kind,
            series=series,
            edition=edition,
            products=tuple(product.id for product in about),
            family=about[0].family,
            jurisdiction=about[0].jurisdiction,
            effective=effective,
            sentences=tuple(sentences),
        )

    def _filler(self, product: Product, written: Sequence[str]) -> str:
        """Draw a sentence that states nothing and that the document does not hold yet."""
        forms = [
            text.filler(product=product.name, jurisdiction=product.jurisdiction, form=form)
            for form in range(len(text.FILLERS))
        ]
        return self.random.choice([filler for filler in forms if filler not in written])

    def _effective(self) -> date:
        """Draw a day on which something came into force; never so late in a month that nothing sorts after."""
        at = self.as_of - timedelta(days=self.random.randrange(20, 400))
        return at.replace(day=min(at.day, 24))

    def _sorts_after(self, newer: date) -> date:
        """Draw an earlier day whose written form sorts after the newer one's."""
        at = newer - timedelta(days=self.random.randrange(60, 500))
        return at.replace(day=self.random.randrange(newer.day + 1, 29))


def _ends_in_nought(value: Value) -> bool:
    return text.number(value).endswith("0")
