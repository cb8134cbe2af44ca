"""What is kept of an attempt, read once for the whole page, and how a figure cites it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exams import incident
from exams.definitions import twin_of
from exams.models import Diagnosis, Event, Stage, StatusUpdate, Submission
from exams.queries import counting_hand_in, counting_submission
from grading import queue, repro
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from exams.models import Attempt
    from exams.twins.definition import Twin
    from grading.models import GradingRun
    from sandboxes.sandbox import JsonObject


class Kept:
    """One attempt's rows, read once, and how they are cited."""

    def __init__(self, attempt: Attempt, now: datetime) -> None:
        self.attempt = attempt
        self.now = now
        self.twin: Twin = twin_of(attempt)
        self.truth = incident.truth(attempt)
        self.events = list(Event.objects.filter(attempt=attempt).order_by("seq"))
        self.stages = list(Stage.objects.filter(attempt=attempt).order_by("position"))
        self.submissions = list(Submission.objects.filter(attempt=attempt).order_by("number"))
        self.runs: dict[Any, GradingRun | None] = {each.pk: queue.last_run(each) for each in self.submissions}
        self.counting = counting_submission(attempt)
        self.counting_run = self.runs.get(self.counting.pk) if self.counting else None
        self.diagnoses = list(Diagnosis.objects.filter(attempt=attempt).order_by("number"))
        self.confirmed = repro.confirmed(attempt)
        self.updates = list(StatusUpdate.objects.filter(attempt=attempt).order_by("number"))
        self.hand_ins = {
            stage.key: found for stage in self.stages if (found := counting_hand_in(attempt, stage.key)) is not None
        }

    def event(self, kind: str, **payload: Any) -> list[JsonObject]:
        """Citations of the events of a kind whose payload holds these values."""
        return [
            {"kind": "event", "ref": str(event.seq)}
            for event in self.events
            if event.kind == kind and all(event.payload.get(key) == value for key, value in payload.items())
        ]

    @staticmethod
    def cite_run(submission: Submission) -> list[JsonObject]:
        """The citation of a run."""
        return [{"kind": "run", "ref": str(submission.pk)}]

    def texts(self, stage_key: str, *, kinds: Collection[str] = ("document",)) -> list[tuple[str, str]]:
        """The documents of a stage's counting hand-in, or its deliverables of other `kinds`, as text by deliverable."""
        hand_in = self.hand_ins.get(stage_key)
        if hand_in is None:
            return []
        wanted = [each.key for each in self.twin.deliverables_of(stage_key) if each.kind in kinds]
        return [(key, document_text(hand_in.deliverables[key])) for key in wanted if key in hand_in.deliverables]


def document_text(content: Any) -> str:
    """A document as one text: as it is, its `text`, or its sections under their names."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        if isinstance(content.get("text"), str):
            return str(content["text"])
        return "\n\n".join(f"## {name}\n\n{document_text(part)}" for name, part in content.items())
    if isinstance(content, list):
        return "\n".join(f"- {document_text(part)}" for part in content)
    return "" if content is None else str(content)


def tree_of(submission: Submission) -> Tree:
    """The files of a submission that was taken in."""
    if submission.tree is None:
        raise ValueError(f"submission {submission.pk} has no tree")
    return Tree.from_tar(bytes(submission.tree.content))
