"""What was saved is handed in as it stands: gathered for many stages at once, when their deadline has come."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Max

from exams import doorbell, ledger
from exams.completeness import missing
from exams.definitions import twin_of
from exams.models import (
    Answer,
    Diagnosis,
    Draft,
    Event,
    HandIn,
    SelfCheckAnswer,
    StageState,
    Submission,
    SubmissionPurpose,
)
from exams.sources import MAIN, PUSHED, REF_CHARACTERS, REPO_URL, Pin, Source, full_ref
from sandboxes.ingest.objects import COMMIT

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.models import Attempt, Stage
    from exams.twins.definition import Deliverable


@dataclass(frozen=True)
class Push:
    """A branch of the own repository moved."""

    ref: str
    new: str
    at: datetime


@dataclass(frozen=True)
class Gathered:
    """What a learner has saved for a stage: contents by deliverable, and the source of its code with what it meant."""

    deliverables: dict[str, Any]
    source: Source | None
    pin: Pin


@dataclass(frozen=True)
class Collected:
    """A stage and what was handed in for it by the deadline."""

    stage: Stage
    hand_in: HandIn
    submission: Submission | None


class Saved:
    """What the learners of some attempts have saved, read in one go."""

    def __init__(self, attempts: Iterable[uuid.UUID]) -> None:
        wanted = list(attempts)
        self._drafts: dict[tuple[uuid.UUID, str], Any] = {
            (attempt, deliverable): content
            for attempt, deliverable, content in Draft.objects.filter(attempt_id__in=wanted, conflict=False)
            .order_by("attempt_id", "deliverable", "-version")
            .distinct("attempt_id", "deliverable")
            .values_list("attempt_id", "deliverable", "content")
        }
        self._diagnoses = {
            diagnosis.attempt_id: diagnosis
            for diagnosis in Diagnosis.objects.filter(attempt_id__in=wanted)
            .order_by("attempt_id", "-number")
            .distinct("attempt_id")
        }
        self._pushes: dict[uuid.UUID, list[Push]] = defaultdict(list)
        pushed = Event.objects.filter(attempt_id__in=wanted, kind=PUSHED).order_by("attempt_id", "at", "seq")
        for attempt_id, payload, at in pushed.values_list("attempt_id", "payload", "at"):
            self._pushes[attempt_id].append(Push(str(payload["ref"]), str(payload["new"]), at))

    def content(self, attempt: Attempt, deliverable: Deliverable) -> Any | None:
        """The current draft of a deliverable; for a diagnosis without one, what was filed last."""
        draft = self._drafts.get((attempt.pk, deliverable.key))
        filed = self._diagnoses.get(attempt.pk)
        if draft is not None or deliverable.kind != "diagnosis" or filed is None:
            return draft
        return {
            "diagnosis": filed.number,
            "component": filed.component,
            "failure_class": filed.failure_class,
            "explanation": filed.explanation,
            "repro": filed.repro,
        }

    def gather(self, attempt: Attempt, stage: Stage, *, before: datetime) -> Gathered:
        """What is saved for a stage; of the own repository, what was pushed before a moment."""
        contents: dict[str, Any] = {}
        source: Source | None = None
        pin = Pin()
        for deliverable in twin_of(attempt).deliverables_of(stage.key):
            content = self.content(attempt, deliverable)
            if deliverable.kind == "code":
                pushes = [push for push in self._pushes[attempt.pk] if push.at < before]
                source, pin = meant(content, pushes)
                content = source.as_json() if source is not None else None
            if content is not None:
                contents[deliverable.key] = content
        return Gathered(deliverables=contents, source=source, pin=pin)


def meant(draft: Any | None, pushes: Sequence[Push]) -> tuple[Source | None, Pin]:
    """Which code a deadline hands in: what the draft names, else the own repository if anything was pushed to it.

    Of the own repository it is the commit its branch was at; a stranger's repository cannot be asked at that moment
    and stays unpinned until it is read.

    Args:
        draft: the current draft of the code, a source's JSON; None when there is none.
        pushes: what had landed in the own repository, oldest first.
    """
    if draft is None:
        last = next((push for push in reversed(pushes) if push.ref == MAIN), pushes[-1] if pushes else None)
        if last is None:
            return None, Pin()
        branch = last.ref.removeprefix("refs/heads/")
        unsaid = last.ref == MAIN or len(branch) > REF_CHARACTERS  # no matter: the commit is known
        return Source(mode=REPO_URL, ref="" if unsaid else branch), Pin(commit=last.new, ref=last.ref)
    source = Source(
        mode=draft["mode"], url=draft.get("url", ""), ref=draft.get("ref", ""), upload=draft.get("upload") or None
    )
    if not source.own:
        return source, Pin(unpinned=source.mode == REPO_URL)
    if COMMIT.fullmatch(source.ref):
        return source, Pin(commit=source.ref)
    ref = full_ref(source.ref)
    head = next((push.new for push in reversed(pushes) if push.ref == ref), "")
    return source, Pin(commit=head, ref=ref)


def collect(stages: Sequence[Stage]) -> list[Collected]:
    """Hand in, for each stage, what its learner had saved, with its deadline as the time. Their attempts must be held.

    Self-checks are recorded as not answered.
    """
    attempts = {stage.attempt_id: stage.attempt for stage in stages}
    saved = Saved(attempts)
    stage_numbers = dict(
        HandIn.objects.filter(stage__in=stages).values_list("stage_id").annotate(last=Max("number")).order_by()
    )
    submission_numbers = dict(
        Submission.objects.filter(attempt__in=attempts)
        .values_list("attempt_id")
        .annotate(last=Max("number"))
        .order_by()
    )
    collected: list[Collected] = []
    answers: list[SelfCheckAnswer] = []
    for stage in stages:
        gathered = saved.gather(stage.attempt, stage, before=stage.closes_at)
        checks = twin_of(stage.attempt).self_checks_of(stage.key)
        hand_in = HandIn(
            attempt=stage.attempt,
            stage=stage,
            number=stage_numbers.get(stage.pk, 0) + 1,
            received_at=stage.closes_at,
            by_deadline=True,
            deliverables=gathered.deliverables,
            content_sha256=ledger.content_sha256(gathered.deliverables),
            blocked_checks=[check.key for check in checks if check.critical],
        )
        answers += [
            SelfCheckAnswer(hand_in=hand_in, check_key=check.key, critical=check.critical, answer=Answer.NOT_ANSWERED)
            for check in checks
        ]
        submission = None
        if gathered.source is not None:
            number = submission_numbers[stage.attempt_id] = submission_numbers.get(stage.attempt_id, 0) + 1
            submission = unsaved_submission(
                attempt=stage.attempt,
                number=number,
                source=gathered.source,
                pin=gathered.pin,
                received_at=stage.closes_at,
                hand_in=hand_in,
            )
        collected.append(Collected(stage, hand_in, submission))
    HandIn.objects.bulk_create([each.hand_in for each in collected])
    SelfCheckAnswer.objects.bulk_create(answers)
    Submission.objects.bulk_create([each.submission for each in collected if each.submission is not None])
    if any(each.submission is not None for each in collected):
        doorbell.ring("exams.tasks.ingest_waiting")
    return collected


def unsaved_submission(
    *, attempt: Attempt, number: int, source: Source, pin: Pin, received_at: datetime, hand_in: HandIn | None
) -> Submission:
    """The row that asks for a source to be taken in: to be judged with its hand-in, else as a practice run."""
    return Submission(
        attempt=attempt,
        hand_in=hand_in,
        purpose=SubmissionPurpose.RUN if hand_in is None else SubmissionPurpose.HAND_IN,
        number=number,
        mode=source.mode,
        url=source.url,
        ref=source.ref,
        upload_id=source.upload,
        received_at=received_at,
        pinned_commit=pin.commit,
        unpinned=pin.unpinned,
        source_facts={key: value for key, value in {"ref": pin.ref, "unpinned_because": pin.why}.items() if value},
    )


def again_if_swept(*, attempt: Attempt, stage: Stage, received_at: datetime) -> None:
    """Hand in anew what is saved when something that arrived before the deadline is recorded after the sweep.

    The attempt must be held; `stage` must have been read since.
    """
    if stage.state != StageState.CLOSED_BY_DEADLINE or received_at >= stage.closes_at:
        return
    stage.attempt = attempt
    (again,) = collect([stage])
    ledger.append(
        attempt=attempt,
        kind="stage.collected_again",
        payload=summary(again) | {"because_received_at": received_at},
        actor=None,
        at=stage.closes_at,
    )


def summary(collected: Collected) -> dict[str, Any]:
    """What the ledger says of a hand-in by the deadline."""
    submission = collected.submission
    return {
        "stage": collected.stage.key,
        "hand_in": collected.hand_in.pk,
        "number": collected.hand_in.number,
        "by_deadline": True,
        "deliverables": sorted(collected.hand_in.deliverables),
        "missing": missing(
            collected.hand_in.deliverables, twin_of(collected.stage.attempt).deliverables_of(collected.stage.key)
        ),
        "content_sha256": collected.hand_in.content_sha256,
        "self_checks": "not_answered",
        "blocked_checks": collected.hand_in.blocked_checks,
        "submission": submission.pk if submission else None,
        "commit": submission.pinned_commit if submission else "",
    }
