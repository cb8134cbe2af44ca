"""The concrete situation of an attempt: its pack and the specification everything else is generated from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from exams import packs
from exams.twins import Twin

if TYPE_CHECKING:
    from exams.models import Attempt
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
        pack=pack_of(Twin.from_json(attempt.twin.definition)),
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
    incident = of(attempt)
    return _base(incident.pack, incident.spec)


@lru_cache(maxsize=32)
def _base(pack: packs.Pack, spec: packs.Spec) -> Tree:
    return pack.base(spec)
