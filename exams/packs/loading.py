"""Finds the generator that a twin's definition names, and holds it to some of its failure classes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, cast

from exams.packs.promise import Pack

if TYPE_CHECKING:
    from collections.abc import Collection

    from exams.packs.parts import Spec


class NoSuchPack(LookupError):
    """The dotted name of a twin's definition leads to no incident pack."""


class NoSuchFailureClass(LookupError):
    """A specification names a failure class this pack does not hold."""


def load(dotted: str) -> Pack:
    """The pack a twin's definition names, for example ``exams.packs.hallucination``.

    Raises:
        NoSuchPack: no such module, or it offers no `PACK`.
    """
    if not dotted.startswith("exams.packs."):
        raise NoSuchPack(f"{dotted!r} is not below exams.packs; write for example exams.packs.hallucination")
    try:
        module = importlib.import_module(dotted)
    except ModuleNotFoundError as missing:
        raise NoSuchPack(f"{dotted!r} cannot be imported; check the `pack` line of twin.toml") from missing
    found = getattr(module, "PACK", None)
    if not isinstance(found, Pack):
        raise NoSuchPack(f"{dotted!r} offers no object `PACK` that keeps the promise of exams.packs.Pack")
    return found


class _Limited:
    """A pack of which some failure classes are drawn; everything else is the pack's own."""

    def __init__(self, pack: Pack, classes: tuple[str, ...]) -> None:
        self._pack = pack
        self.classes = tuple(key for key in pack.classes if key in classes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pack, name)

    def draw(self, *, seed: int, avoid: Collection[str]) -> Spec:
        others = set(self._pack.classes) - set(self.classes)
        return self._pack.draw(seed=seed, avoid={*avoid, *others})


def limited(pack: Pack, classes: tuple[str, ...]) -> Pack:
    """The pack itself if `classes` is empty, else the pack as if it held these failure classes only.

    Raises:
        NoSuchFailureClass: the pack does not hold one of them.
    """
    if not classes:
        return pack
    strangers = sorted(set(classes) - set(pack.classes))
    if strangers:
        raise NoSuchFailureClass(f"the pack holds {', '.join(pack.classes)}, not {', '.join(strangers)}")
    return cast("Pack", _Limited(pack, classes))
