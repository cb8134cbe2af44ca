"""The concrete situation of an attempt: its pack and the specification everything else is generated from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from exams import packs
from exams.definitions import twin_of

if TYPE_CHECKING:
    from exams.models import Attempt
    from exams.twins import Twin
    from sandboxes.ingest.tree import Tree


@dataclass(frozen=True)
class Incident:
    """A pack and what to make with it; hidden from learners."""

    pack: packs.Pack
    spec: packs.Spec


def of(attempt: Attempt) -> Incident:
    """The incident this attempt pinned at its start.

    Raises:
        packs.NoSuchPack: the twin's definition names a pack this installation does not have.
    """
    return Incident(
        pack=pack_of(twin_of(attempt)),
        spec=packs.Spec(failure_class=attempt.incident_class, seed=attempt.incident_seed),
    )


def pack_of(twin: Twin) -> packs.Pack:
    """The generator of a twin's incidents.

    Raises:
        packs.NoSuchPack: it names none, or one that is not here.
    """
    if twin.pack is None:
        raise packs.NoSuchPack(f"Twin {twin.slug!r} names no incident pack; add `pack` to its twin.toml.")
    return packs.load(twin.pack)


def base_tree(attempt: Attempt) -> Tree:
    """What the learner was handed; one immutable object for one incident, kept by this process."""
    return _base(str(twin_of(attempt).pack), of(attempt).spec)


@lru_cache(maxsize=32)
def _base(dotted: str, spec: packs.Spec) -> Tree:
    return packs.load(dotted).base(spec)
