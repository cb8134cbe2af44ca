"""What a learner may do now, act by act; when they may not, why, so that a button is disabled with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.clock import Window
from exams.definitions import twin_of
from exams.models import AttemptState
from exams.receipts import in_words

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt, Stage


@dataclass(frozen=True)
class Possibility:
    """One act, the stage it belongs to, and why it is not possible (empty when it is)."""

    act: str
    stage: str
    reason: str

    @property
    def possible(self) -> bool:
        """Whether it may be done now."""
        return not self.reason


def now(attempt: Attempt, *, now: datetime) -> list[Possibility]:
    """Every act of every stage, in the order of the stages."""
    twin = twin_of(attempt)
    zone = attempt.learner.time_zone
    found = []
    for stage in attempt.stages.all():
        said = twin.stage(stage.key)
        reason = _state_reason(attempt) or _window_reason(stage, said.title, zone, now)
        acts = ["save_draft", "upload", "hand_in"]
        kinds = {deliverable.kind for deliverable in twin.deliverables_of(stage.key)}
        acts += ["post_status_update"] if said.status_updates else []
        acts += ["ask"] if said.questions else []
        acts += ["deploy", "roll_back"] if said.questions and twin.pack else []
        acts += ["file_diagnosis"] if "diagnosis" in kinds else []
        acts += ["run"] if "code" in kinds else []
        found += [Possibility(act, stage.key, reason) for act in acts]
    return found


def _state_reason(attempt: Attempt) -> str:
    match attempt.state:
        case AttemptState.READY:
            return "The clock has not been started."
        case AttemptState.VOID:
            return f"This attempt was voided: {attempt.void_reason}"
    return ""


def _window_reason(stage: Stage, title: str, zone: str, now: datetime) -> str:
    window = Window(stage.opens_at, stage.closes_at)
    if window.holds(now):
        return ""
    if not window.opened(now):
        return f"{title} opens at {in_words(stage.opens_at, zone)}."
    return f"{title} closed at {in_words(stage.closes_at, zone)}. What you send now is kept as late."
