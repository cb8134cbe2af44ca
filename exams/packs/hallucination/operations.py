"""What operation left behind: deploys, flags, and traces, metrics, alerts, complaints computed from the replay."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from exams.packs.hallucination import complaints, flags, history, opening
from exams.packs.hallucination.sayings import ALARM
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.complaints import Complaint
    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.past import Release
    from exams.packs.hallucination.replay import Trace

RECORDED = ("ops/", "traces.jsonl")  # where all of it lies
SLOT = timedelta(minutes=10)

RUNBOOK = """# Runbook

The assistant answers from approved documents. What customers are told is regulated: a wrong number is an incident.

1. **Say that you are on it.** Post an update at once, then at least every 20 minutes, with impact and the next time.
2. **Look before you touch.** `traces.jsonl` has every question of the last hours, from the moment its first line gives:
   with the prompt, the documents that were retrieved, the answer and what the guard said. `ops/complaints.jsonl` has
   what customers wrote to the service desk in that time, about those conversations or about nothing much.
   `ops/alerts.jsonl` has what rang: the alarm on complaints, as soon as there are as many within an hour as its
   threshold and each half hour while that lasts, and the page. Where it is firing anew there had been fewer since.
   `ops/deploys.log` has what was released, `ops/flags.log` which switches and settings were changed without a release.
   `ops/metrics.csv` counts by ten minutes; where `minutes` is less, the row covers less.
3. **Reproduce it** with the fewest questions you can, and rule out what else it might be.
4. **Fix the class, not the complaint.** The next customer asks about another product.
5. **Guard it**: a regression test in `tests/regression/`, as README.md says.
6. Compliance needs to know who was told what: count it from the traces, and keep the query.

What is usual: an hour has about 600 questions, and seldom more than two complaints. Of 100 questions 30 to 40 are
refused: they are about products that are not ours or not sold where the customer is, about numbers that compliance has
approved for no such product, or about nothing we know.

`assistant/lm/` and `kb/` are not ours to change: the model is trained elsewhere, the documents belong to compliance.
"""


def stamp(at: datetime) -> str:
    """A moment as all files of operation write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _trace(landed: Sequence[Release], number: int, trace: Trace) -> dict[str, Any]:
    reply = trace.reply
    return {
        "at": stamp(trace.at),
        "request": f"q{number:05d}",
        "session": trace.asked.session,
        "release": history.live(landed, trace.at).name,
        "question": trace.asked.question,
        "documents": reply["documents"],
        "prompt": reply["prompt"],
        "text": reply["text"],
        "citations": reply["citations"],
        "refused": reply["refused"],
        "guard": reply["guard"],
    }


def metrics(incident: Incident, written: Sequence[Complaint]) -> bytes:
    """Counts by ten minutes, as production measures them: it does not know which answers were wrong.

    `minutes` says how much of the ten is counted: the first and the last may be less. How long answers took is drawn:
    longer where a release had just started.
    """
    drawing = incident.random("latency")
    first, last = incident.traces[0].at, incident.opened_at
    counted: dict[datetime, Counter[str]] = {}
    at = _slot(first)
    while at < last:
        counted[at] = Counter(minutes=ceil((min(at + SLOT, last) - max(at, first)) / timedelta(minutes=1)))
        at += SLOT
    for trace in incident.traces:
        row, reply = counted[_slot(trace.at)], trace.reply
        row["requests"] += 1
        row["refused"] += bool(reply["refused"])
        row["answered"] += not reply["refused"]
        row["blocked"] += reply["guard"]["verdict"] == "block"
    for one in written:
        counted[_slot(one.at)]["complaints"] += 1
    restarted = {_slot(release.deployed_at) for release in incident.past.releases}
    measured = {at: row for at, row in counted.items() if row["requests"] or row["complaints"]}  # the last
    for at, row in measured.items():
        row["p50_ms"] = drawing.randrange(140, 190)
        row["p95_ms"] = drawing.randrange(330, 460) + (drawing.randrange(150, 500) if at in restarted else 0)
    columns = ("minutes", "requests", "answered", "refused", "blocked", "complaints", "p50_ms", "p95_ms")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("from", *columns))
    writer.writerows((stamp(at), *(row[column] for column in columns)) for at, row in measured.items())
    return table.getvalue().encode()


def _slot(at: datetime) -> datetime:
    """When the ten minutes began that a moment lies in."""
    return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)


def alerts(incident: Incident, written: Sequence[Complaint]) -> list[dict[str, Any]]:
    """What rang: as many complaints within an hour as the threshold, and the page that opened the incident.

    By the alarm that rings while the incident is live, too (`injects`).
    """
    rang = [
        {
            "at": stamp(incident.opened_at + timedelta(seconds=ring.second)),
            "alert": "complaints-per-hour",
            "state": "still firing" if ring.still else "firing",
            "value": ring.complaints,
            "threshold": ALARM.threshold,
        }
        for ring in ALARM.rings(complaints.seconds(incident, written))
        if ring.second < 0  # what rings later is heard live
    ]
    return [*rang, {"at": stamp(incident.opened_at), "alert": "page", "text": opening.page(incident.spec.seed)}]


def first_alert(incident: Incident, written: Sequence[Complaint]) -> dict[str, Any]:
    """The key event: what rang first at or after the first harmful answer; or the first that rang at all."""
    rang = alerts(incident, written)
    harmed_at = stamp(next(trace.at for trace in incident.traces if trace.wrong is not None))
    first = next(row for row in rang if row["at"] >= harmed_at)
    return {
        "id": "first_alert",
        "what": f"the first alert since the harm began: {first['alert']}",
        "at": first["at"],
        "or_at": [rang[0]["at"]],
    }


def record(incident: Incident) -> Tree:
    """Everything below `ops/`, and the traces."""
    written = complaints.complaints(incident)
    landed = history.releases(incident)
    deploys = "".join(
        f"{stamp(release.deployed_at)} {release.name} {release.author.name}: {release.subject}\n" for release in landed
    )
    return Tree(
        {
            "ops/alerts.jsonl": _lines(alerts(incident, written)),
            "ops/complaints.jsonl": _lines(
                {"at": stamp(one.at), "session": one.trace.asked.session, "text": one.text} for one in written
            ),
            "ops/deploys.log": deploys.encode(),
            "ops/flags.log": "".join(f"{stamp(at)} {what}\n" for at, what in flags.log(incident)).encode(),
            "ops/metrics.csv": metrics(incident, written),
            "ops/runbook.md": RUNBOOK.encode(),
            "traces.jsonl": _lines(
                _trace(landed, number, trace) for number, trace in enumerate(incident.traces, start=1)
            ),
        }
    )
