"""Which version customers are talking to: the release the incident opened with, and what the learner deploys."""

from django.db import models
from django.db.models import F, Q

from exams.models.attempt import Attempt
from exams.models.hand_in import Submission


class DeploymentKind(models.TextChoices):
    """INITIAL: in production when the incident opened. DEPLOY: a learner's commit. ROLLBACK: an earlier one again."""

    INITIAL = "initial"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class DeploymentState(models.TextChoices):
    """How far a deployment has come.

    WAITING: for a worker. REPLAYING: the customers' questions are put to it. READY: replayed, being rolled out. LIVE:
    it went live at `live_from`. FAILED: it cannot be started, by its own fault. PLATFORM_FAULT: by ours. CANCELLED: a
    rollback came before it was live.
    """

    WAITING = "waiting"
    REPLAYING = "replaying"
    READY = "ready"
    LIVE = "live"
    FAILED = "failed"
    PLATFORM_FAULT = "platform_fault"
    CANCELLED = "cancelled"


S = DeploymentState
MOVES: dict[DeploymentState, frozenset[DeploymentState]] = {
    S.WAITING: frozenset({S.REPLAYING, S.CANCELLED}),
    S.REPLAYING: frozenset({S.WAITING, S.READY, S.LIVE, S.FAILED, S.PLATFORM_FAULT, S.CANCELLED}),
    S.READY: frozenset({S.LIVE, S.CANCELLED}),
    S.LIVE: frozenset({S.CANCELLED}),  # only by a rollback that had been received before it was live
    S.FAILED: frozenset(),
    S.PLATFORM_FAULT: frozenset(),
    S.CANCELLED: frozenset(),
}


CAME_TO_NOTHING = frozenset({S.FAILED, S.PLATFORM_FAULT, S.CANCELLED})  # and with it each rollback to it


class Deployment(models.Model):
    """One version that customers got, or would have got, from `live_from` on.

    Which one is live is never stored: at any moment it is the one with the latest `live_from` until then.

    A trigger (0015) keeps an attempt's deployments, and its rollbacks, to the number its twin allows, and lets no two
    roll-outs overlap. Another (0017) lets nothing be called off that a rollback went back to.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="deployments")
    number = models.PositiveSmallIntegerField()  # 0 is the release the incident opened with
    kind = models.CharField(max_length=8, choices=DeploymentKind.choices)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, null=True, related_name="deployments")
    of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="rollbacks")  # never a rollback
    tree_sha256 = models.CharField(max_length=64, blank=True, default="")  # of the source, as it was taken in
    state = models.CharField(max_length=14, choices=DeploymentState.choices, default=DeploymentState.WAITING)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()  # when it goes live if it goes live at all: nobody waits for a busy worker
    live_from = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True, default="")
    started_at = models.DateTimeField(null=True)  # of its replay
    ended_at = models.DateTimeField(null=True)  # of its replay, however it ended; of a cancelled one when it was
    failed_because = models.TextField(blank=True, default="")  # in words a learner can act on
    last_fault = models.TextField(blank=True, default="")  # of ours, for operators
    # What customers asked: drawn once for an attempt and kept with number 0. See `exams.live.telemetry`.
    traffic = models.JSONField(null=True)
    outcomes = models.JSONField(null=True)  # what each of those questions got from this version; hidden
    timings = models.JSONField(default=dict)

    class Meta:
        ordering = ["attempt_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="deployment_number_once"),
            models.CheckConstraint(condition=Q(state__in=DeploymentState.values), name="deployment_state_known"),
            models.CheckConstraint(
                condition=Q(kind="initial", number=0, submission=None, of=None, due_at=F("requested_at"))
                | Q(kind="deploy", number__gt=0, submission__isnull=False, of=None, due_at__gt=F("requested_at"))
                | Q(
                    kind="rollback",
                    number__gt=0,
                    submission=None,
                    of__isnull=False,
                    state="live",
                    due_at__gte=F("requested_at"),  # later only where it takes the place of what it could not call off
                    outcomes__isnull=True,
                ),
                name="deployment_kind_fits_source",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["ready", "live"], live_from=F("due_at"))
                | (~Q(state__in=["ready", "live"]) & Q(live_from=None)),
                name="deployment_live_from_when_replayed",
            ),
            models.CheckConstraint(
                condition=~Q(kind="initial") | Q(state__in=["waiting", "replaying", "live"]),
                name="deployment_initial_never_fails",
            ),
            models.CheckConstraint(
                condition=Q(kind="initial") | Q(traffic__isnull=True), name="deployment_traffic_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="rollback")
                | Q(state__in=["ready", "live"], outcomes__isnull=False, ended_at__isnull=False)
                | Q(state="cancelled", ended_at__isnull=False)
                | (~Q(state__in=["ready", "live", "cancelled"]) & Q(outcomes__isnull=True)),
                name="deployment_outcomes_when_replayed",
            ),
            models.CheckConstraint(
                condition=Q(state="replaying", leased_until__isnull=False)
                | (~Q(state="replaying") & Q(leased_until=None)),
                name="deployment_lease_while_replaying",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") ^ Q(failed_because=""), name="deployment_failed_has_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=["waiting", "replaying", "ready"]),
                name="deployment_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"deployment {self.number} of {self.attempt_id}"
