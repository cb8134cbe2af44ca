"""What is handed in, what was answered beside it, and the sources that grading runs."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from exams.models.attempt import Attempt, Stage
from exams.models.blob import Blob
from exams.models.work import Upload


class HandIn(models.Model):
    """One hand-in of one stage; the last that counts is the one that is judged, all are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="hand_ins")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="hand_ins")
    number = models.PositiveSmallIntegerField()
    received_at = models.DateTimeField()
    by_deadline = models.BooleanField(default=False)
    deliverables = models.JSONField()  # {deliverable key: its content, or for code its source as given}
    content_sha256 = models.CharField(max_length=64)
    blocked_checks = models.JSONField(default=list)  # critical self-checks that were not answered yes
    force_reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["attempt_id", "stage_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["stage", "number"], name="hand_in_number_once"),
            models.CheckConstraint(
                condition=Q(by_deadline=True) | Q(blocked_checks=[]) | ~Q(force_reason=""),
                name="hand_in_critical_needs_force",
            ),
            models.CheckConstraint(
                condition=Q(by_deadline=False) | Q(force_reason=""), name="hand_in_deadline_forces_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"hand-in {self.number} of stage {self.stage_id}"


class Answer(models.TextChoices):
    """An answer to a self-check."""

    YES = "yes"
    NO = "no"
    NOT_ANSWERED = "not_answered"


class SelfCheckAnswer(models.Model):
    """What the learner claimed in one self-check at one hand-in."""

    hand_in = models.ForeignKey(HandIn, on_delete=models.PROTECT, related_name="self_checks")
    check_key = models.CharField(max_length=20)
    critical = models.BooleanField()
    answer = models.CharField(max_length=14, choices=Answer.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hand_in", "check_key"], name="self_check_answered_once"),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="self_check_answer_known"),
        ]

    def __str__(self) -> str:
        return f"{self.check_key}: {self.answer}"


class SubmissionPurpose(models.TextChoices):
    """RUN: the learner wants to see what happens. HAND_IN: this is what is judged."""

    RUN = "run"
    HAND_IN = "hand_in"


class SubmissionState(models.TextChoices):
    """RECEIVED: source named, not read yet. INGESTED: a tree of regular files. REJECTED: refused with a reason."""

    RECEIVED = "received"
    INGESTED = "ingested"
    REJECTED = "rejected"


class Submission(models.Model):
    """A source of code given for grading: which bytes, from where, and whether we could take them in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="submissions")
    hand_in = models.OneToOneField(HandIn, on_delete=models.PROTECT, null=True, related_name="submission")
    purpose = models.CharField(max_length=8, choices=SubmissionPurpose.choices)
    number = models.PositiveIntegerField()
    mode = models.CharField(max_length=12)  # repo_url | file_upload
    url = models.CharField(
        max_length=2000, blank=True, default=""
    )  # empty with mode repo_url: the attempt's own repository
    ref = models.CharField(max_length=200, blank=True, default="")
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, related_name="submissions")
    received_at = models.DateTimeField()
    pinned_commit = models.CharField(max_length=64, blank=True, default="")
    unpinned = models.BooleanField(default=False)  # could not be reached at hand-in; said so to everyone
    force_pushed = models.BooleanField(default=False)  # the branch no longer holds the pinned commit
    state = models.CharField(max_length=10, choices=SubmissionState.choices, default=SubmissionState.RECEIVED)
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    tree = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    tree_sha256 = models.CharField(max_length=64, blank=True, default="")
    source_facts = models.JSONField(default=dict)  # commit author, time, subject, file count
    rejected_code = models.CharField(max_length=60, blank=True, default="")
    rejected_because = models.TextField(blank=True, default="")
    ingested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="submission_number_once"),
            models.CheckConstraint(condition=Q(state__in=SubmissionState.values), name="submission_state_known"),
            models.CheckConstraint(condition=Q(purpose__in=SubmissionPurpose.values), name="submission_purpose_known"),
            models.CheckConstraint(
                condition=Q(mode="repo_url", upload=None) | Q(mode="file_upload", url="", upload__isnull=False),
                name="submission_mode_fits_source",
            ),
            models.CheckConstraint(
                condition=~Q(state="ingested") | Q(tree__isnull=False, ingested_at__isnull=False),
                name="submission_ingested_has_tree",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(rejected_code=""), name="submission_rejected_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(purpose="run", hand_in=None) | Q(purpose="hand_in", hand_in__isnull=False),
                name="submission_purpose_fits_hand_in",
            ),
        ]
        indexes = [models.Index(fields=["received_at"], condition=Q(state="received"), name="submission_waiting")]

    def __str__(self) -> str:
        return f"submission {self.number} of {self.attempt_id}"


class LateWrite(models.Model):
    """A write that arrived after its window: stored whole, counting only if an admin grants it with a reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="late_writes")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="late_writes")
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    late_by = models.DurationField()
    granted_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    grant_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted_at=None, granted_by=None, grant_reason="")
                | (Q(granted_at__isnull=False, granted_by__isnull=False) & ~Q(grant_reason="")),
                name="late_write_grant_has_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"late {self.kind} of {self.attempt_id}"
