"""The append-only, hash-chained record of everything that happened in an attempt."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from exams.models.attempt import Attempt


class Event(models.Model):
    """One thing that happened. The database refuses updates, deletes, gaps and broken chains."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()  # when it happened, by the database's clock (for a write: when its last byte arrived)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: the platform
    kind = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    visible_to_learner = models.BooleanField(default=True)
    is_receipt = models.BooleanField(default=False)
    payload_sha256 = models.CharField(max_length=64)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["attempt_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "seq"], name="event_seq_once"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_from_one"),
        ]
        indexes = [models.Index(fields=["attempt", "kind"], name="event_by_kind")]

    def __str__(self) -> str:
        return f"{self.attempt_id}#{self.seq} {self.kind}"
