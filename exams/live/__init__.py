"""What a learner does while the clock runs."""

from exams.live.diagnoses import ReproResult, diagnosis_results, file_diagnosis
from exams.live.drafts import save_draft
from exams.live.pushes import record_push
from exams.live.questions import ask
from exams.live.updates import post_update
from exams.live.uploads import commit_upload, receive_bytes

__all__ = [
    "ReproResult",
    "ask",
    "commit_upload",
    "diagnosis_results",
    "file_diagnosis",
    "post_update",
    "receive_bytes",
    "record_push",
    "save_draft",
]
