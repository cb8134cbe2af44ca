"""What operation left behind: deploys, flags, and traces, metrics, alerts, complaints computed from the replay."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from exams.packs.hallucination import history, opening, text
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.asked import Asked, Wrong
    from exams.packs.hallucination.incident import Incident, Trace

RECORDED = ("ops/", "traces.jsonl")  # where all of it lies
COMPLAINTS = 18  # about, of customers who were told something wrong, whatever the fault
LEAST_SHARE, MOST_SHARE = 0.04, 0.5  # of them who complain
GRUMBLING_SHARE = 0.004  # of those who were refused, rightly or not
ALERT_COMPLAINTS = 3  # in one hour

RUNBOOK = """# Runbook

The assistant answers from approved documents. What customers are told is regulated: a wrong number is an incident.

1. **Say that you are on it.** Post an update at once, then at least every 20 minutes, with impact and the next time.
2. **Look before you touch.** `traces.jsonl` has every question since yesterday with the prompt, the documents that were
   retrieved, the answer and what the guard said. `ops/complaints.jsonl` has what customers say they were told.
   `ops/deploys.log` and `ops/flags.log` have what changed, and when.
3. **Reproduce it** with the fewest questions you can, and rule out what else it might be.
4. **Fix the class, not the complaint.** The next customer asks about another product.
5. **Guard it**: a regression test in `tests/regression/`, as README.md says.
6. Compliance needs to know who was told what: count it from the traces, and keep the query.

`assistant/lm/` and `kb/` are not ours to change: the model is trained elsewhere, the documents belong to compliance.
"""


def stamp(at: datetime) -> str:
    """A moment as all files of operation write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def release_at(landed: Sequence[history.Release], at: datetime) -> str:
    """The release that was live at a moment."""
    live = landed[0]
    for release in landed:
        if release.deployed_at <= at:
            live = release
    return live.name


def _trace(landed: Sequence[history.Release], number: int, trace: Trace) -> dict[str, Any]:
    reply = trace.reply
    return {
        "at": stamp(trace.at),
        "request": f"q{number:05d}",
        "session": trace.asked.session,
        "release": release_at(landed, trace.at),
        "question": trace.asked.question,
        "documents": reply["documents"],
        "prompt": reply["prompt"],
        "text": reply["text"],
        "citations": reply["citations"],
        "refused": reply["refused"],
        "guard": reply["guard"],
    }


def complaints(incident: Incident) -> list[dict[str, Any]]:
    """What customers wrote afterwards: most about wrong answers, some about nothing much; oldest first.

    The first one that shows the class plainly is always there: it opened the incident.
    """
    drawing = incident.random("complaints")
    harmful = sum(trace.wrong is not None for trace in incident.traces)
    share = min(max(COMPLAINTS / harmful, LEAST_SHARE), MOST_SHARE)
    found = []
    first = True
    for trace in incident.traces:
        told = trace.wrong is not None and first and trace.asked == incident.told.asked
        first = first and not told
        if trace.wrong is not None and (drawing.random() < share or told):
            words = complaint(trace.asked, trace.wrong)
        elif trace.reply["refused"] and trace.asked.attribute and drawing.random() < GRUMBLING_SHARE:
            what = f"{trace.asked.attribute.name} of {trace.asked.name}"
            words = f"The assistant would not tell me the {what}. Please send it."
        else:
            continue
        at = trace.at + timedelta(minutes=drawing.randrange(4, 40))
        if told or at < incident.opened_at:
            at = min(at, incident.opened_at - timedelta(minutes=1))
            found.append({"at": stamp(at), "session": trace.asked.session, "text": words})
    return sorted(found, key=lambda row: (row["at"], row["session"]))


