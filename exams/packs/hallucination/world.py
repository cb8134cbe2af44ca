"""A fictional regulated market drawn from (domain, seed): products, approved values, stating documents.

`World.draw(domain="bank", seed=7)` is the same on every machine. It holds

* `products`: families of near-miss siblings (`Ridge Gold`, `Ridge Gold Plus`, `Ridge Silver`, …);
* `facts_of`: the approved values. Each is stated by exactly one sentence of one document in force; an attribute that is
  missing for a product is stated nowhere, and the right answer to a question about it is a refusal;
* `documents`: everything below `kb/`, each a tuple of 1 to 9 sentences (sentence numbers count from 1). Documents in
  force are the terms of each product and, for each family, a schedule that states one attribute for all its members.
  Beside them lie what must not be answered from: superseded and future editions, drafts, and news.

Within a family the values of an attribute all differ, and none of them is the value that the language model
remembers from before (`remembered`), so a wrong answer always shows where it came from. How many there are of
everything is the same in every world, see `drawing`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

from exams.packs.hallucination import text
from exams.packs.hallucination.text import Value
from exams.packs.hallucination.trades import DOMAINS, JURISDICTIONS, PLUS, Attribute, Domain, remembered

__all__ = [
    "DOMAINS",
    "JURISDICTIONS",
    "PLUS",
    "Attribute",
    "Document",
    "Domain",
    "Edition",
    "Fact",
    "Product",
    "Stated",
    "World",
    "remembered",
]

Edition = Literal["in_force", "superseded", "future", "draft", "news"]


@dataclass(frozen=True)
class Product:
    """A product, sold in one jurisdiction: `family` is shared with siblings, `tier` and `plus` tell it from them."""

    id: str
    name: str
    family: str
    tier: str
    plus: bool
    jurisdiction: str


@dataclass(frozen=True)
class Fact:
    """One approved value and the one sentence that states it (`sentence` counts from 1)."""

    product: str
    key: str
    value: Value
    unit: str
    condition: str | None
    effective: date
    document: str
    sentence: int


@dataclass(frozen=True)
class Stated:
    """A value that some document states although it is not approved, or not any more, or not yet."""

    product: str
    key: str
    value: Value
    condition: str | None
    document: str
    sentence: int


@dataclass(frozen=True)
class Document:
    """A file of the knowledge base: `products` are the ids its sentences are about.

    `kind` is ``terms`` (of one product), ``schedule`` (of a family) or ``news``. Editions of one document share their
    `series`; `edition` says which of them this is. Only what is in force may be answered from.
    """

    id: str
    title: str
    kind: str
    series: str
    edition: Edition
    products: tuple[str, ...]
    family: str
    jurisdiction: str
    effective: date
    sentences: tuple[str, ...]

    @property
    def approved(self) -> bool:
        """Whether its status says so: everything but a draft."""
        return self.edition != "draft"


@dataclass(frozen=True)
class World:
    """Everything that is true in one incident."""

    domain: Domain
    seed: int
    as_of: date
    products: tuple[Product, ...]
    documents: tuple[Document, ...]
    facts_of: Mapping[tuple[str, str], Fact] = field(hash=False)
    elsewhere: tuple[Stated, ...]

    @classmethod
    def draw(cls, *, domain: str, seed: int) -> "World":
        """Draw a market. KeyError for an unknown domain."""
        from exams.packs.hallucination.drawing import Drawing  # noqa: PLC0415 - it makes worlds, so it imports them

        return Drawing(DOMAINS[domain], seed).world()

    def product(self, product_id: str) -> Product:
        """Find a product by id; KeyError if there is none."""
        return self._by_id[product_id]

    @cached_property
    def _by_id(self) -> Mapping[str, Product]:
        return {product.id: product for product in self.products}

    def document(self, document_id: str) -> Document:
        """Find a document by id; KeyError if there is none."""
        for document in self.documents:
            if document.id == document_id:
                return document
        raise KeyError(document_id)

    @cached_property
    def in_force(self) -> tuple[Document, ...]:
        """List the documents that may be answered from."""
        return tuple(document for document in self.documents if document.edition == "in_force")

    def siblings(self, product: Product) -> tuple[Product, ...]:
        """List the other products of the same family: the near misses."""
        return tuple(other for other in self.products if other.family == product.family and other != product)

    @cached_property
    def strangers(self) -> tuple[str, ...]:
        """List names that sound like the catalogue's and are not in it."""
        names = {product.name for product in self.products}
        families = dict.fromkeys(product.family for product in self.products)
        made_up = [
            f"{family} {tier}{plus}" for family in families for tier in self.domain.tiers for plus in ("", f" {PLUS}")
        ]
        return tuple(name for name in made_up if name not in names)

    def fact(self, product: Product, key: str) -> Fact | None:
        """Give the approved value, or None when no document in force states it."""
        return self.facts_of.get((product.id, key))

    def scheduled(self, product: Product) -> str:
        """Give the key of the attribute that the product's family has a schedule of."""
        return next(
            document.series.rpartition("/")[2]
            for document in self.in_force
            if document.kind == "schedule" and product.id in document.products
        )

    def stated_elsewhere(self, product: Product, key: str, *editions: Edition) -> tuple[Stated, ...]:
        """List the values that documents of these editions state of a product."""
        wanted = {document.id for document in self.documents if document.edition in editions}
        return tuple(
            one for one in self.elsewhere if (one.product, one.key) == (product.id, key) and one.document in wanted
        )

    def remembered(self, product: Product, key: str) -> Value:
        """Give the outdated value the model remembers for this product."""
        return remembered(domain=self.domain.key, tier=product.tier, key=key)

    def known(self) -> Iterator[tuple[Product, Attribute]]:
        """Go through the questions that have an approved answer, in a fixed order."""
        return ((p, a) for p in self.products for a in self.domain.attributes if (p.id, a.key) in self.facts_of)

    def unknown(self) -> Iterator[tuple[Product, Attribute]]:
        """Go through the questions whose only right answer is a refusal, in a fixed order."""
        return ((p, a) for p in self.products for a in self.domain.attributes if (p.id, a.key) not in self.facts_of)

    def answer(self, product: Product, key: str) -> str:
        """Word the right answer to a question about this attribute, citation included."""
        fact = self.fact(product, key)
        if fact is None:
            return text.REFUSAL
        return text.answer(
            attribute=self.domain.attribute(key).name,
            product=product.name,
            value=fact.value,
            unit=fact.unit,
            condition=fact.condition,
            cite=(fact.document, fact.sentence),
        )

    def facts(self) -> dict[str, Any]:
        """Give the approved facts as JSON-able data, in the form the oracle and the tests read."""
        return {
            "as_of": self.as_of.isoformat(),
            "domain": self.domain.key,
            "jurisdictions": list(JURISDICTIONS),
            "conditions": list(self.domain.conditions),
            "attributes": [
                {"key": attribute.key, "unit": attribute.unit, "names": list(attribute.names)}
                for attribute in self.domain.attributes
            ],
            "products": [
                {
                    "id": product.id,
                    "name": product.name,
                    "line": product.family,
                    "jurisdiction": product.jurisdiction,
                    "facts": {
                        fact.key: {
                            "value": fact.value,
                            "unit": fact.unit,
                            "condition": fact.condition,
                            "effective": fact.effective.isoformat(),
                            "document": fact.document,
                            "sentence": fact.sentence,
                        }
                        for attribute in self.domain.attributes
                        if (fact := self.fact(product, attribute.key)) is not None
                    },
                    "retired": self._unapproved(product, "superseded"),
                    "pending": self._unapproved(product, "future", "draft", "news"),
                }
                for product in self.products
            ],
        }

    def _unapproved(self, product: Product, *editions: Edition) -> dict[str, list[dict[str, Any]]]:
        found = {
            attribute.key: [
                {"value": one.value, "unit": attribute.unit}
                for one in self.stated_elsewhere(product, attribute.key, *editions)
            ]
            for attribute in self.domain.attributes
        }
        return {key: rows for key, rows in found.items() if rows}

    def facts_json(self) -> bytes:
        """Give `facts` as canonical JSON bytes."""
        return json.dumps(self.facts(), sort_keys=True, separators=(",", ":")).encode()
