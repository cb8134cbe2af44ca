"""A hostile reply costs no more than its length: the work is counted in steps of the interpreter, not in seconds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from exams import oracle
from exams.packs.hallucination.world import World

if TYPE_CHECKING:
    from types import FrameType

WORLD = World.draw(domain="bank", seed=7)
FACTS = oracle.read_facts(WORLD.facts())
PRODUCT, ATTRIBUTE = WORLD.products[0], WORLD.domain.attributes[0]
HOSTILE = {
    "numbers": "1 ",
    "attributes": f"{ATTRIBUTE.name} 1 ",
    "products": f"{PRODUCT.name} 1 ",
    "both": f"{PRODUCT.name} {ATTRIBUTE.name} 1$ ",
    "places": f"{PRODUCT.jurisdiction} {ATTRIBUTE.name} 1 ",
    "strangers": "of Falcon Gold 1 ",
    "dates": "2020-01-01 1% ",
    "sentences": "a. 1 hour. ",
}


def steps(text: str) -> int:
    """How many steps of the interpreter it takes to judge a reply."""
    taken = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal taken
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        taken += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        oracle.judge(
            f"What is the {ATTRIBUTE.name} of {PRODUCT.name}?",
            {"text": text, "citations": [], "refused": False},
            FACTS,
        )
    finally:
        sys.settrace(before)
    return taken


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_twice_as_long_a_reply_is_twice_the_work(said: str) -> None:
    text = (said * oracle.MOST_TEXT)[: oracle.MOST_TEXT]
    steps(text)  # patterns are compiled, names are counted
    short, long = steps(text[: oracle.MOST_TEXT // 2]), steps(text)
    assert long < 2.3 * short


def test_a_sentence_is_read_once_whatever_stands_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    mentions = oracle.Facts.attribute_mentions

    def counted(facts: oracle.Facts, text: str) -> list[tuple[int, int, oracle.Attribute]]:
        read.append(len(text))
        return mentions(facts, text)

    monkeypatch.setattr(oracle.Facts, "attribute_mentions", counted)
    text = (f"{ATTRIBUTE.name} 1 " * oracle.MOST_TEXT)[: oracle.MOST_TEXT]
    assert len(oracle.judge(f"What of {PRODUCT.name}?", {"text": text, "citations": []}, FACTS).claims) > 100
    assert sum(read) < 2 * len(text)
