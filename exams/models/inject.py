"""What the people in the room said in an attempt, and when they look at it again."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exams.models.attempt import Attempt, Stage


class Inject(models.Model):
    """Something the incident did to the learner at a moment: an alert, a complaint, a question from a coworker.

    `due_at` follows from the incident's seed and what was done before; `written_at` is when the learner could read it.
    """

    class Role(models.TextChoices):
        """Who speaks; the name is in the payload."""

        ALERT = "alert"
        CUSTOMER = "customer"
        SUPPORT = "support"
        EXECUTIVE = "executive"
        COMPLIANCE = "compliance"
        ON_CALL = "on_call"

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="injects")
    rule = models.CharField(max_length=60)  # its key in the pack's script
    occurrence = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=12, choices=Role.choices)
    text = models.TextField()
    payload = models.JSONField()  # as the ledger has it: sender, what would answer it
    due_at = models.DateTimeField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["attempt_id", "due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "rule", "occurrence"], name="inject_once"),
            models.CheckConstraint(
                condition=Q(role__in=["alert", "customer", "support", "executive", "compliance", "on_call"]),
                name="inject_role_known",
            ),
            models.CheckConstraint(condition=Q(occurrence__gte=1), name="inject_occurrence_from_one"),
            models.CheckConstraint(condition=~Q(text=""), name="inject_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.occurrence} of {self.attempt_id}"


class Watch(models.Model):
    """When a stage is looked at again, and up to which number its attempt's ledger was seen: derived, all of it.

    A stage in which nobody speaks is seen up to `NEVER`. Losing a row costs one more look.
    """

    NEVER = 2_147_483_647

    stage = models.OneToOneField(Stage, on_delete=models.CASCADE, primary_key=True, related_name="watch")
    look_at = models.DateTimeField(null=True)
    seen_seq = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"watch on stage {self.stage_id}"
