"""Asks once more, after the deadline, whether the branch a hand-in came from still holds the commit that is graded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef

from exams import ledger, sources
from exams.models import AttemptState, HandIn, Submission, SubmissionPurpose, SubmissionState

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from django.db.models import QuerySet

ASKED_AGAIN = "asked_again_at"  # in `Submission.source_facts`, so that it is done once


def to_ask_again(*, most: int) -> list[uuid.UUID]:
    """The hand-ins from a stranger's repository whose stage has closed and that nobody has asked about since."""
    superseded = HandIn.objects.filter(stage=OuterRef("hand_in__stage"), number__gt=OuterRef("hand_in__number"))
    found = (
        _unasked()
        .exclude(url="")
        .filter(
            ~Exists(superseded),
            purpose=SubmissionPurpose.HAND_IN,
            state=SubmissionState.INGESTED,
            force_pushed=False,
            hand_in__stage__closed_at__isnull=False,
        )
        .exclude(attempt__state=AttemptState.VOID)
    )
    return list(found.order_by("received_at").values_list("pk", flat=True)[:most])


def ask_again(submission_id: uuid.UUID, now: datetime) -> bool | None:
    """Note whether a hand-in's branch was rewritten since; what is graded stays what it was. Return what was found.

    1. Ask the learner's server, outside any transaction. One that does not answer has told nothing, and is left alone.
    2. Note the answer with a ledger row, if nobody has noted one meanwhile.
    """
    submission = _unasked().select_related("attempt").filter(pk=submission_id).first()
    if submission is None:
        return None
    rewritten = sources.was_rewritten(submission)
    with transaction.atomic():
        attempt = ledger.hold(submission.attempt_id)
        held = _unasked().filter(pk=submission_id).first()
        if held is None:
            return None
        held.source_facts = held.source_facts | {ASKED_AGAIN: ledger.iso(now)}
        held.force_pushed = held.force_pushed or bool(rewritten)
        held.save(update_fields=["source_facts", "force_pushed"])
        ledger.append(
            attempt=attempt,
            kind="submission.asked_again",
            payload={
                "submission": held.pk,
                "number": held.number,
                "commit": held.pinned_commit,
                "force_pushed": rewritten,
            },
            actor=None,
            at=now,
        )
    return rewritten


def _unasked() -> QuerySet[Submission]:
    return Submission.objects.exclude(source_facts__has_key=ASKED_AGAIN)
