"""Facts an exam is made of; everything that can be derived from them is derived."""

from exams.models.attempt import Attempt, AttemptState, Stage, StageState
from exams.models.blob import Blob
from exams.models.deployment import Deployment, DeploymentKind, DeploymentState
from exams.models.hand_in import (
    Answer,
    HandIn,
    LateWrite,
    SelfCheckAnswer,
    Submission,
    SubmissionPurpose,
    SubmissionState,
)
from exams.models.inject import Inject, Watch
from exams.models.ledger import Event
from exams.models.opening import Opening, Source
from exams.models.operations import Heartbeat
from exams.models.reading_pace import ReadingPace
from exams.models.stock import StockedIncident, StockState, WaitingStart
from exams.models.twin import TwinVersion
from exams.models.work import Diagnosis, Draft, Question, QuestionState, StatusUpdate, Upload

__all__ = [
    "Answer",
    "Attempt",
    "AttemptState",
    "Blob",
    "Deployment",
    "DeploymentKind",
    "DeploymentState",
    "Diagnosis",
    "Draft",
    "Event",
    "HandIn",
    "Heartbeat",
    "Inject",
    "LateWrite",
    "Opening",
    "Question",
    "QuestionState",
    "ReadingPace",
    "SelfCheckAnswer",
    "Source",
    "Stage",
    "StageState",
    "StatusUpdate",
    "StockState",
    "StockedIncident",
    "Submission",
    "SubmissionPurpose",
    "SubmissionState",
    "TwinVersion",
    "Upload",
    "WaitingStart",
    "Watch",
]
