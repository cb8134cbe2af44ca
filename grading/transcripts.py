"""Turns what submitted code said into rows that can be kept and shown: bounded, harmless, judged from outside."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from exams import oracle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandboxes.sandbox import Exchange, JsonObject

MOST_EXCHANGES = 80
MOST_TEXT = 2_000
MOST_CITED = 20
# What a database refuses (NUL, half characters) or what moves a reader's terminal or page about.
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def storable(text: object, *, most: int = MOST_TEXT) -> str:
    """Text of submitted code as it is kept: at most `most` characters, what cannot be shown as a code point."""
    given = str(text)
    shown = _UNSHOWABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", given[:most])
    return shown if len(given) <= most else f"{shown} … ({len(given) - most} more characters)"


def row(exchange: Exchange, judgement: oracle.Judgement) -> JsonObject:
    """One question, its answer and what the answer is worth, as it is kept."""
    reply = exchange.reply or {}
    return {
        "question": storable(exchange.question),
        "session": storable(exchange.session, most=100),
        "text": storable(reply.get("text", "")) if exchange.reply is not None else None,
        "refused": reply.get("refused") is True,
        "citations": _citations(reply.get("citations")),
        "documents": _names(reply.get("documents")),
        "fault": None if exchange.fault is None else storable(exchange.fault),
        "verdict": str(judgement.verdict),
        "harmful": oracle.harmful(judgement.verdict),
        "why": storable(judgement.why),
        "seconds": round(exchange.seconds, 4),
    }


def judged(exchanges: Iterable[Exchange], facts: bytes) -> Iterator[tuple[Exchange, oracle.Judgement]]:
    """Each exchange with what its answer is worth, conversations followed; a fault is no answer."""
    conversations = oracle.Conversations(oracle.read_facts(facts))
    for exchange in exchanges:
        yield exchange, conversations.judge(exchange.question, exchange.session, exchange.reply)


def transcript(exchanges: Iterable[Exchange], facts: bytes) -> list[JsonObject]:
    """The first `MOST_EXCHANGES` questions of a run as rows."""
    return [row(*pair) for pair in islice(judged(exchanges, facts), MOST_EXCHANGES)]


def left_out(asked: int) -> str:
    """What is said of a test that asked more questions than are kept; nothing of any other."""
    return "" if asked <= MOST_EXCHANGES else f"It asked {asked} questions; the first {MOST_EXCHANGES} are kept."


def _citations(given: object) -> list[JsonObject]:
    if not isinstance(given, list):
        return []
    return [
        {"document": storable(each.get("document", ""), most=120), "sentence": each["sentence"]}
        for each in given[:MOST_CITED]
        if isinstance(each, dict) and type(each.get("sentence")) is int and abs(each["sentence"]) < 1_000_000  # noqa: PLR2004 - no document is longer
    ]


def _names(given: object) -> list[str]:
    return [storable(each, most=120) for each in given[:MOST_CITED]] if isinstance(given, list) else []
