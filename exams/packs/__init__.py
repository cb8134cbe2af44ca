"""The promise every generator of incidents keeps: a failure class and a seed give everything else."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import math
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from exams.packs.injects import InjectRule
    from sandboxes.ingest.tree import Tree

ProbeGroup = Literal["class", "neighbour", "control", "unknown"]

JsonObject = dict[str, Any]


class NoSuchPack(LookupError):
    """The dotted name of a twin's definition leads to no incident pack."""


class NoSuchFailureClass(LookupError):
    """A specification names a failure class this pack does not hold."""


class NothingLeftToDraw(LookupError):
    """Every failure class of the pack has been seen by this learner: there is no incident left for them."""


@dataclass(frozen=True)
class Spec:
    """What an incident is made of; all else derives from it.

    Attributes:
        failure_class: One of the pack's `classes`, for example ``"H1"``.
        seed: Any non-negative integer below 2**63; names, values, dates and traffic are drawn from it.
    """

    failure_class: str
    seed: int

    @property
    def key(self) -> str:
        """One word for it, for example ``H1/7``; see `Pack.draw`."""
        return f"{self.failure_class}/{self.seed}"

    def to_json(self) -> JsonObject:
        """The form kept in an attempt's row."""
        return {"failure_class": self.failure_class, "seed": self.seed}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Spec:
        """The specification an attempt's row holds.

        Raises:
            KeyError: a field is missing.
            ValueError: the seed is not a whole number.
        """
        return cls(failure_class=str(stored["failure_class"]), seed=int(stored["seed"]))


@dataclass(frozen=True)
class Commit:
    """One commit of the history the learner is handed: `at` is aware, `tree` the whole tree after it."""

    message: str
    author: str
    email: str
    at: datetime
    tree: Tree


@dataclass(frozen=True)
class Probe:
    """One question put to a tree.

    Attributes:
        key: Unique in its suite; names the question in transcripts, tells nothing about the right answer.
        group: ``class`` (what the fault breaks), ``neighbour`` (close to it, unbroken), ``control`` (must
            still be answered), ``unknown`` (no approved document answers: a refusal is right).
        question: What the customer asks.
        session: Conversation id; questions of one session are asked in order. ``""`` stands alone.
        relation: The metamorphic relation that made it, or ``"plain"``.
    """

    key: str
    group: ProbeGroup
    question: str
    session: str = ""
    relation: str = "plain"


@dataclass(frozen=True)
class ProbeSuite:
    """Questions, the approved facts that judge their answers, and the data the tree must answer from.

    `data` is laid over the tree with ``tree.overlay(data, replacing=replacing)`` before it is served, so that a
    tree which learnt the incident's own names by heart gains nothing.
    """

    data: Tree
    replacing: tuple[str, ...]
    facts: bytes
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class Question:
    """One customer's question in the seeded traffic, `second` seconds after the incident opened."""

    second: int
    question: str
    session: str = ""


@dataclass(frozen=True)
class Brief:
    """What the learner reads of this incident before start: fills the placeholders of the twin's brief."""

    company: str
    domain: str
    opened_because: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measures:
    """What makes one incident as hard as another of its class.

    Attributes:
        affected: products about which something harmful is said.
        decoys: innocent changes near the onset.
        key_events: events before the opening that a timeline should tell.
        candidates: releases of code near the onset, the cause among them.
        harmed: questions of a fixed set of all kinds that get a harmful answer.
        harmful: harmful answers that customers got from the onset to the opening, of so many `answers`.
        thrown_away: why earlier drawings of the same specification were of no use.
    """

    affected: int
    decoys: int
    key_events: int
    candidates: int
    harmed: int
    harmful: int
    answers: int
    thrown_away: tuple[str, ...] = ()

    @property
    def difficulty(self) -> float:
        """Bits a learner has to find: which release (of `candidates`), and where it shows (one answer in so many).

        ``log2(candidates) + log2(answers / harmful)``: the information in choosing one of equally likely things.
        """
        return math.log2(self.candidates) + math.log2(self.answers / self.harmful)


class Ask(Protocol):
    """Asks an opened tree; questions of one session are one conversation, ``""`` stands alone."""

    def __call__(self, question: str, session: str = "") -> JsonObject:
        """Return the reply as the tree gives it."""
        ...


