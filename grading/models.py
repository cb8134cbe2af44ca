"""What happened when submitted work was run: runs, their cells, and the checks of a learner's repro."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exams.models import Diagnosis, Submission


class RunState(models.TextChoices):
    """WAITING in the queue; RUNNING under a lease; GRADED with a verdict; PLATFORM_FAULT: we gave up, never a mark.

    HELD: the visible cells of a hand-in were run, and the hidden ones wait until its stage has closed.
    """

    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"
    GRADED = "graded"
    PLATFORM_FAULT = "platform_fault"


class GradingRun(models.Model):
    """One grading of one submission. `fence` grows with every claim, so a late result of an old claim is refused."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="runs")
    # Repeated from the attempt so that the database can hold "one in flight per learner".
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    try_number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.WAITING)
    fence = models.PositiveIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cells_done = models.PositiveSmallIntegerField(default=0)
    cells_total = models.PositiveSmallIntegerField(default=0)
    # Of a hand-in in an open stage: what its visible cells alone come to, and when that was known.
    visible_verdict = models.CharField(max_length=40, blank=True, default="", db_default="")
    visible_because = models.TextField(blank=True, default="", db_default="")
    visible_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=40, blank=True, default="")
    because = models.TextField(blank=True, default="")  # in words a learner can act on; names nothing hidden
    mutants_killed = models.PositiveSmallIntegerField(null=True)
    mutants_total = models.PositiveSmallIntegerField(null=True)
    alternatives_passed = models.PositiveSmallIntegerField(null=True)
    alternatives_total = models.PositiveSmallIntegerField(null=True)
    probe_counts = models.JSONField(default=dict)  # {"before": {...}, "after": {...}} exact counts by claim verdict
    timings = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    last_fault = models.TextField(blank=True, default="")  # for operators

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "try_number"], name="grading_run_once_per_try"),
            models.UniqueConstraint(
                fields=["learner"], condition=Q(state="running"), name="grading_run_one_in_flight_per_learner"
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="grading_run_state_known"),
            models.CheckConstraint(
                condition=~Q(state="graded") | (~Q(verdict="") & Q(finished_at__isnull=False)),
                name="grading_run_graded_has_verdict",
            ),
            models.CheckConstraint(
                condition=~Q(state="held")
                | (~Q(visible_verdict="") & Q(visible_at__isnull=False, verdict="", leased_until=None)),
                name="grading_run_held_knows_the_visible_only",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(leased_until__isnull=False),
                name="grading_run_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="grading_run_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"try {self.try_number} of submission {self.submission_id}"


class Cell(models.Model):
    """One run of one test (or one set of probes) against one tree."""

    run = models.ForeignKey(GradingRun, on_delete=models.CASCADE, related_name="cells")
    kind = models.CharField(max_length=10)  # pre post ref alt mut probe p2p
    # Which alternative or mutant; for questions: before, reference or after. Hidden from learners.
    key = models.CharField(max_length=80, blank=True, default="")
    repeat = models.PositiveSmallIntegerField(default=1)
    visible = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField()  # the random order in which it ran
    ended = models.CharField(max_length=20)
    result = models.CharField(max_length=20)
    nodes = models.JSONField(default=list)
    transcript = models.JSONField(default=list)
    output_tail = models.TextField(blank=True, default="")
    note = models.TextField(blank=True, default="")  # why it ended so, or why the tree could not be loaded
    seconds = models.FloatField(default=0.0)
    container = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "key", "repeat"], name="cell_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} #{self.repeat}"


class ReproCheck(models.Model):
    """Whether the repro of a diagnosis makes the failing model misbehave, and what it said."""

    diagnosis = models.OneToOneField(Diagnosis, on_delete=models.PROTECT, related_name="check_result")
    reproduces = models.BooleanField(null=True)
    transcript = models.JSONField(default=list)
    cause_matches = models.BooleanField(null=True)  # for mentors only
    claims = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    last_fault = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_at=None) | Q(reproduces__isnull=False), name="repro_checked_has_answer"
            )
        ]

    def __str__(self) -> str:
        return f"repro of diagnosis {self.diagnosis_id}"


class ReproReduction(models.Model):
    """Which questions of a repro are needed to show the fault, found after its stage has closed; for mentors only."""

    diagnosis = models.OneToOneField(Diagnosis, on_delete=models.PROTECT, related_name="reduction")
    questions = models.PositiveSmallIntegerField()  # of the repro as it was filed
    needed = models.JSONField(null=True)  # places of those that are, from 0
    proven = models.BooleanField(null=True)  # that none of them can be left out
    runs = models.PositiveSmallIntegerField(default=0)
    claims = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    last_fault = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, needed__isnull=True, proven=None)
                | Q(done_at__isnull=False, needed__isnull=False, proven__isnull=False, leased_until=None),
                name="repro_reduction_done_has_answer",
            )
        ]
        indexes = [models.Index(fields=["leased_until"], condition=Q(done_at=None), name="repro_reduction_unfinished")]

    def __str__(self) -> str:
        return f"reduction of diagnosis {self.diagnosis_id}"


__all__ = ["Cell", "GradingRun", "ReproCheck", "ReproReduction", "RunState"]
