"""What one customer writes of one answer: only what they know, which is what they asked and what they were told."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from exams.packs.hallucination import text
from exams.packs.hallucination.asked import read
from exams.packs.hallucination.grievances import COUNTERS, SAID
from exams.packs.hallucination.murmurs import (
    GREETINGS,
    OTHERWISE,
    REFUSED,
    REFUSED_AFTER,
    THANKS,
    UNSURE,
    UNSURE_ABOUT,
    WISHES,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from exams.packs.hallucination.asked import Asked
    from exams.packs.hallucination.doubts import Doubt
    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.replay import Trace
    from exams.packs.hallucination.world import Fact

ALONE = (True, True, False, False, False, False)  # of six others so many say in one what they were told and doubt
POLITE_SHARE = 0.15  # greet; as many thank
TRIES = 50  # for a text that nobody wrote before
ABOUT_SOMETHING_ELSE = frozenset({"garbled", "something", "another_product", "another_matter"})


class _Deck:
    """Texts drawn like cards: each once, then all of them anew, and none twice running."""

    def __init__(self, texts: Sequence[str], drawing: random.Random) -> None:
        self._texts, self._drawing = list(dict.fromkeys(texts)), drawing
        self._left: list[str] = []
        self._last = ""

    def next(self) -> str:
        if not self._left:
            self._left = self._drawing.sample(self._texts, len(self._texts))
            if self._left[-1] == self._last:
                self._left.reverse()
        self._last = self._left.pop()
        return self._last


class Words:
    """What customers write, in words drawn: openings and endings apart, and never the same text twice."""

    def __init__(self, incident: Incident, drawing: random.Random) -> None:
        self._counter = COUNTERS[incident.world.domain.key]
        self._drawing = drawing
        self._decks: dict[tuple[str, ...], _Deck] = {}
        self._written: set[str] = set()
        self._alone: list[bool] = []

    def about(self, trace: Trace, what: str, doubt: Doubt | None = None) -> str:
        """What the customer of a trace writes."""
        places = _of_question(trace) | _of_answer(trace, doubt) | {"counter": self._counter}
        for _ in range(TRIES):
            words = self._words(trace, what, doubt).format(**places)
            written = self._with_manners(words[:1].upper() + words[1:])
            if written not in self._written:
                break
        self._written.add(written)
        return written

    def _words(self, trace: Trace, what: str, doubt: Doubt | None) -> str:
        after_another = names_no_product(trace.asked)
        if what == "wrong":
            texts = SAID[doubt.kind if doubt else kind(trace)]
            texts = texts.after_another() if after_another else texts
            if self._stands_alone():
                return self._next(texts.alone)
            return f"{self._next(texts.openings)} {self._next(texts.endings)}"
        if what == "unsure":
            to_the_point = trace.wrong is None or kind(trace) not in ABOUT_SOMETHING_ELSE
            return self._next((*UNSURE, *UNSURE_ABOUT) if to_the_point else UNSURE)
        if what == "refused":
            return self._next(REFUSED_AFTER if after_another else REFUSED)
        return self._next(OTHERWISE)

    def _stands_alone(self) -> bool:
        self._alone = self._alone or self._drawing.sample(ALONE, len(ALONE))
        return self._alone.pop()

    def _with_manners(self, words: str) -> str:
        greeting = self._next(GREETINGS) if self._drawing.random() < POLITE_SHARE else ""
        wishing = re.search(r"please|\bring\b", words, re.IGNORECASE) or words in OTHERWISE
        ends = self._next(THANKS if wishing or self._drawing.random() < 1 / 2 else WISHES)
        return f"{greeting}{words}{ends if self._drawing.random() < POLITE_SHARE else ''}"

    def _next(self, texts: tuple[str, ...]) -> str:
        if texts not in self._decks:
            self._decks[texts] = _Deck(texts, self._drawing)
        return self._decks[texts].next()


def kind(trace: Trace) -> str:
    """What a customer can see is wrong with an answer, as `grievances.SAID` sorts it; ``unseen`` if nothing."""
    asked, wrong, answer = trace.asked, trace.wrong, read(trace.reply)
    assert wrong is not None  # noqa: S101 - nobody asks it of a right answer
    if answer is None or answer.refused:
        return "garbled"
    if asked.attribute is None:
        return "something"
    if answer.product.lower() != asked.name.lower():
        return "another_product"
    if answer.attribute.lower() != asked.attribute.name.lower():
        return "another_matter"
    if wrong.approved is None:
        return asked.kind if asked.kind in {"stranger", "abroad"} else "unknown"
    return _against(wrong.approved, answer)


def _against(approved: Fact, answer: text.Answer) -> str:
    """What differs from the approved value, of the right product and attribute; maybe only what is cited for it."""
    if answer.value != approved.value or answer.unit != approved.unit:
        return "value"
    if answer.condition == approved.condition:
        return "unseen"
    if approved.condition is None:
        return "condition_added"
    broken_off = approved.condition.startswith(answer.condition or "")
    return "condition_lost" if broken_off else "condition_other"


def shown(reply: dict[str, Any]) -> str:
    """The text of a reply as a customer reads it: without marks that are not seen."""
    seen = unicodedata.normalize("NFKC", str(reply["text"]))
    return " ".join("".join(c for c in seen if unicodedata.category(c) != "Cf").replace("*", "").split())


def names_no_product(asked: Asked) -> bool:
    """Whether a question is about a product that only an earlier one of its conversation named."""
    return asked.name.lower() not in asked.question.lower()


def _of_question(trace: Trace) -> dict[str, str]:
    asked = trace.asked
    return {
        "question": asked.question,
        "asked": _called(asked),
        "name": asked.name,
        "place": asked.place or "",
    }


def _called(asked: Asked) -> str:
    """What a question calls the attribute it asks for; empty if it asks for none."""
    names = sorted(asked.attribute.names, key=len, reverse=True) if asked.attribute else [""]
    return next((name for name in names if name.lower() in asked.question.lower()), names[0])


def _of_answer(trace: Trace, doubt: Doubt | None) -> dict[str, str]:
    answer = read(trace.reply)
    if answer is None or answer.refused:
        return {"told": shown(trace.reply)}
    approved = trace.wrong.approved if trace.wrong else None
    if doubt is not None:
        against, condition = doubt.figure, doubt.condition
    elif approved is not None:
        against = number(approved.value, approved.unit, approved.condition)
        condition = approved.condition or ""
    else:
        against = condition = ""
    return {
        "told": shown(trace.reply),
        "number": number(answer.value, answer.unit, answer.condition),
        "thing": answer.attribute,
        "of": answer.product,
        "added": answer.condition or "",
        "approved": against,
        "condition": condition,
    }


def number(value: text.Value, unit: str, condition: str | None) -> str:
    """A value as customers write it."""
    return f"{text.number(value)} {text.counted(value, unit)}" + (f" {condition}" if condition else "")
