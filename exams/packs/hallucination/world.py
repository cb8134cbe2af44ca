"""A fictional regulated market drawn from (domain, seed): products, approved values, stating documents.

`World.draw(domain="bank", seed=7)` is the same on every machine. It holds

* `products`: families of near-miss siblings (`Ridge Gold`, `Ridge Gold Plus`, `Ridge Silver`, …);
* `facts_of`: the approved values. Each is stated by exactly one sentence of one document; an attribute that is
  missing for a product is stated nowhere, and the right answer to a question about it is a refusal;
* `documents`: the approved documents, each a tuple of 1 to 9 sentences (sentence numbers count from 1). Most
  are about one product; every family also has a schedule that states one attribute for all of its members.

Within a family the values of an attribute all differ, and none of them is the value that the language model
remembers from before (`remembered`), so a wrong answer always shows where it came from.
"""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any

from exams.packs.hallucination import text
from exams.packs.hallucination.text import Value


@dataclass(frozen=True)
class Attribute:
    """A regulated number that products have.

    `name` is how documents and answers call it, `aliases` how customers may. Values run from `low` to `high`
    in steps of 1, counted in `unit`, or in tenths of it when `tenths` is set; those that repeat a digit are
    left out, because a model this small loses count in them.
    """

    key: str
    name: str
    aliases: tuple[str, ...]
    unit: str
    low: int
    high: int
    tenths: bool = False

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """List the values it can take, ascending."""
        steps = (step for step in range(self.low, self.high + 1) if len(set(str(step))) == len(str(step)))
        return tuple(step / 10 if self.tenths else step for step in steps)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the canonical one first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Domain:
    """A regulated trade: the words its products are named with, their attributes and their conditions."""

    key: str
    families: tuple[str, ...]
    tiers: tuple[str, str, str]
    attributes: tuple[Attribute, ...]
    conditions: tuple[str, ...]

    def attribute(self, key: str) -> Attribute:
        """Find an attribute by key; KeyError if the domain has none of that name."""
        for attribute in self.attributes:
            if attribute.key == key:
                return attribute
        raise KeyError(key)


PLUS = "Plus"
JURISDICTIONS = ("Norland", "Estmark", "Westra", "Sudoria")

