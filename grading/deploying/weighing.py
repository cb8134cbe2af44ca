"""What each answer of a replay was worth, in the letters that are kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from exams import oracle
from exams.live.telemetry import Guard, Outcome, Replayed
from exams.live.telemetry.measuring import may_complain
from grading import transcripts

if TYPE_CHECKING:
    from sandboxes.sandbox import Exchange, JsonObject

MOST_SAID = 300  # characters kept of an answer that is complained about
_GUARDS = {"pass": Guard.passed, "block": Guard.blocked}


def outcome_of(verdict: oracle.ClaimVerdict) -> Outcome:
    """The letter of a verdict: what is no reply at all has failed."""
    return Outcome.failed if verdict is oracle.ClaimVerdict.malformed else Outcome[verdict.name]


class Scales:
    """Weighs answers one by one, in the order of the questions, and keeps nothing else of them: they may be long.

    `facts` are the approved ones, `seed` is the incident's, which draws who may complain; `seconds` is the time it
    took.
    """

    def __init__(self, facts: bytes, *, seed: int) -> None:
        self.seconds = 0.0
        self._conversations = oracle.Conversations(oracle.read_facts(facts))
        self._seed = seed
        self._outcomes: list[Outcome] = []
        self._guards: list[Guard] = []
        self._said: dict[int, str] = {}

    def take(self, exchange: Exchange) -> None:
        """Judge the next answer against the approved facts."""
        began = time.perf_counter()
        number = len(self._outcomes)
        judgement = self._conversations.judge(exchange.question, exchange.session, exchange.reply)
        outcome = outcome_of(judgement.verdict)
        self._outcomes.append(outcome)
        self._guards.append(_guard(exchange.reply))
        if outcome.harmful and may_complain(self._seed, number):
            self._said[number] = transcripts.storable((exchange.reply or {}).get("text", ""), most=MOST_SAID)
        self.seconds += time.perf_counter() - began

    def found(self) -> Replayed:
        """What all of them were worth."""
        return Replayed(tuple(self._outcomes), tuple(self._guards), dict(self._said))


def _guard(reply: JsonObject | None) -> Guard:
    """What the reply says of its guard, in whatever shape it says it."""
    guard = (reply or {}).get("guard")
    verdict = guard.get("verdict") if isinstance(guard, dict) else None
    return _GUARDS.get(verdict, Guard.none) if isinstance(verdict, str) else Guard.none
