"""What customers wrote afterwards: how many of them and when (`law`), and what each says of the answer it is about."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

from exams.oracle import ClaimVerdict
from exams.packs.complaining import Complaining
from exams.packs.hallucination import text
from exams.packs.hallucination.asked import read
from exams.packs.hallucination.grievances import COUNTERS, OTHERWISE, REFUSED, SAID, UNSURE, UNSURE_ABOUT

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.replay import Trace
    from exams.packs.hallucination.world import Fact

AN_HOUR = (8.0, 10.0)  # so many customers complain of wrong answers, whatever the fault
MOST_SHARE = 0.5  # of those who got one: where few do, fewer complain
FIRST, LAST = (45, 100), (480, 720)  # seconds after the answer
UNSURE_SHARE = 1 / 3  # of them say no more than that it was wrong
REFUSED_SHARE = 0.003  # of those who were refused, rightly or not
OTHERWISE_SHARE = 0.0006  # of those whom nothing wrong was told


@dataclass(frozen=True)
class Complaint:
    """What a customer wrote at a moment about a trace; `wrong` when that told them something wrong."""

    at: datetime
    trace: Trace
    text: str
    wrong: bool


def law(incident: Incident) -> Complaining:
    """Who complains of a wrong answer, and when: a smaller share where more are harmed, so that no chart tells that."""
    drawing = incident.random("complaining")
    hours = (incident.opened_at - incident.onset_at).total_seconds() / 3600
    harmful = sum(trace.wrong is not None for trace in incident.traces) / hours
    share = min(MOST_SHARE, drawing.uniform(*AN_HOUR) / harmful)
    return Complaining(round(share, 4), drawing.randrange(*FIRST), drawing.randrange(*LAST))


def complaints(incident: Incident) -> tuple[Complaint, ...]:
    """All that were written before the incident opened, oldest first.

    One about the first answer that shows the class plainly is always there: it opened the incident.
    """
    drawing, by = incident.random("complaints"), law(incident)
    words = _Words(incident, incident.random("grievances"))
    written: list[tuple[datetime, int, str]] = []
    for number, trace in enumerate(incident.traces):
        plainly = trace.asked == incident.told.asked
        after, about = _complains(incident, by, number, trace, drawing, plainly=plainly)
        if after is None:
            continue
        at = trace.at + after
        if plainly:
            at = min(at, incident.opened_at - timedelta(seconds=drawing.randrange(20, 60)))
        if at < incident.opened_at:
            written.append((at, number, about))
    found = []
    for at, number, about in sorted(written):
        trace = incident.traces[number]
        found.append(Complaint(at, trace, words.about(trace, about), trace.wrong is not None))
    return tuple(found)


def _complains(
    incident: Incident, by: Complaining, number: int, trace: Trace, drawing: random.Random, *, plainly: bool
) -> tuple[timedelta | None, str]:
    """After how long the customer of a trace complains, None when they do not; and about what."""
    later, chance, unsure = drawing.randrange(by.first, by.last + 1), drawing.random(), drawing.random()
    if plainly:
        return timedelta(seconds=later), "wrong"
    if trace.wrong is not None:
        after = by.after(f"{incident.spec.key}/complaint/before/{number}")
        return after, "unsure" if unsure < UNSURE_SHARE else "wrong"
    refused = bool(trace.reply["refused"]) and trace.asked.attribute is not None
    if refused and chance < REFUSED_SHARE:
        return timedelta(seconds=later), "refused"
    if not refused and chance < OTHERWISE_SHARE:
        return timedelta(seconds=later), "otherwise"
    return None, ""


class _Words:
    """Wordings in an order drawn, none of them twice as long as there are others."""

    def __init__(self, incident: Incident, drawing: random.Random) -> None:
        self._counter = COUNTERS[incident.world.domain.key]
        self._said = {
            kind: cycle(_paired(*(drawing.sample(texts, len(texts)) for texts in each))) for kind, each in SAID.items()
        }
        self._unsure = _endless([*UNSURE, *UNSURE_ABOUT], drawing)
        self._unsure_of_all = _endless(list(UNSURE), drawing)
        self._refused = _endless(list(REFUSED), drawing)
        self._otherwise = _endless(list(OTHERWISE), drawing)

    def about(self, trace: Trace, what: str) -> str:
        """What the customer of a trace writes."""
        if what == "wrong":
            if makes_sense(trace):
                return self._wrong(trace)
            what = "unsure"
        named = trace.asked.attribute is not None and bool(trace.asked.name)
        unsure = self._unsure if named else self._unsure_of_all
        pool = {"unsure": unsure, "refused": self._refused, "otherwise": self._otherwise}[what]
        return self._filled(next(pool), _of_question(trace))

    def _wrong(self, trace: Trace) -> str:
        places = _of_question(trace) | _of_answer(trace)
        return self._filled(next(self._said[kind(trace)]), places)

    def _filled(self, words: str, places: dict[str, str]) -> str:
        filled = words.format(**places, counter=self._counter)
        return filled[:1].upper() + filled[1:]


def _paired(openings: list[str], endings: list[str]) -> list[str]:
    """Every opening with every ending, each of them as far as can be from the next text that has it."""
    turn = math.lcm(len(openings), len(endings))
    return [
        f"{openings[(n + n // turn) % len(openings)]} {endings[n % len(endings)]}"
        for n in range(len(openings) * len(endings))
    ]


def _endless(texts: list[str], drawing: random.Random) -> Iterator[str]:
    return cycle(drawing.sample(texts, len(texts)))


def makes_sense(trace: Trace) -> bool:
    """Whether one can say what is wrong with an answer: not of one that is garbled, or wrong in its source alone."""
    said = read(trace.reply)
    return said is not None and trace.wrong is not None and trace.wrong.verdict is not ClaimVerdict.misgrounded


def kind(trace: Trace) -> str:
    """What a customer can see is wrong with an answer, as `grievances.SAID` sorts it."""
    asked, wrong, answer = trace.asked, trace.wrong, read(trace.reply)
    assert wrong is not None  # noqa: S101 - nobody asks it of a right answer
    assert answer is not None  # noqa: S101 - or of one that says nothing
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
    """What differs from the approved value, of the right product and attribute."""
    if answer.value != approved.value or answer.unit != approved.unit:
        return "value"
    if approved.condition is None:
        return "condition_added"
    broken_off = approved.condition.startswith(answer.condition or "")
    return "condition_lost" if broken_off else "condition_other"


def shown(reply: dict[str, Any]) -> str:
    """The text of a reply as a customer reads it: without marks that are not seen."""
    seen = unicodedata.normalize("NFKC", str(reply["text"]))
    return " ".join("".join(c for c in seen if unicodedata.category(c) != "Cf").replace("*", "").split())


def _of_question(trace: Trace) -> dict[str, str]:
    asked = trace.asked
    return {
        "question": asked.question,
        "asked": asked.attribute.name if asked.attribute else "",
        "name": asked.name,
        "place": asked.place or "",
    }


def _of_answer(trace: Trace) -> dict[str, str]:
    wrong, answer = trace.wrong, read(trace.reply)
    if wrong is None or answer is None:
        return {}
    approved = wrong.approved
    return {
        "told": shown(trace.reply),
        "number": _number(answer.value, answer.unit, answer.condition),
        "thing": answer.attribute,
        "of": answer.product,
        "added": answer.condition or "",
        "approved": _number(approved.value, approved.unit, approved.condition) if approved else "",
        "condition": (approved.condition or "") if approved else "",
    }


def _number(value: text.Value, unit: str, condition: str | None) -> str:
    return f"{text.number(value)} {unit}" + (f" {condition}" if condition else "")