DOMAINS: Mapping[str, Domain] = {
    domain.key: domain
    for domain in (
        Domain(
            "bank",
            (
                "Ridge", "Harbor", "Summit", "Meadow", "Canyon", "Anchor", "Beacon", "Cedar",
                "Delta", "Falcon", "Granite", "Juniper",
            ),
            ("Silver", "Gold", "Platinum"),
            (
                Attribute("apr", "APR", ("interest rate",), "%", 91, 299, tenths=True),
                Attribute("insured_limit", "insured limit", ("deposit cover",), "thousand USD", 20, 250),
                Attribute("late_fee", "late fee", ("late payment charge",), "USD", 15, 95),
            ),
            ("for new customers", "for business accounts", "with a paper statement"),
        ),
        Domain(
            "telco",
            (
                "Nova", "Pulse", "Orbit", "Comet", "Signal", "Vector", "Photon", "Quasar",
                "Radius", "Sonar", "Tempo", "Zenith",
            ),
            ("Start", "Flex", "Max"),
            (
                Attribute("exit_fee", "exit fee", ("cancellation charge",), "USD", 40, 290),
                Attribute("data_cap", "data cap", ("monthly allowance",), "GB", 10, 95),
                Attribute("notice", "notice", ("notice period",), "days", 14, 90),
            ),
            ("for new contracts", "for online orders", "outside the region"),
        ),
        Domain(
            "pharmacy",
            (
                "Velmora", "Tarixon", "Bexafen", "Corvadol", "Duloran", "Fenaxil", "Ganotrel", "Ibrexa",
                "Kelvastin", "Lomitol", "Nexavar", "Oruvane",
            ),
            ("Mite", "Forte", "Ultra"),
            (
                Attribute("daily_maximum", "daily maximum", ("highest daily dose",), "mg", 100, 990),
                Attribute("minimum_gap", "minimum gap", ("time between doses",), "hours", 4, 48),
                Attribute("minimum_age", "minimum age", ("youngest age",), "years", 4, 40),
            ),
            ("for adults", "with food", "under a doctor"),
        ),
        Domain(
            "insurer",
            (
                "Aegis", "Bastion", "Citadel", "Domus", "Fortress", "Guardian", "Haven", "Keystone",
                "Lantern", "Mariner", "Oakwood", "Paladin",
            ),
            ("Basic", "Select", "Premier"),
            (
                Attribute("deductible", "deductible", ("own share",), "USD", 100, 990),
                Attribute("refund_window", "refund window", ("money back period",), "days", 10, 90),
                Attribute("payout_limit", "payout limit", ("highest payout",), "thousand USD", 10, 250),
            ),
            ("for new policies", "for water damage", "after the first year"),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Product:
    """A product: `family` is shared with its siblings, `tier` and `plus` tell it from them."""

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
class Document:
    """An approved document: `products` are the ids it is about, `kind` is `terms` (of one) or `schedule`."""

    id: str
    title: str
    kind: str
    products: tuple[str, ...]
    family: str
    jurisdiction: str
    effective: date
    sentences: tuple[str, ...]


def remembered(*, domain: str, tier: str, key: str) -> Value:
    """Tell the outdated value that the language model memorised in training.

    It is a fixed function of tier and attribute: the price list from before there were families.
    """
    values = DOMAINS[domain].attribute(key).values
    digest = sha256(f"{domain}/{tier}/{key}".encode()).digest()
    return values[int.from_bytes(digest[:4], "big") % len(values)]


@dataclass(frozen=True)
class World:
    """Everything that is true in one incident."""

    domain: Domain
    seed: int
    as_of: date
    products: tuple[Product, ...]
    documents: tuple[Document, ...]
    facts_of: Mapping[tuple[str, str], Fact] = field(hash=False)

    @classmethod
    def draw(cls, *, domain: str, seed: int, families: int = 4) -> "World":
        """Draw a market with that many product families. KeyError for an unknown domain."""
        return _Drawing(DOMAINS[domain], seed, families).world()

    def product(self, product_id: str) -> Product:
        """Find a product by id; KeyError if there is none."""
        for product in self.products:
            if product.id == product_id:
                return product
        raise KeyError(product_id)

    def document(self, document_id: str) -> Document:
        """Find a document by id; KeyError if there is none."""
        for document in self.documents:
            if document.id == document_id:
                return document
        raise KeyError(document_id)

    def siblings(self, product: Product) -> tuple[Product, ...]:
        """List the other products of the same family: the near misses."""
        return tuple(other for other in self.products if other.family == product.family and other != product)

    def fact(self, product: Product, key: str) -> Fact | None:
        """Give the approved value, or None when no document states it."""
        return self.facts_of.get((product.id, key))

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
                }
                for product in self.products
            ],
        }

    def facts_json(self) -> bytes:
        """Give `facts` as canonical JSON bytes."""
        return json.dumps(self.facts(), sort_keys=True, separators=(",", ":")).encode()


