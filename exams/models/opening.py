"""Which of the incident's sources were handed to the learner of an attempt: when first, when last, how often."""

from django.db import models
from django.db.models import F, Q

from exams.models.attempt import Attempt


class Source(models.TextChoices):
    """What an incident is found out from, as the doorways hand it out."""

    BRIEF = "brief"
    REPOSITORY = "repository"
    TELEMETRY = "telemetry"
    ALERTS = "alerts"
    COMPLAINTS = "complaints"
    MESSAGES = "messages"
    DEPLOYMENTS = "deployments"
    ANSWERS = "answers"
    EXPORT = "export"


class Opening(models.Model):
    """One source that was handed to the attempt's own learner while the attempt was live; no more is claimed.

    `times` counts at most once a minute, so that a page which renews itself weighs little. Nobody knows whether what
    was handed out was read, and nothing of it is in the ledger. There are at most as many rows as sources.
    """

    # No constraint in the database: its lock would wait for whoever holds the attempt, and attempts are never deleted.
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, db_constraint=False, related_name="openings")
    what = models.CharField(max_length=12, choices=Source.choices)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()  # of those counted
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["attempt_id", "first_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "what"], name="opening_once"),
            models.CheckConstraint(
                condition=Q(
                    what__in=[
                        "brief",
                        "repository",
                        "telemetry",
                        "alerts",
                        "complaints",
                        "messages",
                        "deployments",
                        "answers",
                        "export",
                    ]
                ),
                name="opening_of_a_known_source",
            ),
            models.CheckConstraint(
                condition=Q(times=1, last_at=F("first_at")) | Q(times__gt=1, last_at__gt=F("first_at")),
                name="opening_last_after_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what}, {self.times} times"