def complaint(asked: Asked, wrong: Wrong) -> str:
    """What a customer writes who was told something wrong: what they were told, and what they know."""
    given = text.number(wrong.given)
    if asked.attribute is None:
        return f"I asked: {asked.question} Your assistant came up with {given}. That answers something else."
    told = f"{given} {asked.attribute.unit}" + (f" {wrong.condition}" if wrong.condition else "")
    begin = f"Your assistant told me that the {asked.attribute.name} of {asked.name} is {told}."
    if asked.kind == "stranger":
        return f"{begin} My branch says that no such product exists."
    if asked.kind == "abroad":
        return f"{begin} I am in {asked.place}, and the service desk says it is not offered here."
    if wrong.approved is None:
        return f"{begin} Nobody at the service desk can find that number anywhere. Where does it come from?"
    approved = f"{text.number(wrong.approved.value)} {asked.attribute.unit}"
    if wrong.approved.condition:
        approved += f" {wrong.approved.condition}"
    if told == approved:
        return (
            f"I asked for the {asked.attribute.name} of {asked.name}, and your assistant answered about something else."
        )
    return f"{begin} My papers say {approved}. Which is it?"


def metrics(incident: Incident, complained: Sequence[dict[str, Any]]) -> bytes:
    """Counts by ten minutes, as production measures them: it does not know which answers were wrong."""
    rows: dict[str, Counter[str]] = {}
    for trace in incident.traces:
        slot = rows.setdefault(_slot(stamp(trace.at)), Counter())
        reply = trace.reply
        slot["requests"] += 1
        slot["refused"] += bool(reply["refused"])
        slot["answered"] += not reply["refused"]
        slot["blocked"] += reply["guard"]["verdict"] == "block"
        slot["cited"] += bool(reply["citations"])
    for row in complained:
        rows.setdefault(_slot(row["at"]), Counter())["complaints"] += 1
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    columns = ("requests", "answered", "refused", "blocked", "cited", "complaints")
    writer.writerow(("from", *columns))
    writer.writerows((slot, *(rows[slot][column] for column in columns)) for slot in sorted(rows))
    return written.getvalue().encode()


def _slot(at: str) -> str:
    """The ten minutes that a stamp lies in."""
    return f"{at[:15]}0Z"


def alerts(incident: Incident, complained: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What rang: complaints above the threshold, and the page that opened the incident."""
    hours = Counter(row["at"][:13] for row in complained)
    rang = [
        {
            "at": f"{hour}:59:59Z",
            "alert": "complaints-per-hour",
            "value": count,
            "threshold": ALERT_COMPLAINTS,
        }
        for hour, count in sorted(hours.items())
        if count >= ALERT_COMPLAINTS and f"{hour}:59:59Z" < stamp(incident.opened_at)
    ]
    return [
        *rang,
        {
            "at": stamp(incident.opened_at),
            "alert": "page",
            "text": opening.page(incident.spec.seed),
        },
    ]


def flags(incident: Incident) -> bytes:
    """Switches thrown lately, none of which touches answers."""
    drawing = incident.random("flags")
    lines = []
    for name in ("chat-window-v2", "feedback-buttons", "opening-hours-banner"):
        at = incident.onset_at - timedelta(minutes=drawing.randrange(-90, 60 * 30))
        who = drawing.choice(incident.people).name
        lines.append(f"{stamp(at)} {name} {drawing.choice(('off -> on', 'on -> off'))} by {who}")
    return ("\n".join(sorted(lines)) + "\n").encode()


def record(incident: Incident) -> Tree:
    """Everything below `ops/`, and the traces."""
    complained = complaints(incident)
    landed = history.releases(incident)
    deploys = "".join(
        f"{stamp(release.deployed_at)} {release.name} {release.author.name}: {release.subject}\n" for release in landed
    )
    return Tree(
        {
            "ops/alerts.jsonl": _lines(alerts(incident, complained)),
            "ops/complaints.jsonl": _lines(complained),
            "ops/deploys.log": deploys.encode(),
            "ops/flags.log": flags(incident),
            "ops/metrics.csv": metrics(incident, complained),
            "ops/runbook.md": RUNBOOK.encode(),
            "traces.jsonl": _lines(
                _trace(landed, number, trace) for number, trace in enumerate(incident.traces, start=1)
            ),
        }
    )
