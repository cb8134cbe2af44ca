"""What was done and told in an attempt, written into a zip: the rows a mentor's replay reads, less what is hidden."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exams import incident, ledger, receipts
from exams.definitions import twin_of
from exams.live import charts
from exams.live.diagnoses import results_of
from exams.models import (
    Deployment,
    Diagnosis,
    Draft,
    Event,
    HandIn,
    LateWrite,
    Opening,
    Question,
    SelfCheckAnswer,
    StatusUpdate,
    Submission,
    Upload,
)
from exams.queries import class_is_looked_for

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator, Mapping

    from django.db.models import QuerySet

    from exams.models import Attempt

CONTENTS = """attempt.json       the attempt and its windows
brief.md           what you were given to read of the twin
incident.json      what you were told of your incident when the clock started
ledger.json        every event you may see; of the others only number and hash, so that the chain can be checked
receipts.json      every receipt
drafts/            every saved version of every deliverable that is kept, conflict copies too
status_updates.json, questions.json, diagnoses.json
openings.json      which sources were handed to you, as your mentor sees it
deployments.json   every version you deployed or went back to, and when customers got it
telemetry.json     what customers got, minute by minute
hand_ins.json      every hand-in with its self-checks
submissions.json   every source of code, what it was pinned to, and what became of it
late_writes.json   what arrived after a deadline
uploads/           the files you sent
sources/           the code as it was taken in, one tar per submission
"""


def write(attempt: Attempt, archive: zipfile.ZipFile, *, now: datetime) -> None:
    """Write what `CONTENTS` names of an attempt, as its learner may see it at `now`, into an open zip.

    Whatever there may be many of is read some at a time and written as it comes: the memory it takes is that of the
    largest file that was sent, however many rows there are.
    """
    archive.writestr("attempt.json", as_text(_attempt(attempt)))
    archive.writestr("brief.md", twin_of(attempt).brief_markdown)
    archive.writestr("incident.json", as_text(incident.brief(attempt)))
    _write_all(archive, "ledger.json", _events(attempt))
    _write_all(archive, "receipts.json", map(receipts.as_json, receipts.each(attempt)))
    archive.writestr("status_updates.json", as_text(_rows(StatusUpdate.objects.filter(attempt=attempt).values())))
    _write_all(archive, "questions.json", _some(Question.objects.filter(attempt=attempt).values(*QUESTION)))
    archive.writestr("openings.json", as_text(_rows(Opening.objects.filter(attempt=attempt).values(*OPENING))))
    archive.writestr("deployments.json", as_text(_rows(Deployment.objects.filter(attempt=attempt).values(*DEPLOYMENT))))
    if attempt.deployments.exists():
        archive.writestr("telemetry.json", as_text(charts.chart(attempt, after=-1, now=now)))
    archive.writestr("diagnoses.json", as_text(_diagnoses(attempt, now)))
    _write_all(archive, "hand_ins.json", _hand_ins(attempt))
    _write_all(archive, "submissions.json", _some(_submissions(attempt).values(*SUBMISSION)))
    _write_all(archive, "late_writes.json", _some(LateWrite.objects.filter(attempt=attempt).values(*LATE)))
    _write_drafts(attempt, archive)
    _write_bytes(attempt, archive)


ROWS_AT_ONCE = 20
QUESTION = ("number", "text", "session", "deployment__number", "state", "reply", "received_at", "answered_at")
OPENING = ("what", "first_at", "last_at", "times")
DEPLOYMENT = (
    "number", "kind", "submission_id", "of__number", "tree_sha256", "state", "requested_at", "due_at", "live_from",
    "ended_at", "failed_because",
)  # fmt: skip
SUBMISSION = (
    "id", "number", "purpose", "hand_in_id", "mode", "url", "ref", "upload_id", "received_at", "pinned_commit",
    "unpinned", "force_pushed", "state", "tree_sha256", "source_facts", "rejected_code", "rejected_because",
    "ingested_at",
)  # fmt: skip
LATE = ("id", "stage__key", "kind", "payload", "content_sha256", "received_at", "late_by", "granted_at", "grant_reason")


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.pk,
        "twin": attempt.twin_slug,
        "twin_version": attempt.twin.version,
        "number": attempt.number,
        "state": attempt.state,
        "multiplier_percent": attempt.multiplier_percent,
        "started_at": attempt.started_at,
        "closed_at": attempt.closed_at,
        "learner": attempt.learner.email,
        "stages": _rows(attempt.stages.values("key", "opens_at", "closes_at", "state", "closed_at")),
    }


def _events(attempt: Attempt) -> Iterator[dict[str, Any]]:
    events = Event.objects.filter(attempt=attempt).select_related("actor").order_by("seq")
    for event in events.iterator(receipts.READ_AT_ONCE):
        event.attempt = attempt
        yield _event(event)


def _event(event: Event) -> dict[str, Any]:
    chain = {"seq": event.seq, "previous_sha256": event.previous_sha256, "sha256": event.sha256}
    if not event.visible_to_learner:
        return chain
    mine = event.actor_id == event.attempt.learner_id
    return chain | {
        "at": event.at,
        "actor": "platform" if event.actor is None else "you" if mine else event.actor.role,
        "kind": event.kind,
        "payload": event.payload,
        "payload_sha256": event.payload_sha256,
        "receipt": event.is_receipt,
    }


def _diagnoses(attempt: Attempt, now: datetime) -> list[dict[str, Any]]:
    diagnoses = list(Diagnosis.objects.filter(attempt=attempt).order_by("number"))
    results = results_of(diagnoses, fine=not class_is_looked_for(attempt, now=now))
    return [
        {
            "number": each.number,
            "component": each.component,
            "failure_class": each.failure_class,
            "explanation": each.explanation,
            "repro": each.repro,
            "received_at": each.received_at,
            "reproduces": results[each.pk].reproduces if each.pk in results else None,
            "transcript": results[each.pk].transcript if each.pk in results else [],
        }
        for each in diagnoses
    ]


def _hand_ins(attempt: Attempt) -> Iterator[dict[str, Any]]:
    answers: dict[Any, dict[str, str]] = {}
    for each in SelfCheckAnswer.objects.filter(hand_in__attempt=attempt):
        answers.setdefault(each.hand_in_id, {})[each.check_key] = each.answer
    fields = (
        "id", "stage__key", "number", "received_at", "by_deadline", "deliverables", "content_sha256",
        "blocked_checks", "force_reason",
    )  # fmt: skip
    rows = _some(HandIn.objects.filter(attempt=attempt).order_by("received_at", "number").values(*fields))
    return (row | {"self_checks": answers.get(row["id"], {})} for row in rows)


def _submissions(attempt: Attempt) -> Any:
    return Submission.objects.filter(attempt=attempt).order_by("number")


def _write_drafts(attempt: Attempt, archive: zipfile.ZipFile) -> None:
    for draft in Draft.objects.filter(attempt=attempt).order_by("deliverable", "version").iterator(ROWS_AT_ONCE):
        name = f"drafts/{draft.deliverable}/v{draft.version:05}{'-conflict' if draft.conflict else ''}"
        if isinstance(draft.content, str):
            archive.writestr(f"{name}.md", draft.content)
        else:
            archive.writestr(f"{name}.json", as_text(draft.content))


def _write_bytes(attempt: Attempt, archive: zipfile.ZipFile) -> None:
    arrived = Upload.objects.filter(attempt=attempt, blob__isnull=False).select_related("blob").order_by("committed_at")
    for number, upload in enumerate(arrived.iterator(chunk_size=1), start=1):
        assert upload.blob is not None  # noqa: S101 - the filter says so
        archive.writestr(f"uploads/{number:03}-{upload.name}", bytes(upload.blob.content))
    for submission in _submissions(attempt).filter(tree__isnull=False).select_related("tree").iterator(chunk_size=1):
        archive.writestr(f"sources/{submission.number:03}.tar", bytes(submission.tree.content))


def _write_all(archive: zipfile.ZipFile, name: str, values: Iterable[Any]) -> None:
    """Write a list, one value after the other."""
    with archive.open(name, "w") as file:
        before = "[\n"
        for value in values:
            file.write(f"{before}{as_text(value)}".encode())
            before = ",\n"
        file.write(b"[]" if before == "[\n" else b"\n]")


def _some(rows: QuerySet[Any, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of which some are in memory at a time: one may hold all that a learner wrote."""
    return rows.iterator(ROWS_AT_ONCE)


def _rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "attempt_id"} for row in rows]


def as_text(value: Any) -> str:
    """A value as JSON for people and programs: times as the ledger writes them, ids as text."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return ledger.iso(value) if isinstance(value, datetime) else str(value)
