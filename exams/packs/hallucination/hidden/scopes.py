"""Words for which questions a fault touches, shared by the failure classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exams.packs.hallucination.asked import Asked
    from exams.packs.hallucination.world import Edition, World


def approved(world: World, asked: Asked) -> bool:
    """An approved value is asked for."""
    return asked.fact(world) is not None


def sold(asked: Asked) -> bool:
    """A product of the catalogue and an attribute of the trade, and not from a place where it is not offered."""
    return asked.product is not None and asked.attribute is not None and asked.kind != "abroad"


def scheduled(world: World, asked: Asked) -> bool:
    """The attribute asked for is the one the product's family has a schedule of."""
    return (
        sold(asked)
        and asked.product is not None
        and asked.attribute is not None
        and (world.scheduled(asked.product) == asked.attribute.key)
    )


def unapproved_in_schedule(world: World, asked: Asked) -> bool:
    """Nothing is approved, and the schedule states the attribute for siblings: the model borrows, the guard blocks."""
    return scheduled(world, asked) and not approved(world, asked)


def unapproved_in_terms(world: World, asked: Asked) -> bool:
    """Nothing is approved, and no sentence the model sees names the attribute: the grounding clause makes it refuse."""
    return sold(asked) and not scheduled(world, asked) and not approved(world, asked)


def conditional(world: World, asked: Asked) -> bool:
    """The approved value holds on a condition."""
    fact = asked.fact(world)
    return fact is not None and fact.condition is not None


def with_twin(world: World, asked: Asked) -> bool:
    """The product asked for has a sibling whose name differs by Plus alone."""
    return asked.product is not None and any(
        sibling.tier == asked.product.tier for sibling in world.siblings(asked.product)
    )


def also_stated_in(world: World, asked: Asked, *editions: Edition) -> bool:
    """A document of these editions states the attribute for the product."""
    return (
        sold(asked)
        and asked.product is not None
        and asked.attribute is not None
        and bool(world.stated_elsewhere(asked.product, asked.attribute.key, *editions))
    )
