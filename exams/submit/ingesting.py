"""Named sources become trees of our own: claimed row by row, read outside transactions, finished under a fence."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Q

from exams import blobs, doorbell, ledger, sources
from exams.models import Submission, SubmissionPurpose, SubmissionState
from exams.one_by_one import UNUSABLE
from sandboxes.ingest import IngestRefused, SourceUnreachable

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from django.db.models import QuerySet

    from exams.sources import Fetched

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
# A learner's server that does not answer is asked again for about an hour for a hand-in, a minute for a run.
TRIES = {SubmissionPurpose.HAND_IN: 12, SubmissionPurpose.RUN: 4}
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE_FOR_OUR_FAULT = timedelta(minutes=1)
BYTES_NEVER_CAME = "bytes-never-came"
UNREACHABLE = "source-unreachable"


def waiting(*, now: datetime, most: int) -> list[uuid.UUID]:
    """The submissions that can be taken in now, those tried least first: one that fails holds up no other."""
    ready = Submission.objects.filter(_ready(now)).order_by("tries", "received_at")
    return list(ready.values_list("pk", flat=True)[:most])


def ingest(submission_id: uuid.UUID, now: datetime) -> bool:
    """Take in one submission's source; return whether it was decided.

    1. Claim it for `LEASE` in one statement. Somebody else's, or one decided already, is left alone.
    2. Read its source, outside any transaction.
    3. If the claim still stands, store the tree, or the reason why it is refused, with a ledger row, and ring grading.
       A learner's server that does not answer is tried again, each time later, then refused. A fault of ours is tried
       again for ever and logged for operators; it never costs the learner anything, nor whoever waits behind.
    """
    submission = _claim(submission_id, now)
    if submission is None:
        return False
    try:
        return _decide(submission, now=now)
    except UNUSABLE:
        log.critical(
            "ALERT: submission %s was read and can neither be stored nor refused (try %s); the others are taken in "
            "without it, and it is tried again. Read the cause below, and mend the row or the code",
            submission.pk,
            submission.tries,
            exc_info=True,
        )
        _again(submission, now=now, pause=_pause(submission.tries, LONGEST_PAUSE_FOR_OUR_FAULT))
        return False


def _decide(submission: Submission, *, now: datetime) -> bool:
    upload = submission.upload
    if upload is not None and upload.blob_id is None:
        return _refuse(
            submission,
            code=BYTES_NEVER_CAME,
            because=f"The bytes of {upload.name!r} did not arrive by {ledger.iso(upload.bytes_until)}. "
            f"Commit to the file again, send it at once, and {_once_more(submission)} while the stage is open.",
            now=now,
        )
    try:
        fetched = sources.fetch(submission)
    except IngestRefused as refused:
        return _refuse(submission, code=refused.code, because=str(refused), now=now)
    except SourceUnreachable as unreachable:
        return _unreachable(submission, unreachable.message, now=now)
    except Exception:
        log.exception(
            "Submission %s could not be taken in (try %s); it is tried again", submission.pk, submission.tries
        )
        _again(submission, now=now, pause=_pause(submission.tries, LONGEST_PAUSE_FOR_OUR_FAULT))
        return False
    return _take_in(submission, fetched, now=now)


def _ready(now: datetime) -> Q:
    bytes_are_settled = Q(upload=None) | Q(upload__blob__isnull=False) | Q(upload__expired_at__isnull=False)
    return (
        Q(state=SubmissionState.RECEIVED)
        & (Q(retry_at=None) | Q(retry_at__lte=now))
        & (Q(leased_until=None) | Q(leased_until__lte=now))
        & bytes_are_settled
    )


def _claim(submission_id: uuid.UUID, now: datetime) -> Submission | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE exams_submission
            SET fence = fence + 1, tries = least(tries + 1, 32000), leased_until = %(until)s
            WHERE id = %(id)s AND state = 'received' AND (leased_until IS NULL OR leased_until <= %(now)s)
              AND (retry_at IS NULL OR retry_at <= %(now)s)
              AND (upload_id IS NULL OR EXISTS (
                SELECT FROM exams_upload
                WHERE id = upload_id AND (blob_id IS NOT NULL OR expired_at IS NOT NULL)))
            RETURNING id
            """,
            {"id": submission_id, "now": now, "until": now + LEASE},
        )
        if cursor.fetchone() is None:
            return None
    return Submission.objects.select_related("attempt__twin", "attempt__learner", "upload__blob").get(pk=submission_id)


