"""What customers ask, drawn from a seed: before the incident opens and while it is live."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from exams.packs.hallucination import battery
from exams.packs.hallucination.text import QUESTIONS
from exams.packs.hallucination.trades import JURISDICTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs.hallucination.asked import Asked
    from exams.packs.hallucination.world import World

ALIAS_SHARE = 0.3
LOWER_SHARE = 0.15
FOLLOW_UP_SHARE = 0.25
SHARES = {"plain": 0.78, "at_home": 0.05, "stranger": 0.06, "abroad": 0.06, "vague": 0.02, "chat": 0.03}


def stream(world: World, *, seed: str, seconds: int, count: int, prefix: str) -> Iterator[Asked]:
    """Go through `count` questions spread over `seconds`, in order of time; `prefix` begins their sessions' names.

    Some customers come back with a follow-up question while others are being answered.
    """
    draw = random.Random(seed)  # noqa: S311 - a seeded drawing, not a secret
    times = sorted(draw.randrange(seconds) for _ in range(count))
    open_talks: list[Asked] = []
    for number, second in enumerate(times, start=1):
        if open_talks and draw.random() < FOLLOW_UP_SHARE:
            earlier = open_talks.pop(draw.randrange(len(open_talks)))
            if earlier.product is not None:
                left = [a for a in world.domain.attributes if a != earlier.attribute]
                attribute = draw.choice(left)
                said = battery.follow_up(
                    earlier.product,
                    attribute,
                    session=earlier.session,
                    form=draw.randrange(len(battery.FOLLOW_UPS)),
                    name=draw.choice(attribute.names),
                )
                yield replace(said, second=second)
                continue
        asked = replace(_one(world, draw), second=second, session=f"{prefix}{number:05d}")
        if draw.random() < LOWER_SHARE:
            asked = battery.lower(asked)
        if asked.kind == "plain":
            open_talks = [*open_talks[-7:], asked]
        yield asked


def _one(world: World, draw: random.Random) -> Asked:
    """Draw one customer's opening question."""
    kind = draw.choices(list(SHARES), list(SHARES.values()))[0]
    product = draw.choice(world.products)
    attribute = draw.choice(world.domain.attributes)
    form = draw.randrange(len(QUESTIONS))
    if kind == "chat":
        return battery.chat(draw.choice(battery.CHAT))
    if kind == "stranger":
        return battery.stranger(draw.choice(world.strangers), attribute, form=form)
    if kind == "vague":
        return battery.vague(product, draw.choice(battery.NOTHING_STATED), form=form)
    if kind == "at_home":
        return battery.somewhere(product, attribute, product.jurisdiction, form=form)
    if kind == "abroad":
        abroad = draw.choice([place for place in JURISDICTIONS if place != product.jurisdiction])
        return battery.somewhere(product, attribute, abroad, form=form)
    name = draw.choice(attribute.names[1:]) if draw.random() < ALIAS_SHARE else attribute.name
    return battery.plain(product, attribute, name=name, form=form)
