"""What operation left behind: deploys, flags, and traces, metrics, alerts, complaints computed from the replay."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from exams.packs.hallucination import history, text
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident, Trace

COMPLAINING_SHARE = 0.6  # of the customers who were told something wrong
GRUMBLING_SHARE = 0.05  # of those who were refused, rightly or not
ALERT_COMPLAINTS = 2  # in one hour

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


def release_at(incident: Incident, at: datetime) -> str:
    """The release that was live at a moment."""
    before, *landed = history.releases(incident)
    live = before
    for release in landed:
        if release.deployed_at <= at:
            live = release
    return live.name


def _trace(incident: Incident, number: int, trace: Trace) -> dict[str, Any]:
    reply = trace.reply
    return {
        "at": stamp(trace.at),
        "request": f"q{number:05d}",
        "session": trace.asked.session,
        "release": release_at(incident, trace.at),
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
    found = []
    for trace in incident.traces:
        product, attribute = trace.asked.product, trace.asked.attribute
        if product is None or attribute is None:
            continue
        plain = trace.wrong is not None and str(trace.reply["text"]) == incident.told.text
        if trace.wrong is not None and (plain or drawing.random() < COMPLAINING_SHARE):
            given = f"{text.number(trace.wrong.given)} {attribute.unit}"
            words = f"Your assistant told me that the {attribute.name} of {product.name} is {given}. " + (
                f"My papers say {text.number(trace.wrong.approved)} {attribute.unit}. Which is it?"
                if trace.wrong.approved is not None
                else "Nobody at the service desk can find that number anywhere. Where does it come from?"
            )
        elif trace.reply["refused"] and drawing.random() < GRUMBLING_SHARE:
            words = f"The assistant would not tell me the {attribute.name} of {product.name}. Please send it to me."
        else:
            continue
        at = trace.at + timedelta(minutes=drawing.randrange(4, 40))
        if at < incident.opened_at:
            found.append({"at": stamp(at), "session": trace.asked.session, "text": words})
    return sorted(found, key=lambda row: (row["at"], row["session"]))


def metrics(incident: Incident, complained: Sequence[dict[str, Any]]) -> bytes:
    """Counts by hour, as production measures them: it does not know which answers were wrong."""
    rows: dict[str, Counter[str]] = {}
    for trace in incident.traces:
        row = rows.setdefault(trace.at.strftime("%Y-%m-%dT%H:00Z"), Counter())
        reply = trace.reply
        row["requests"] += 1
        row["refused"] += bool(reply["refused"])
        row["answered"] += not reply["refused"]
        row["blocked"] += reply["guard"]["verdict"] == "block"
        row["cited"] += bool(reply["citations"])
    for complaint in complained:
        hour = f"{complaint['at'][:13]}:00Z"
        rows.setdefault(hour, Counter())["complaints"] += 1
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    columns = ("requests", "answered", "refused", "blocked", "cited", "complaints")
    writer.writerow(("hour", *columns))
    writer.writerows((hour, *(rows[hour][column] for column in columns)) for hour in sorted(rows))
    return written.getvalue().encode()


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
            "text": "Compliance: customers were told numbers that are not approved. Please take over.",
        },
    ]


def flags(incident: Incident) -> bytes:
    """Switches thrown lately, none of which touches answers."""
    drawing = incident.random("flags")
    lines = []
    for name in ("chat-window-v2", "feedback-buttons", "opening-hours-banner"):
        at = incident.deployed_at - timedelta(minutes=drawing.randrange(-90, 60 * 30))
        who = drawing.choice(incident.people).name
        lines.append(f"{stamp(at)} {name} {drawing.choice(('off -> on', 'on -> off'))} by {who}")
    return ("\n".join(sorted(lines)) + "\n").encode()


def record(incident: Incident) -> Tree:
    """Everything below `ops/`, and the traces."""
    complained = complaints(incident)
    deploys = "".join(
        f"{stamp(release.deployed_at)} {release.name} {release.author.name}: {release.subject}\n"
        for release in history.releases(incident)
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
                _trace(incident, number, trace) for number, trace in enumerate(incident.traces, start=1)
            ),
        }
    )
