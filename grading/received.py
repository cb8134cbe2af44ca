"""What a submission whose files are not taken in yet waits for, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.models import SubmissionState
from exams.receipts import in_words

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Submission
    from sandboxes.sandbox import JsonObject


def waits_for(submission: Submission, *, now: datetime) -> JsonObject | None:
    """`bytes` of a file that was committed to, `source` that is tried again, or `reading`; None once taken in."""
    if submission.state != SubmissionState.RECEIVED:
        return None
    zone = submission.attempt.learner.time_zone
    upload = submission.upload
    if upload is not None and upload.blob_id is None:
        until = in_words(upload.bytes_until, zone)
        if now < upload.bytes_until and upload.expired_at is None:
            said = f"The bytes of {upload.name!r} have not arrived. Send them until {until}; then it is queued."
        else:
            said = f"The bytes of {upload.name!r} could follow until {until} and have not arrived; it will be refused."
        return {"what": "bytes", "until": upload.bytes_until, "message": said}
    if submission.retry_at is not None and now < submission.retry_at:
        again = in_words(submission.retry_at, zone)
        said = f"Its source could not be read yet; it is tried again at {again}. There is nothing to do."
        return {"what": "source", "until": submission.retry_at, "message": said}
    return {"what": "reading", "until": None, "message": "Its files are being read; then it is queued."}
