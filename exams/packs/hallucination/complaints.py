"""Which customers wrote afterwards: how many of them and when (`law`), and of which answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs.complaining import CarriedOver, Complaining, Later
from exams.packs.hallucination.doubts import Doubt, doubt
from exams.packs.hallucination.letters import Words, kind, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.replay import Trace

AN_HOUR = (8.0, 10.0)  # so many customers complain of wrong answers, whatever the fault
MOST_SHARE = 0.5  # of those who got one: where few do, fewer complain
FIRST, LAST = (45, 100), (480, 720)  # seconds after the answer
LATE, LATEST = (0.06, 0.12), (9000, 14400)  # the share of them that takes longer, and the longest that it takes
UNSURE_SHARE = 1 / 3  # of them say no more than that it was wrong
REFUSED_SHARE = 0.001  # of those who were refused, rightly or not
OTHERWISE_SHARE = (0.0012, 0.0022)  # of those who were told something right; most of them doubt it


@dataclass(frozen=True)
class Complaint:
    """What a customer wrote at a moment about a trace; `wrong` when that told them something wrong.

    `doubt` is what they hold against an answer that was right.
    """

    at: datetime
    trace: Trace
    text: str
    wrong: bool
    doubt: Doubt | None = None


def law(incident: Incident) -> Complaining:
    """Who complains, and when: of wrong answers a smaller share where more are harmed, so that no chart tells that."""
    drawing = incident.random("complaining")
    hours = (incident.opened_at - incident.onset_at).total_seconds() / 3600
    harmful = sum(trace.wrong is not None for trace in incident.traces) / hours
    share = min(MOST_SHARE, drawing.uniform(*AN_HOUR) / harmful)
    first, last = drawing.randrange(*FIRST), drawing.randrange(*LAST)
    late, latest = round(drawing.uniform(*LATE), 3), drawing.randrange(*LATEST)
    otherwise = round(drawing.uniform(*OTHERWISE_SHARE), 5)
    return Complaining(round(share, 4), first, last, REFUSED_SHARE, otherwise, late, latest)


def complaints(incident: Incident) -> tuple[Complaint, ...]:
    """All that were written before the incident opened, oldest first.

    One about the first answer that shows the class plainly is always there: it opened the incident.
    """
    drawing, words = incident.random("complaints"), Words(incident, incident.random("grievances"))
    doubting = incident.random("doubts")
    found = []
    for at, trace in _complained(incident):
        unsure = drawing.random() < UNSURE_SHARE and trace.asked != incident.told.asked
        held = doubt(incident.world, trace, doubting)
        if at < incident.opened_at:
            written = words.about(trace, _sort(trace, held, unsure=unsure), held)
            found.append(Complaint(at, trace, written, trace.wrong is not None, held))
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


def _sort(trace: Trace, held: Doubt | None, *, unsure: bool) -> str:
    """What a complaint about a trace is about; who asked for nothing in particular complains of something else."""
    if held is not None:
        return "unsure" if unsure else "wrong"
    if trace.wrong is not None:
        return "unsure" if unsure or kind(trace) == "unseen" else "wrong"
    return "refused" if trace.reply["refused"] and trace.asked.attribute is not None else "otherwise"
