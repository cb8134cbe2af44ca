"""What customers ask, drawn from a seed: before the incident opens and while it is live."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs.hallucination.text import Value
    from exams.packs.hallucination.world import Attribute, Product, World

ALIAS_SHARE = 0.3
LOWER_SHARE = 0.15
FOLLOW_UP_SHARE = 0.15
CHAT_SHARE = 0.04

CHAT = (
    "Hello, is anybody there?",
    "Can I talk to a person?",
    "When does the service desk open?",
    "Thank you, that is all.",
)
FOLLOW_UPS = ("And the {attribute}?", "What about the {attribute}?", "And what is the {attribute} then?")


@dataclass(frozen=True)
class Asked:
    """A customer's question and what it is about; `product` and `attribute` are None for small talk."""

    second: int
    question: str
    session: str
    product: Product | None
    attribute: Attribute | None


def stream(world: World, *, seed: str, seconds: int, count: int, prefix: str) -> Iterator[Asked]:
    """Go through `count` questions spread over `seconds`, in order of time; `prefix` begins their sessions' names."""
    drawing = random.Random(seed)  # noqa: S311 - a seeded drawing, not a secret
    times = sorted(drawing.randrange(seconds) for _ in range(count))
    conversation = 0
    earlier: Asked | None = None
    for second in times:
        if earlier is not None and earlier.product is not None and drawing.random() < FOLLOW_UP_SHARE:
            attribute = drawing.choice([a for a in world.domain.attributes if a != earlier.attribute])
            name = drawing.choice(attribute.names)
            said = drawing.choice(FOLLOW_UPS).format(attribute=name)
            yield Asked(second, said, earlier.session, earlier.product, attribute)
            earlier = None
            continue
        conversation += 1
        session = f"{prefix}{conversation:04d}"
        if drawing.random() < CHAT_SHARE:
            earlier = Asked(second, drawing.choice(CHAT), session, None, None)
        else:
            product = drawing.choice(world.products)
            attribute = drawing.choice(world.domain.attributes)
            name = drawing.choice(attribute.names[1:]) if drawing.random() < ALIAS_SHARE else attribute.name
            said = text.question(attribute=name, product=product.name, form=drawing.randrange(len(text.QUESTIONS)))
            if drawing.random() < LOWER_SHARE:
                said = said.lower()
            earlier = Asked(second, said, session, product, attribute)
        yield earlier


@dataclass(frozen=True)
class Wrong:
    """What is wrong with an answer: the value `given`, and the `approved` one or None if there is none."""

    given: Value
    approved: Value | None


def wrong(world: World, asked: Asked, reply: text.Answer | None) -> Wrong | None:
    """Compare an answer with what is true; None when nothing harmful was said.

    The oracle judges what learners' trees say, in any wording; this is for our own trees, whose wording is known.
    """
    if reply is None or reply.refused or asked.product is None or asked.attribute is None:
        return None
    fact = world.fact(asked.product, asked.attribute.key)
    if fact is None:
        return Wrong(reply.value, None)
    right = (
        reply.product == asked.product.name
        and reply.value == fact.value
        and reply.condition == fact.condition
        and reply.unit == fact.unit
    )
    return None if right else Wrong(reply.value, fact.value)
