"""Who doubts an answer that was right: customers remember another figure, of an older edition or of another product.

Without them every complaint about an answer would be about a wrong one, and the complaints alone would give the scope.
They doubt in the words of those who were told something wrong, and say nothing of what was asked or answered that is
not so; only what they hold against it is not what is approved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination.asked import read
from exams.packs.hallucination.letters import number

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from exams.packs.hallucination.replay import Trace
    from exams.packs.hallucination.world import Attribute, Product, World

SHARE = 0.75  # of those whom nothing wrong was told and who complain; the others complain of something else
FIGURE_SHARE = 0.7  # of the doubting miss another figure, the others a condition, or one that is not there


@dataclass(frozen=True)
class Doubt:
    """What a customer holds against a right answer: in the words for a `kind` of harm, a figure or a condition."""

    kind: str
    figure: str = ""
    condition: str = ""


def doubt(world: World, trace: Trace, drawing: random.Random) -> Doubt | None:
    """What the customer of a right answer holds against it; None if they hold nothing, or there is nothing to hold."""
    if drawing.random() >= SHARE:
        return None
    asked, answer = trace.asked, read(trace.reply)
    if trace.wrong is not None or asked.product is None or asked.attribute is None or answer is None or answer.refused:
        return None
    if answer.product != asked.product.name or answer.attribute != asked.attribute.name:
        return None
    said = number(answer.value, answer.unit, answer.condition)
    figures = sorted({one for one in _figures(world, asked.product, asked.attribute) if one != said})
    conditions = world.domain.conditions_of(asked.attribute.key)
    missed = drawing.choice(conditions)
    if figures and drawing.random() < FIGURE_SHARE:
        return Doubt("value", figure=drawing.choice(figures))
    return Doubt("condition_added") if answer.condition else Doubt("condition_lost", condition=missed)


def _figures(world: World, product: Product, attribute: Attribute) -> Iterator[str]:
    """What they may have read in an older edition, or heard of another product of the line."""
    for one in world.stated_elsewhere(product, attribute.key, "superseded"):
        yield number(one.value, attribute.unit, one.condition)
    for sibling in world.siblings(product):
        fact = world.fact(sibling, attribute.key)
        if fact is not None:
            yield number(fact.value, fact.unit, fact.condition)
