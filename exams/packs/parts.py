"""What a pack's incidents are made of: small records, the same on every machine."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sandboxes.ingest.tree import Tree

ProbeGroup = Literal["class", "neighbour", "control", "unknown"]

JsonObject = dict[str, Any]


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
    """What the learner reads of this very incident, from the moment of the start; nothing in it tells the class.

    Attributes:
        company, trade: whose assistant it is, and what they deal in.
        opened_because: the words of the page.
        opened_at: when it rang by the incident's own dates, which its files carry: the moment of the start.
        taken_over_from: who was on call until then.
        facts: whatever else is told, a word or two each.
    """

    company: str
    trade: str
    opened_because: str
    opened_at: datetime
    taken_over_from: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """The form kept in an attempt's row."""
        return {**asdict(self), "facts": dict(self.facts), "opened_at": self.opened_at.isoformat()}


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
