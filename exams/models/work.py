"""What a learner does while the clock runs: drafts, uploads, updates, questions, diagnoses."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exams.models.attempt import Attempt
from exams.models.blob import Blob


class Draft(models.Model):
    """One auto-saved version of one deliverable. A save on a stale version is kept too, as a conflict copy."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="drafts")
    deliverable = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    based_on = models.PositiveIntegerField(default=0)
    conflict = models.BooleanField(default=False)
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "deliverable", "version"], name="draft_version_once")]

    def __str__(self) -> str:
        return f"{self.deliverable} v{self.version} of {self.attempt_id}"


class Upload(models.Model):
    """A file the learner committed to by hash and size; its bytes may follow until `bytes_until`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    bytes_until = models.DateTimeField()
    bytes_at = models.DateTimeField(null=True)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    expired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="upload_hash_is_sha256"),
            models.CheckConstraint(
                condition=Q(blob=None) | Q(blob_id=models.F("sha256")), name="upload_bytes_match_commitment"
            ),
            models.CheckConstraint(
                condition=Q(blob=None, bytes_at=None) | Q(blob__isnull=False, bytes_at__isnull=False),
                name="upload_bytes_have_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.attempt_id}"


class StatusUpdate(models.Model):
    """An immutable, server-timed message to stakeholders."""

    class Audience(models.TextChoices):
        """Who the update is for."""

        STAKEHOLDERS = "stakeholders"
        CUSTOMERS = "customers"
        ENGINEERING = "engineering"
        COMPLIANCE = "compliance"

    class State(models.TextChoices):
        """Where the incident stands, in the words status pages use."""

        INVESTIGATING = "investigating"
        IDENTIFIED = "identified"
        MONITORING = "monitoring"
        RESOLVED = "resolved"

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="status_updates")
    number = models.PositiveSmallIntegerField()
    audience = models.CharField(max_length=20, choices=Audience.choices)
    state = models.CharField(max_length=20, choices=State.choices)
    text = models.TextField()
    impact = models.TextField(blank=True, default="")
    next_update_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["attempt_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="status_update_number_once"),
            models.CheckConstraint(condition=~Q(text=""), name="status_update_says_something"),
            models.CheckConstraint(
                condition=Q(state__in=["investigating", "identified", "monitoring", "resolved"]),
                name="status_update_state_known",
            ),
            models.CheckConstraint(
                condition=Q(audience__in=["stakeholders", "customers", "engineering", "compliance"]),
                name="status_update_audience_known",
            ),
        ]

    def __str__(self) -> str:
        return f"update {self.number} of {self.attempt_id}"


class QuestionState(models.TextChoices):
    """WAITING until a worker has answered; FAILED is the platform's fault and can be asked again."""

    WAITING = "waiting"
    ANSWERED = "answered"
    FAILED = "failed"


class Question(models.Model):
    """A question the learner put to the deployed assistant, and what it said."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    session = models.CharField(max_length=60, blank=True, default="")
    # The version it is put to: the one that was live when it was asked. Null before there were deployments.
    deployment = models.ForeignKey("exams.Deployment", on_delete=models.PROTECT, null=True, related_name="questions")
    state = models.CharField(max_length=10, choices=QuestionState.choices, default=QuestionState.WAITING)
    reply = models.JSONField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="question_number_once"),
            models.CheckConstraint(condition=Q(state__in=QuestionState.values), name="question_state_known"),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(reply__isnull=False, answered_at__isnull=False),
                name="question_answered_has_reply",
            ),
        ]
        indexes = [models.Index(fields=["received_at"], condition=Q(state="waiting"), name="question_waiting")]

    def __str__(self) -> str:
        return f"question {self.number} of {self.attempt_id}"


class Diagnosis(models.Model):
    """What the learner says the cause is, with a repro; grading checks the repro and writes beside it."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="diagnoses")
    number = models.PositiveSmallIntegerField()
    component = models.CharField(max_length=80)
    failure_class = models.CharField(max_length=160)
    explanation = models.TextField()
    repro = models.JSONField()  # list of questions
    received_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["attempt_id", "number"]
        verbose_name_plural = "diagnoses"
        constraints = [models.UniqueConstraint(fields=["attempt", "number"], name="diagnosis_number_once")]

    def __str__(self) -> str:
        return f"diagnosis {self.number} of {self.attempt_id}"
