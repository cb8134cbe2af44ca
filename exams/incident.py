"""The concrete situation of an attempt: its pack and the specification everything else is generated from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exams import blobs, packs
from exams.definitions import twin_of
from exams.models import Attempt, Blob
from sandboxes import repository
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from exams.packs import CauseCatalogue
    from exams.twins import Twin


@dataclass(frozen=True)
class Incident:
    """A pack and what to make with it; hidden from learners."""

    pack: packs.Pack
    spec: packs.Spec


@dataclass(frozen=True)
class Material:
    """All that a start needs of an incident: the slow part of drawing it.

    Attributes:
        handed_out: The learner's tree, as a canonical tar.
        approved_facts: JSON.
        truth: For mentors only.
        brief: For the learner, from the moment of the start.
        repository: With its history, as `sandboxes.repository.unpack` takes it.
    """

    handed_out: bytes
    approved_facts: bytes
    truth: dict[str, Any]
    brief: dict[str, Any]
    repository: bytes


def make(pack: packs.Pack, spec: packs.Spec) -> Material:
    """Draw an incident whole. Takes seconds of a core, and more for some packs.

    Raises:
        sandboxes.repository.RepositoryFault: git failed.
    """
    return Material(
        handed_out=pack.base(spec).to_tar(),
        approved_facts=pack.facts(spec),
        truth=pack.truth(spec),
        brief=pack.brief(spec).to_json(),
        repository=repository.packed(pack.history(spec)),
    )


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
    return _limited(twin.pack, twin.failure_classes)


def cause_catalogue(twin: Twin) -> CauseCatalogue | None:
    """The words in which causes are named, of classes that the twin does not draw too; None if it has no pack here."""
    try:
        return None if twin.pack is None else packs.load(twin.pack).catalogue()
    except packs.NoSuchPack:
        return None


@lru_cache(maxsize=16)
def _limited(dotted: str, classes: tuple[str, ...]) -> packs.Pack:
    return packs.limited(packs.load(dotted), classes)


def prepare(attempt: Attempt) -> None:
    """Keep what the learner is handed, the approved facts and the truth; doing it again changes nothing."""
    drawn = of(attempt)
    Attempt.objects.filter(pk=attempt.pk).update(
        handed_out=blobs.keep(drawn.pack.base(drawn.spec).to_tar()),
        approved_facts=blobs.keep(drawn.pack.facts(drawn.spec)),
        truth=drawn.pack.truth(drawn.spec),
        brief=drawn.pack.brief(drawn.spec).to_json(),
    )


def base_tree(attempt: Attempt) -> Tree:
    """What the learner was handed; one immutable object for one incident, kept by this process."""
    if attempt.handed_out_id is None:
        return _base(str(twin_of(attempt).pack), of(attempt).spec)
    return _kept(attempt.handed_out_id)


def facts(attempt: Attempt) -> bytes:
    """The approved facts of the attempt's incident, as JSON."""
    if attempt.approved_facts is None:
        drawn = of(attempt)
        return drawn.pack.facts(drawn.spec)
    return bytes(attempt.approved_facts.content)


def truth(attempt: Attempt) -> dict[str, Any]:
    """What is really wrong: component, class, rivals. For mentors and admins only."""
    if attempt.truth is None:
        drawn = of(attempt)
        return drawn.pack.truth(drawn.spec)
    found: dict[str, Any] = attempt.truth
    return found


def brief(attempt: Attempt) -> dict[str, Any] | None:
    """What the learner reads of their incident; None before the start, and of a twin without a pack."""
    if attempt.started_at is None or twin_of(attempt).pack is None:
        return None
    if attempt.brief is None:  # begun before briefs were kept
        drawn = of(attempt)
        return drawn.pack.brief(drawn.spec).to_json()
    found: dict[str, Any] = attempt.brief
    return found


@lru_cache(maxsize=32)
def _kept(sha256: str) -> Tree:
    return Tree.from_tar(bytes(Blob.objects.get(pk=sha256).content))


@lru_cache(maxsize=32)
def _base(dotted: str, spec: packs.Spec) -> Tree:
    return packs.load(dotted).base(spec)