def _take_in(submission: Submission, fetched: Fetched, *, now: datetime) -> bool:
    tar = fetched.tree.to_tar()
    facts = submission.source_facts | fetched.facts | {"files": len(fetched.tree)}
    with transaction.atomic():
        attempt = ledger.hold(submission.attempt_id)
        blobs.keep(tar, sha256=fetched.tree.sha256)
        taken = _mine(submission).update(
            state=SubmissionState.INGESTED,
            tree_id=fetched.tree.sha256,
            tree_sha256=fetched.tree.sha256,
            pinned_commit=fetched.commit or submission.pinned_commit,
            force_pushed=fetched.force_pushed,
            source_facts=ledger.plain(facts),
            ingested_at=now,
            leased_until=None,
        )
        if not taken:
            return False
        ledger.append(
            attempt=attempt,
            kind="submission.ingested",
            payload={
                "submission": submission.pk,
                "number": submission.number,
                "purpose": submission.purpose,
                "commit": fetched.commit,
                "tree_sha256": fetched.tree.sha256,
                "force_pushed": fetched.force_pushed,
                **facts,
            },
            actor=None,
            at=now,
        )
        doorbell.ring("grading.tasks.enlist_runs")
        return True


def _refuse(submission: Submission, *, code: str, because: str, now: datetime) -> bool:
    with transaction.atomic():
        attempt = ledger.hold(submission.attempt_id)
        refused = _mine(submission).update(
            state=SubmissionState.REJECTED, rejected_code=code, rejected_because=because, leased_until=None
        )
        if not refused:
            return False
        ledger.append(
            attempt=attempt,
            kind="submission.rejected",
            payload={
                "submission": submission.pk,
                "number": submission.number,
                "purpose": submission.purpose,
                "code": code,
                "because": because,
            },
            actor=None,
            at=now,
        )
        doorbell.ring("grading.tasks.enlist_runs")
        return True


def _unreachable(submission: Submission, why: str, *, now: datetime) -> bool:
    if not submission.url:  # our own repository: our fault
        log.error("The own repository of attempt %s could not be read: %s", submission.attempt_id, why)
        _again(submission, now=now, pause=_pause(submission.tries, LONGEST_PAUSE_FOR_OUR_FAULT))
        return False
    if submission.tries >= TRIES[SubmissionPurpose(submission.purpose)]:
        return _refuse(
            submission,
            code=UNREACHABLE,
            because=f"{why} It was asked {submission.tries} times. "
            "Make the repository reachable over https, or push to your own repository here, and "
            f"{_once_more(submission)}.",
            now=now,
        )
    _again(submission, now=now, pause=_pause(submission.tries, LONGEST_PAUSE))
    return False


def _once_more(submission: Submission) -> str:
    """What to do again: nothing was handed in by a practice run."""
    return "hand in again" if submission.purpose == SubmissionPurpose.HAND_IN else "ask for another run"


def _again(submission: Submission, *, now: datetime, pause: timedelta) -> None:
    _mine(submission).update(retry_at=now + pause, leased_until=None)


def _pause(tries: int, longest: timedelta) -> timedelta:
    """Two seconds, four, eight … up to `longest`."""
    return min(timedelta(seconds=2 ** min(tries, 16)), longest)


def _mine(submission: Submission) -> QuerySet[Submission]:
    """The row, as long as nobody has claimed or decided it since."""
    return Submission.objects.filter(pk=submission.pk, state=SubmissionState.RECEIVED, fence=submission.fence)
