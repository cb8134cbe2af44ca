"""What is kept of an attempt, read once for the whole page, and how a figure cites it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from exams import incident
from exams.coworkers import answers
from exams.definitions import twin_of
from exams.live import telemetry
from exams.live.listing import CONFLICTED, SAVED
from exams.models import (
    Deployment,
    Diagnosis,
    Event,
    Question,
    QuestionState,
    Stage,
    StatusUpdate,
    Submission,
)
from exams.packs import CauseCatalogue
from exams.queries import counting_hand_in, counting_submission
from grading import naming, queue, repro
from grading.models import ReproCheck, ReproReduction
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
        self.cause_catalogue = incident.cause_catalogue(self.twin) or CauseCatalogue()
        # Nothing is told of saves, and an attempt may have any number of them.
        told = Event.objects.filter(attempt=attempt).exclude(kind__in=(SAVED, CONFLICTED))
        self.events = list(told.order_by("seq"))
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

    @cached_property
    def deployments(self) -> list[Deployment]:
        """The deployments that customers got by now, the release of the opening first."""
        rows = telemetry.customers_got(Deployment.objects.filter(attempt=self.attempt), at=self.now)
        return list(rows.select_related("submission", "of").order_by("number"))

    @cached_property
    def told(self) -> telemetry.Telemetry | None:
        """What customers got; None for an attempt from before that was measured, or before anything is known."""
        if not self.deployments:
            return None
        found = telemetry.of(self.attempt, until=self.now)
        return found if found.stints else None

    @cached_property
    def questions(self) -> list[Question]:
        """The learner's own questions that were answered, in order."""
        rows = Question.objects.filter(attempt=self.attempt, state=QuestionState.ANSWERED)
        return list(rows.order_by("number"))

    @cached_property
    def asked_in_the_room(self) -> list[answers.Asked]:
        """What people in the room asked of the learner."""
        return answers.questions(self.attempt)

    @cached_property
    def _reproducing(self) -> frozenset[int]:
        checks = ReproCheck.objects.filter(diagnosis__in=self.diagnoses, reproduces=True)
        return frozenset(checks.values_list("diagnosis_id", flat=True))

    @cached_property
    def reductions(self) -> dict[int, ReproReduction]:
        """What was found of the repros that were reduced, or are to be, by diagnosis."""
        return {each.diagnosis_id: each for each in ReproReduction.objects.filter(diagnosis__in=self.diagnoses)}

    def reproduces(self, diagnosis: Diagnosis) -> bool:
        """Whether the repro of a diagnosis was tried and shows the fault."""
        return diagnosis.pk in self._reproducing

    def compared(self, diagnosis: Diagnosis) -> naming.Causes:
        """How the cause that a diagnosis names stands to the true one."""
        return naming.compare(diagnosis, self.truth, self.cause_catalogue)

    def event(self, kind: str, **payload: Any) -> list[JsonObject]:
        """Citations of the events of a kind whose payload holds these values."""
        return [
            {"kind": "event", "ref": str(event.seq)}
            for event in self.events
            if event.kind == kind and all(event.payload.get(key) == value for key, value in payload.items())
        ]

    def went_live(self, deployment: int) -> list[JsonObject]:
        """Citations of how a deployment went live; of the release of the opening there are none."""
        kinds = ("deployment.live", "deployment.rolled_back", "deployment.requested")
        return next((found for kind in kinds if (found := self.event(kind, deployment=deployment))), [])

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
