"""Every kind of question there is about a world, in a fixed order: what a fault damages is counted on it.

The battery is put to one freshly opened assistant, question by question, so what it remembers of earlier ones counts.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from exams.packs.hallucination import text
from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.trades import JURISDICTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs.hallucination.world import Attribute, Product, World

CHAT = (
    "Hello, is anybody there?",
    "Can I talk to a person?",
    "When does the service desk open?",
    "Thank you, that is all.",
)
FOLLOW_UPS = ("And the {attribute}?", "What about the {attribute}?", "And what is the {attribute} then?")
NOTHING_STATED = (
    "joining bonus",
    "loyalty discount",
    "colour of the brochure",
)  # no document of any trade states these


def plain(product: Product, attribute: Attribute, *, name: str = "", form: int = 0, session: str = "") -> Asked:
    """A question that names product and attribute; `name` is an alias of the attribute."""
    said = text.question(attribute=name or attribute.name, product=product.name, form=form)
    return Asked(0, said, session, "plain", product, attribute, product.name)


def follow_up(product: Product, attribute: Attribute, *, session: str, form: int = 0, name: str = "") -> Asked:
    """A question that names the attribute only."""
    said = FOLLOW_UPS[form].format(attribute=name or attribute.name)
    return Asked(0, said, session, "follow_up", product, attribute, product.name)


def stranger(name: str, attribute: Attribute, *, form: int = 0, session: str = "") -> Asked:
    """A question about a product that is not in the catalogue."""
    said = text.question(attribute=attribute.name, product=name, form=form)
    return Asked(0, said, session, "stranger", None, attribute, name)


def somewhere(product: Product, attribute: Attribute, place: str, *, form: int = 0) -> Asked:
    """A question of a customer who says where they are."""
    said = text.question(attribute=attribute.name, product=product.name, form=form, place=place)
    kind = "at_home" if place == product.jurisdiction else "abroad"
    return Asked(0, said, "", kind, product, attribute, product.name, place)  # type: ignore[arg-type]


def vague(product: Product, what: str, *, form: int = 0) -> Asked:
    """A question for something that no document states of any product."""
    return Asked(
        0, text.question(attribute=what, product=product.name, form=form), "", "vague", product, None, product.name
    )


def chat(said: str, session: str = "") -> Asked:
    """Small talk."""
    return Asked(0, said, session, "chat")


def lower(asked: Asked) -> Asked:
    """The same question without capitals."""
    return replace(asked, question=asked.question.lower())


@lru_cache(maxsize=64)
def battery(world: World) -> tuple[Asked, ...]:
    """Go through everything: every plain question, conversations in pairs, strangers, places, vague questions, chat."""
    return tuple(_all(world))


def _all(world: World) -> Iterator[Asked]:
    draw = random.Random(f"battery/{world.domain.key}/{world.seed}")  # noqa: S311 - a seeded drawing, not a secret
    attributes = world.domain.attributes
    for product in world.products:
        for attribute in attributes:
            yield plain(product, attribute)
    yield from conversations(world, draw)
    for name in world.strangers:
        yield stranger(name, draw.choice(attributes))
    for product in draw.sample(world.products, 8):
        abroad = draw.choice([place for place in JURISDICTIONS if place != product.jurisdiction])
        yield somewhere(product, draw.choice(attributes), abroad)
    for product in draw.sample(world.products, 4):
        yield somewhere(product, draw.choice(attributes), product.jurisdiction)
    for product in draw.sample(world.products, 4):
        yield vague(product, draw.choice(NOTHING_STATED))
    for said in CHAT[:2]:
        yield chat(said)


def conversations(world: World, draw: random.Random, *, pairs: int = 8, prefix: str = "talk") -> Iterator[Asked]:
    """Two customers at a time, about products of different families, whose follow-up questions alternate."""
    products = draw.sample(world.products, len(world.products))
    for number in range(pairs):
        first = products[number % len(products)]
        second = draw.choice([other for other in products if other.family != first.family])
        asked_first, asked_next = draw.sample(world.domain.attributes, 2)
        one, two = f"{prefix}-{number}-a", f"{prefix}-{number}-b"
        yield plain(first, asked_first, session=one)
        yield plain(second, asked_first, session=two)
        yield follow_up(first, asked_next, session=one, form=draw.randrange(len(FOLLOW_UPS)))
        yield follow_up(second, asked_next, session=two, form=draw.randrange(len(FOLLOW_UPS)))