@runtime_checkable
class Pack(Protocol):
    """A generator of incidents. Every method is pure: the same bytes on every machine."""

    def __hash__(self) -> int:
        """One object per generator: what was made from it is kept under it."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The failure classes this pack can draw, in a fixed order."""
        ...

    def draw(self, *, seed: int, avoid: Collection[str]) -> Spec:
        """A specification unlike those in `avoid`: classes (``"H1"``), or specifications by key (``"H1/7"``).

        A key without its class (``"/7"``) rules out that specification's names only. The same class never comes back.
        Drawn from its own seed, with every other class in `avoid`, a specification comes back as it is unless
        something else in `avoid` rules it out: that is how the stock asks whether one fits a learner.

        Raises:
            NothingLeftToDraw: `avoid` holds every class.
        """
        ...

    def facts(self, spec: Spec) -> bytes:
        """The approved facts, as JSON, for the `facts` fixture and the oracle."""
        ...

    def base(self, spec: Spec) -> Tree:
        """What the learner is handed: the faulty head, weights included."""
        ...

    def history(self, spec: Spec) -> tuple[Commit, ...]:
        """12 to 20 commits, oldest first; the last one's tree is `base`."""
        ...

    def reference(self, spec: Spec) -> Tree:
        """The platform's own fix."""
        ...

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        """At least three other correct fixes, each different in kind, by name."""
        ...

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        """At least six wrong or superficial fixes, and the same fault re-drawn, by name."""
        ...

    def author_test(self, spec: Spec) -> Tree:
        """A regression test that fails on base and mutants and passes on reference and alternatives."""
        ...

    def opened(self, tree: Tree) -> AbstractContextManager[Ask]:
        """Open one of the pack's own trees in this process, to ask it; never what somebody handed in."""
        ...

    def probes(self, spec: Spec, *, seed: int) -> ProbeSuite:
        """At least 40 hidden questions on data drawn from a fresh seed."""
        ...

    def regression_suite(self, spec: Spec) -> ProbeSuite:
        """Questions on the incident's own data whose right answers the faulty tree gives too."""
        ...

    def protected(self) -> tuple[str, ...]:
        """Prefixes which grading always replaces by the incident's own, for example ``assistant/lm/``."""
        ...

    def traffic(self, spec: Spec) -> tuple[Question, ...]:
        """The seeded stream of customers during the live window, in order."""
        ...

    def injects(self, spec: Spec) -> tuple[InjectRule, ...]:
        """What the incident's people say while it is live, and when; names, times and wordings drawn from the seed.

        It is asked for every minute of every live attempt, so it must not take drawing the whole incident.
        """
        ...

    def brief(self, spec: Spec) -> Brief:
        """What a learner may read before the clock starts."""
        ...

    def made_of(self, failure_class: str) -> Mapping[str, bytes]:
        """Every file that a class's incidents are made of, by path: one byte changed, and it is to be proved anew."""
        ...

    def measures(self, spec: Spec) -> Measures:
        """What every incident of a class should have the same of."""
        ...

    def truth(self, spec: Spec) -> JsonObject:
        """Component, class, mechanism and rival classes: for the mentor only."""
        ...


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


@lru_cache(maxsize=16)
def fingerprint(dotted: str) -> str:
    """SHA-256 of the code that draws a pack's incidents: what was drawn by other code is not the same incident.

    It covers every file below exams.packs, the pack's own wherever they lie, and how trees and repositories are
    written. Too wide only costs a drawing; too narrow would hand out what the hidden material does not belong to. The
    pack is found, not imported.

    Raises:
        NoSuchPack: no such module.
    """
    try:
        found = importlib.util.find_spec(dotted)
        writers = [importlib.util.find_spec(each) for each in ("sandboxes.ingest.tree", "sandboxes.repository")]
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        raise NoSuchPack(f"{dotted!r} cannot be found; check the `pack` line of twin.toml")
    here, own = Path(__file__).parent, Path(found.origin)
    files = {own, *here.rglob("*"), *(own.parent.rglob("*") if found.submodule_search_locations else ())}
    files |= {Path(each.origin) for each in writers if each and each.origin}
    contents = {
        os.path.relpath(path, here): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()
