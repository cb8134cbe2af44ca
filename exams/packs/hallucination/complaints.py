"""What customers wrote afterwards: how many of them and when (`law`), and what each says of the answer it is about."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from exams.packs.complaining import CarriedOver, Complaining, Later
from exams.packs.hallucination import text
from exams.packs.hallucination.asked import read
from exams.packs.hallucination.grievances import COUNTERS, SAID
from exams.packs.hallucination.murmurs import GREETINGS, OTHERWISE, REFUSED, THANKS, UNSURE, UNSURE_ABOUT, WISHES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.replay import Trace
    from exams.packs.hallucination.world import Fact

AN_HOUR = (8.0, 10.0)  # so many customers complain of wrong answers, whatever the fault
MOST_SHARE = 0.5  # of those who got one: where few do, fewer complain
FIRST, LAST = (45, 100), (480, 720)  # seconds after the answer
LATE, LATEST = (0.06, 0.12), (9000, 14400)  # the share of them that takes longer, and the longest that it takes
UNSURE_SHARE = 1 / 3  # of them say no more than that it was wrong
ALONE = (True, True, False, False, False, False)  # of six others so many say in one what they were told and doubt
POLITE_SHARE = 0.15  # greet; as many thank
TRIES = 50  # for a text that nobody wrote before
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
    """Who complains, and when: of wrong answers a smaller share where more are harmed, so that no chart tells that."""
    drawing = incident.random("complaining")
    hours = (incident.opened_at - incident.onset_at).total_seconds() / 3600
    harmful = sum(trace.wrong is not None for trace in incident.traces) / hours
    share = min(MOST_SHARE, drawing.uniform(*AN_HOUR) / harmful)
    first, last = drawing.randrange(*FIRST), drawing.randrange(*LAST)
    late, latest = round(drawing.uniform(*LATE), 3), drawing.randrange(*LATEST)
    return Complaining(round(share, 4), first, last, REFUSED_SHARE, OTHERWISE_SHARE, late, latest)


def complaints(incident: Incident) -> tuple[Complaint, ...]:
    """All that were written before the incident opened, oldest first.

    One about the first answer that shows the class plainly is always there: it opened the incident.
    """
    drawing, words = incident.random("complaints"), _Words(incident, incident.random("grievances"))
    found = []
    for at, trace in _complained(incident):
        unsure = drawing.random() < UNSURE_SHARE and trace.asked != incident.told.asked
        if at < incident.opened_at:
            found.append(Complaint(at, trace, words.about(trace, _sort(trace, unsure=unsure)), trace.wrong is not None))
    return tuple(found)


def carried_over(incident: Incident) -> CarriedOver:
    """What these complaints, and those of the same answers that are still to come, matter after the opening."""
    began: dict[str, str] = {}
    for trace in incident.traces:
        began.setdefault(trace.asked.session, trace.asked.question)
    earlier, later = [], []
    for at, trace in _complained(incident):
        second = int((at - incident.opened_at).total_seconds())
        if second < 0:
            earlier.append(second)
        elif trace.wrong is None:
            later.append(Later(second))
        else:
            question, first = trace.asked.question, began[trace.asked.session]
            later.append(Later(second, question, shown(trace.reply), first if first != question else ""))
    return CarriedOver(tuple(earlier), tuple(later))


def seconds(incident: Incident, written: Iterable[Complaint]) -> list[int]:
    """When complaints were written, in seconds from the opening."""
    return [int((one.at - incident.opened_at).total_seconds()) for one in written]


def _complained(incident: Incident) -> list[tuple[datetime, Trace]]:
    """Who complains and when, before the opening and after it, oldest first: by the law, and one who opens it."""
    drawing, by = incident.random("opened by"), law(incident)
    laws = {"wrong": by, "refused": by.of_refused(), "otherwise": by.of_others()}
    found: list[tuple[datetime, int]] = []
    for number, trace in enumerate(incident.traces):
        sort = "wrong" if trace.wrong is not None else "refused" if trace.reply["refused"] else "otherwise"
        after = laws[sort].after(f"{incident.spec.key}/complaint/before/{number}")
        if trace.asked == incident.told.asked:
            soon = timedelta(seconds=drawing.randrange(by.first, by.last + 1))
            latest = incident.opened_at - timedelta(seconds=drawing.randrange(20, 60))
            found.append((min(trace.at + soon, latest), number))
        elif after is not None:
            found.append((trace.at + after, number))
    return [(at, incident.traces[number]) for at, number in sorted(found)]


def _sort(trace: Trace, *, unsure: bool) -> str:
    """What a complaint about a trace is about; who asked for nothing in particular complains of something else."""
    if trace.wrong is not None:
        return "unsure" if unsure or kind(trace) == "unseen" else "wrong"
    return "refused" if trace.reply["refused"] and trace.asked.attribute is not None else "otherwise"


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


class _Words:
    """What customers write, in words drawn: openings and endings apart, and never the same text twice."""

    def __init__(self, incident: Incident, drawing: random.Random) -> None:
        self._counter = COUNTERS[incident.world.domain.key]
        self._drawing = drawing
        self._decks: dict[tuple[str, ...], _Deck] = {}
        self._written: set[str] = set()
        self._alone: list[bool] = []

    def about(self, trace: Trace, what: str) -> str:
        """What the customer of a trace writes."""
        places = _of_question(trace) | _of_answer(trace) | {"counter": self._counter}
        for _ in range(TRIES):
            words = self._words(trace, what).format(**places)
            written = self._with_manners(words[:1].upper() + words[1:])
            if written not in self._written:
                break
        self._written.add(written)
        return written

    def _words(self, trace: Trace, what: str) -> str:
        if what == "wrong":
            texts = SAID[kind(trace)]
            if self._stands_alone():
                return self._next(texts.alone)
            return f"{self._next(texts.openings)} {self._next(texts.endings)}"
        if what == "unsure":
            named = trace.asked.attribute is not None and bool(trace.asked.name)
            return self._next((*UNSURE, *UNSURE_ABOUT) if named else UNSURE)
        return self._next(REFUSED if what == "refused" else OTHERWISE)

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
        return {"told": shown(trace.reply)}
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
    return f"{text.number(value)} {text.counted(value, unit)}" + (f" {condition}" if condition else "")
