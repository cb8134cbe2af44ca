"""What each answer of a replay was worth, in the letters that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.live.telemetry import Guard, Outcome, Replayed
from exams.live.telemetry.measuring import complains_after
from grading import transcripts
from grading.oracle import ClaimVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxes.sandbox import Exchange, JsonObject

MOST_SAID = 300  # characters kept of an answer that is complained about
_GUARDS = {"pass": Guard.passed, "block": Guard.blocked}


def outcome_of(verdict: ClaimVerdict) -> Outcome:
    """The letter of a verdict: what is no reply at all has failed."""
    return Outcome.failed if verdict is ClaimVerdict.malformed else Outcome[verdict.name]


def weigh(exchanges: Sequence[Exchange], facts: bytes, *, seed: int) -> Replayed:
    """Judge every answer against the approved facts; `seed` is the incident's, which draws who complains."""
    outcomes: list[Outcome] = []
    guards: list[Guard] = []
    said: dict[int, str] = {}
    for number, (exchange, judgement) in enumerate(transcripts.judged(exchanges, facts)):
        outcome = outcome_of(judgement.verdict)
        outcomes.append(outcome)
        guards.append(_guard(exchange.reply))
        if outcome.harmful and complains_after(seed, number) is not None:
            said[number] = transcripts.storable((exchange.reply or {}).get("text", ""), most=MOST_SAID)
    return Replayed(tuple(outcomes), tuple(guards), said)


def _guard(reply: JsonObject | None) -> Guard:
    """What the reply says of its guard, in whatever shape it says it."""
    guard = (reply or {}).get("guard")
    verdict = guard.get("verdict") if isinstance(guard, dict) else None
    return _GUARDS.get(verdict, Guard.none) if isinstance(verdict, str) else Guard.none
