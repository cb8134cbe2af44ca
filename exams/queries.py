"""Questions about an attempt that several parts ask: what counts, where its repository is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings
from django.db.models import F

from exams.access import repository_token
from exams.definitions import twin_of
from exams.models import DeploymentKind, HandIn, Submission, SubmissionPurpose

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt


class OwnRepository(TypedDict):
    """How git reaches the attempt's own repository."""

    clone_url: str
    username: str
    token: str


def repository_path(attempt: Attempt) -> Path:
    """Where the attempt's bare repository lies on the hosts that serve it."""
    return Path(settings.HOTSEAT_REPOSITORIES) / f"{attempt.pk}.git"


def own_repository(attempt: Attempt) -> OwnRepository:
    """Address and password of the attempt's own repository, for its learner only."""
    return {
        "clone_url": f"{settings.HOTSEAT_PUBLIC_URL.rstrip('/')}/git/{attempt.pk}.git",
        "username": "hotseat",
        "token": repository_token(attempt),
    }


def counting_hand_in(attempt: Attempt, stage_key: str) -> HandIn | None:
    """The hand-in of a stage that is judged: the last that arrived in its window; None when there is none.

    A late hand-in is kept as a `LateWrite` and becomes a `HandIn` only when an admin grants it, so every row counts.
    What the deadline handed in counts only if the learner handed in nothing.
    """
    return (
        HandIn.objects.filter(attempt=attempt, stage__key=stage_key)
        .order_by("by_deadline", F("received_at").desc(), F("number").desc())
        .first()
    )


def counting_submission(attempt: Attempt) -> Submission | None:
    """The code that is judged: that of the counting hand-in with code; None when no code was handed in."""
    for stage in attempt.stages.order_by("position"):
        hand_in = counting_hand_in(attempt, stage.key)
        if hand_in is None:
            continue
        submission = Submission.objects.filter(hand_in=hand_in).first()
        if submission is not None:
            return submission
    return None


def class_is_looked_for(attempt: Attempt, *, now: datetime) -> bool:
    """Whether a stage is open, or still to come, in which the failing model is asked, diagnosed or mended.

    Until all of these have closed the learner is told nothing that names the failure class: finding it is the exam.
    """
    twin = twin_of(attempt)
    looking = {each.stage for each in twin.deliverables if each.kind in {"diagnosis", "code"}}
    looking |= {stage.key for stage in twin.stages if stage.questions}
    return attempt.stages.filter(key__in=looking, closes_at__gt=now).exists()


def counts(attempt: Attempt) -> dict[str, int]:
    """How much of each has been done in an attempt."""
    return {
        "status_updates": attempt.status_updates.count(),
        "diagnoses": attempt.diagnoses.count(),
        "questions": attempt.questions.count(),
        "deployments": attempt.deployments.filter(kind=DeploymentKind.DEPLOY).count(),
        "rollbacks": attempt.deployments.filter(kind=DeploymentKind.ROLLBACK).count(),
        "uploads": attempt.uploads.count(),
        "runs": attempt.submissions.filter(purpose=SubmissionPurpose.RUN).count(),
        "hand_ins": attempt.hand_ins.count(),
        "late_writes": attempt.late_writes.count(),
    }
