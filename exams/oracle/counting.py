"""Judges conversations in their order, and counts what the answers are worth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exams.oracle.judging import RIGHT, ClaimVerdict, Judgement, harmful, judge_asked
from exams.oracle.questions import Asked, understand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exams.oracle.facts import Facts


@dataclass
class Conversations:
    """Judges replies in the order they were given, and remembers what each conversation is about."""

    facts: Facts
    _last: dict[str, Asked] = field(default_factory=dict)

    def judge(self, question: str, session: str, reply: object) -> Judgement:
        """Judge the next reply of a conversation; session ``""`` stands alone."""
        earlier = self._last.get(session) if session else None
        asked = understand(question, self.facts, earlier=earlier)
        if session:
            self._last[session] = asked
        return judge_asked(asked, reply, self.facts)


@dataclass(frozen=True)
class Rates:
    """Exact counts; the hallucination rate is `harmful` of `total`, the answer rate `answered` of `answerable`.

    They belong together: refusing everything has no harm and no use.
    """

    total: int
    harmful: int
    answerable: int
    answered: int
    right: int
    by_verdict: Mapping[ClaimVerdict, int]

    def __str__(self) -> str:
        return f"{self.harmful} of {self.total} harmful, {self.answered} of {self.answerable} answered"


def rates(judgements: Iterable[Judgement]) -> Rates:
    """Count judgements. A question counts as answered when it has an approved value and any value was given."""
    given = list(judgements)
    return Rates(
        total=len(given),
        harmful=sum(harmful(one.verdict) for one in given),
        answerable=sum(one.answerable for one in given),
        answered=sum(one.answerable and one.answered and one.verdict is not ClaimVerdict.malformed for one in given),
        right=sum(one.verdict in RIGHT for one in given),
        by_verdict=dict(sorted(Counter(one.verdict for one in given).items())),
    )
