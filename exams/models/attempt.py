"""One sitting of one learner, and the windows on its clock."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from exams.models.blob import Blob
from exams.models.twin import TwinVersion


class AttemptState(models.TextChoices):
    """READY: incident drawn, no clock. LIVE: the clock runs. CLOSED: every stage is closed. VOID: does not count."""

    READY = "ready"
    LIVE = "live"
    CLOSED = "closed"
    VOID = "void"


class Attempt(models.Model):
    """One sitting: which twin version, which incident, when it began."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts")
    twin = models.ForeignKey(TwinVersion, on_delete=models.PROTECT, related_name="attempts")
    twin_slug = models.SlugField(max_length=80)  # repeated from the version so that the database can hold rule 12
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=AttemptState.choices, default=AttemptState.READY)
    incident_class = models.CharField(max_length=40)  # hidden from the learner
    incident_seed = models.BigIntegerField()  # hidden from the learner
    # Made once with the incident, so that no other process has to make it again.
    handed_out = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    approved_facts = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    truth = models.JSONField(null=True)  # component, class, rivals: hidden from the learner
    brief = models.JSONField(null=True)  # what the learner reads of the incident once the clock runs
    multiplier_percent = models.PositiveSmallIntegerField(default=100)
    token_generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    void_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="attempt_state_known"),
            models.UniqueConstraint(fields=["learner"], condition=Q(state="live"), name="attempt_one_live_per_learner"),
            models.UniqueConstraint(
                fields=["learner", "twin_slug"], condition=Q(state="ready"), name="attempt_one_ready_per_twin"
            ),
            models.UniqueConstraint(fields=["learner", "twin_slug", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["learner", "twin_slug", "incident_class", "incident_seed"],
                name="attempt_incident_never_again",
            ),
            models.CheckConstraint(condition=Q(multiplier_percent__range=(100, 400)), name="attempt_multiplier_1_to_4"),
            models.CheckConstraint(
                condition=Q(state="ready", started_at=None)
                | Q(state="void")
                | Q(state__in=["live", "closed"], started_at__isnull=False),
                name="attempt_started_iff_begun",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="attempt_closed_has_time"
            ),
            models.CheckConstraint(condition=~Q(state="void") | ~Q(void_reason=""), name="attempt_void_has_reason"),
        ]
        indexes = [
            models.Index(fields=["twin_slug", "state"], name="attempt_by_twin_state"),
            models.Index(fields=["state", "closed_at"], name="attempt_by_state_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.twin_slug} attempt {self.number} of {self.learner_id}"


class StageState(models.TextChoices):
    """OPEN: nothing handed in. HANDED_IN: by the learner. CLOSED_BY_DEADLINE: by the deadline, as it was saved."""

    OPEN = "open"
    HANDED_IN = "handed_in"
    CLOSED_BY_DEADLINE = "closed_by_deadline"


class Stage(models.Model):
    """A window [opens_at, closes_at) of one attempt. `closed_at` is set once, to the deadline itself."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="stages")
    key = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=StageState.choices, default=StageState.OPEN)
    closed_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)  # when the sweep recorded the closing: lateness = swept_at - closes_at

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "key"], name="stage_once"),
            models.UniqueConstraint(fields=["attempt", "position"], name="stage_position_once"),
            models.CheckConstraint(condition=Q(state__in=StageState.values), name="stage_state_known"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="stage_window_not_empty"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at=F("closes_at")), name="stage_closed_at_the_deadline"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed_by_deadline") | Q(closed_at__isnull=False),
                name="stage_deadline_has_time",
            ),
            models.CheckConstraint(condition=~Q(state="open") | Q(closed_at=None), name="stage_open_is_not_closed"),
        ]
        indexes = [models.Index(fields=["closes_at"], condition=Q(closed_at=None), name="stage_overdue")]

    def __str__(self) -> str:
        return f"{self.key} of {self.attempt_id}"
