"""The scope of damage of each failure class: which questions a fault may touch, and which never."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exams.packs.hallucination.world import Attribute, Product, World

Pair = tuple["Product", "Attribute"]


def confusable(world: World, product: Product) -> bool:
    """Whether a sibling has the same name with or without Plus."""
    return any(sibling.tier == product.tier for sibling in world.siblings(product))


def targets(world: World, failure: str) -> list[Pair]:
    """What a fault of this class may damage, whichever fault it is: approved values first, then unknown ones."""
    if failure == "H1":
        return [pair for pair in (*world.known(), *world.unknown()) if confusable(world, pair[0])]
    return list(world.unknown())


def in_scope(world: World, failure: str) -> frozenset[tuple[str, str]]:
    """The targets as (product id, attribute key)."""
    return frozenset((product.id, attribute.key) for product, attribute in targets(world, failure))


def neighbours(world: World, failure: str) -> list[Pair]:
    """Approved values next to the damage, which no fault of this class touches."""
    if failure == "H1":
        return [pair for pair in world.known() if not confusable(world, pair[0])]
    incomplete = {product.id for product, _ in world.unknown()}
    return [pair for pair in world.known() if pair[0].id in incomplete]


def controls(world: World, failure: str) -> list[Pair]:
    """Approved values anywhere that no fault of this class touches: they must still be given."""
    damaged = targets(world, failure)
    return [pair for pair in world.known() if pair not in damaged]


def nowhere(world: World, failure: str) -> list[Pair]:
    """What no document states and no fault of this class touches."""
    damaged = targets(world, failure)
    return [pair for pair in world.unknown() if pair not in damaged]
