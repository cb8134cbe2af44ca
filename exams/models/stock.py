"""Incidents made ahead of the moment in which somebody presses start."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from exams.models.attempt import Attempt
from exams.models.twin import TwinVersion
from exams.packs import Spec


class StockState(models.TextChoices):
    """MAKING: claimed by a worker. READY: may be taken. TAKEN: by one attempt, for ever. FAILED: could not be drawn."""

    MAKING = "making"
    READY = "ready"
    TAKEN = "taken"
    FAILED = "failed"


class StockedIncident(models.Model):
    """One incident of a twin version with all that a start needs. Hidden from everybody but operators.

    Its contents are columns of its own rather than blobs: blobs are never deleted, and stock that has become stale is.
    """

    # Drawn by the operating system's generator: the order of these ids tells nothing about the classes.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    twin = models.ForeignKey(TwinVersion, on_delete=models.PROTECT, related_name="stock")
    pack_sha256 = models.CharField(max_length=64)  # of the code that draws it; see exams.packs.fingerprint
    incident_class = models.CharField(max_length=40)
    incident_seed = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=StockState.choices, default=StockState.MAKING)
    claimed_at = models.DateTimeField()
    leased_until = models.DateTimeField()  # while MAKING: whoever claimed it has crashed if it is later than this
    ready_at = models.DateTimeField(null=True)
    failed_because = models.TextField(blank=True, default="")
    taken_by = models.OneToOneField(Attempt, on_delete=models.PROTECT, null=True, related_name="from_stock")

    handed_out = models.BinaryField(null=True)  # the tree, as a canonical tar
    handed_out_sha256 = models.CharField(max_length=64, blank=True, default="")
    approved_facts = models.BinaryField(null=True)
    approved_facts_sha256 = models.CharField(max_length=64, blank=True, default="")
    truth = models.JSONField(null=True)
    brief = models.JSONField(null=True)
    repository = models.BinaryField(null=True)  # a whole repository as sandboxes.repository packs it
    # What its customers ask, and what they get from what was handed out; see exams.live.telemetry. They may come later.
    traffic = models.JSONField(null=True)
    outcomes = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["twin", "incident_class", "incident_seed"], name="stocked_incident_drawn_once"
            ),
            models.CheckConstraint(condition=Q(state__in=StockState.values), name="stocked_incident_state_known"),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | Q(
                    ready_at__isnull=False,
                    handed_out__isnull=False,
                    approved_facts__isnull=False,
                    truth__isnull=False,
                    repository__isnull=False,
                ),
                name="stocked_incident_ready_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="taken", taken_by__isnull=False) | (~Q(state="taken") & Q(taken_by=None)),
                name="stocked_incident_taken_by_one",
            ),
            models.CheckConstraint(
                condition=Q(traffic__isnull=True, outcomes__isnull=True)
                | Q(state__in=["ready", "taken"], traffic__isnull=False, outcomes__isnull=False),
                name="stocked_incident_replayed_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") ^ Q(failed_because=""), name="stocked_incident_failed_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["twin", "state"], name="stocked_incident_by_twin")]

    def __str__(self) -> str:
        return f"{self.state} incident {self.id} of {self.twin_id}"

    @property
    def spec(self) -> Spec:
        """What all of it was drawn from."""
        return Spec(failure_class=self.incident_class, seed=self.incident_seed)


class WaitingStart(models.Model):
    """Somebody pressed start and nothing ready fitted them: the next to be drawn is theirs. No clock runs for them."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    twin = models.ForeignKey(TwinVersion, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    asked_at = models.DateTimeField()  # the last time they pressed

    class Meta:
        constraints = [models.UniqueConstraint(fields=["learner", "twin"], name="waiting_start_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} waits for {self.twin_id}"
