"""What a version did with each of the customers' questions, one letter each: the form in which a replay is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """What an answer was worth to the customer, by the names of `exams.oracle`; `failed` is no usable answer."""

    correct = "c"
    correct_refusal = "r"
    over_refusal = "o"
    conflict = "x"
    wrong_entity = "e"
    stale = "s"
    unqualified = "u"
    wrong_condition = "w"
    baseless = "b"
    misgrounded = "m"
    failed = "f"

    @property
    def harmful(self) -> bool:
        """Whether the customer was told something that compliance cannot stand by."""
        return self not in HARMLESS


HARMLESS = frozenset({Outcome.correct, Outcome.correct_refusal, Outcome.over_refusal, Outcome.failed})


class Guard(StrEnum):
    """What the version's own guard said of its answer; `none` when the reply names no verdict that is known."""

    passed = "p"
    blocked = "b"
    none = "-"


class NotOutcomes(ValueError):
    """What is stored is not the outcomes of this traffic: the platform's fault."""


@dataclass(frozen=True)
class Replayed:
    """What one version did with the whole traffic; entry n is about question n.

    Attributes:
        outcomes: What each answer was worth.
        guards: What the guard said of each.
        said: The text of harmful answers whose customers will complain, by question, shortened.
    """

    outcomes: tuple[Outcome, ...]
    guards: tuple[Guard, ...]
    said: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def harmful(self) -> int:
        """How many answers were harmful."""
        return sum(each.harmful for each in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The form kept in a deployment's row."""
        return {
            "outcomes": "".join(self.outcomes),
            "guards": "".join(self.guards),
            "said": {str(number): text for number, text in self.said.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], *, questions: int) -> Replayed:
        """What a row holds about a traffic of so many questions.

        Raises:
            NotOutcomes: it is about another number of questions, or holds a letter that stands for nothing.
        """
        try:
            outcomes = tuple(Outcome(letter) for letter in stored["outcomes"])
            guards = tuple(Guard(letter) for letter in stored["guards"])
            said = {int(number): str(text) for number, text in stored.get("said", {}).items()}
        except (KeyError, TypeError, ValueError) as broken:
            raise NotOutcomes(f"these are not outcomes: {broken}") from broken
        if not len(outcomes) == len(guards) == questions:
            raise NotOutcomes(f"{len(outcomes)} outcomes and {len(guards)} guards for {questions} questions")
        return cls(outcomes, guards, said)