class _Drawing:
    """One drawing of a world: the random source and what has been decided so far."""

    UNKNOWN_SHARE = 0.2
    CONDITION_SHARE = 0.5

    def __init__(self, domain: Domain, seed: int, families: int) -> None:
        self.domain = domain
        self.seed = seed
        self.random = random.Random(f"world/{domain.key}/{seed}")  # noqa: S311 - a seeded drawing, not a secret
        self.families = self.random.sample(domain.families, families)
        self.as_of = date(2026, 1, 1) + timedelta(days=self.random.randrange(365))

    def world(self) -> World:
        products = tuple(product for family in self.families for product in self._members(family))
        facts: dict[tuple[str, str], Fact] = {}
        documents: list[Document] = []
        ids = self.random.sample(range(10, 100), len(products) + len(self.families))
        numbers = iter(f"doc-{number}" for number in ids)
        for family in self.families:
            members = [product for product in products if product.family == family]
            approved = self._approved(members)
            scheduled = self.random.choice(self.domain.attributes).key
            documents.append(self._schedule(next(numbers), members, scheduled, approved, facts))
            documents.extend(self._terms(next(numbers), product, scheduled, approved, facts) for product in members)
        documents.sort(key=lambda document: document.id)
        return World(
            domain=self.domain,
            seed=self.seed,
            as_of=self.as_of,
            products=products,
            documents=tuple(documents),
            facts_of=facts,
        )

    def _members(self, family: str) -> list[Product]:
        """Draw four siblings: always one tier with its Plus, and two more near misses."""
        first, second, third = self.random.sample(self.domain.tiers, 3)
        names = [
            (first, False),
            (first, True),
            (second, False),
            self.random.choice([(second, True), (third, False)]),
        ]
        jurisdiction = self.random.choice(JURISDICTIONS)
        members = []
        for tier, plus in names:
            name = f"{family} {tier} {PLUS}" if plus else f"{family} {tier}"
            members.append(Product(name.lower().replace(" ", "-"), name, family, tier, plus, jurisdiction))
        return members

    def _approved(self, members: list[Product]) -> dict[tuple[str, str], tuple[Value, str | None]]:
        """Draw values and conditions; siblings differ, nobody has the remembered value, some have none."""
        approved: dict[tuple[str, str], tuple[Value, str | None]] = {}
        for attribute in self.domain.attributes:
            old = {remembered(domain=self.domain.key, tier=tier, key=attribute.key) for tier in self.domain.tiers}
            choices = [value for value in attribute.values if value not in old]
            for product, value in zip(members, self.random.sample(choices, len(members)), strict=True):
                condition = (
                    self.random.choice(self.domain.conditions) if self.random.random() < self.CONDITION_SHARE else None
                )
                if self.random.random() >= self.UNKNOWN_SHARE:
                    approved[product.id, attribute.key] = (value, condition)
        return approved

    def _schedule(
        self,
        document: str,
        members: list[Product],
        key: str,
        approved: Mapping[tuple[str, str], tuple[Value, str | None]],
        facts: dict[tuple[str, str], Fact],
    ) -> Document:
        """Write the family's schedule: one attribute for every sibling that has it."""
        effective = self._effective()
        sentences: list[str] = []
        for product in members:
            if (product.id, key) in approved:
                self._state(
                    product=product,
                    key=key,
                    approved=approved,
                    facts=facts,
                    document=document,
                    effective=effective,
                    sentences=sentences,
                )
            else:
                sentences.append(self._filler(product))
        family = members[0].family
        return Document(
            id=document,
            title=f"{family} schedule of the {self.domain.attribute(key).name}",
            kind="schedule",
            products=tuple(product.id for product in members),
            family=family,
            jurisdiction=members[0].jurisdiction,
            effective=effective,
            sentences=tuple(sentences),
        )

    def _terms(
        self,
        document: str,
        product: Product,
        scheduled: str,
        approved: Mapping[tuple[str, str], tuple[Value, str | None]],
        facts: dict[tuple[str, str], Fact],
    ) -> Document:
        """Write a product's terms: what the schedule does not state, between fillers."""
        effective = self._effective()
        sentences = [self._filler(product)]
        for attribute in self.random.sample(self.domain.attributes, len(self.domain.attributes)):
            if attribute.key != scheduled and (product.id, attribute.key) in approved:
                self._state(
                    product=product,
                    key=attribute.key,
                    approved=approved,
                    facts=facts,
                    document=document,
                    effective=effective,
                    sentences=sentences,
                )
        sentences.append(self._filler(product))
        return Document(
            id=document,
            title=f"{product.name} terms",
            kind="terms",
            products=(product.id,),
            family=product.family,
            jurisdiction=product.jurisdiction,
            effective=effective,
            sentences=tuple(sentences),
        )

    def _state(
        self,
        *,
        product: Product,
        key: str,
        approved: Mapping[tuple[str, str], tuple[Value, str | None]],
        facts: dict[tuple[str, str], Fact],
        document: str,
        effective: date,
        sentences: list[str],
    ) -> None:
        value, condition = approved[product.id, key]
        attribute = self.domain.attribute(key)
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
        facts[product.id, key] = Fact(
            product=product.id,
            key=key,
            value=value,
            unit=attribute.unit,
            condition=condition,
            effective=effective,
            document=document,
            sentence=len(sentences),
        )

    def _filler(self, product: Product) -> str:
        return text.filler(
            product=product.name,
            jurisdiction=product.jurisdiction,
            form=self.random.randrange(len(text.FILLERS)),
        )

    def _effective(self) -> date:
        return self.as_of - timedelta(days=self.random.randrange(20, 700))
