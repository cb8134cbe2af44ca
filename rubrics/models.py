"""Judgement: the rubric of a twin version, the review of an attempt, its scores and what it asserts."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from exams.models import Attempt, TwinVersion


class Rubric(models.Model):
    """What a twin version is scored by. Publishing is checked by the database: weights sum to 10 000 basis points."""

    twin = models.OneToOneField(TwinVersion, on_delete=models.PROTECT, related_name="rubric")
    threshold_bp = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(threshold_bp__range=(1, 10_000)), name="rubric_threshold_in_range")
        ]

    def __str__(self) -> str:
        return f"rubric of {self.twin}"


class Dimension(models.Model):
    """One thing that is scored, with its weight in basis points."""

    rubric = models.ForeignKey(Rubric, on_delete=models.CASCADE, related_name="dimensions")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=120)
    tests = models.TextField()
    weight_bp = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rubric", "key"], name="dimension_key_once"),
            models.UniqueConstraint(fields=["rubric", "position"], name="dimension_position_once"),
            models.CheckConstraint(condition=Q(weight_bp__range=(1, 10_000)), name="dimension_weight_in_range"),
        ]

    def __str__(self) -> str:
        return self.key


class SkillOnOffer(models.Model):
    """A skill that a passing review may assert, up to a ceiling in twentieths."""

    twin = models.ForeignKey(TwinVersion, on_delete=models.PROTECT, related_name="skills_on_offer")
    skill = models.CharField(max_length=120)
    ceiling_twentieths = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["twin", "skill"], name="skill_offered_once"),
            models.CheckConstraint(condition=Q(ceiling_twentieths__range=(1, 20)), name="skill_ceiling_in_range"),
        ]

    def __str__(self) -> str:
        return self.skill


class ReviewState(models.TextChoices):
    """OPEN in the queue; CLAIMED by one mentor; SIGNED_OFF for good."""

    OPEN = "open"
    CLAIMED = "claimed"
    SIGNED_OFF = "signed_off"


class Round(models.IntegerChoices):
    """FIRST judges an attempt; APPEAL judges it afresh, once, when the learner appealed."""

    FIRST = 1
    APPEAL = 2


class Review(models.Model):
    """A mentor's judgement of one attempt, in one round."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="reviews")
    round = models.PositiveSmallIntegerField(choices=Round.choices, default=Round.FIRST, db_default=1)
    rubric = models.ForeignKey(Rubric, on_delete=models.PROTECT, related_name="reviews")
    state = models.CharField(max_length=12, choices=ReviewState.choices, default=ReviewState.OPEN)
    opened_at = models.DateTimeField()
    waiting_since = models.DateTimeField()  # last hand-in of the attempt, or its appeal: what the queue is ordered by
    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="reviews")
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    times_overdue = models.PositiveSmallIntegerField(default=0)
    signed_off_at = models.DateTimeField(null=True)
    weighted_sum = models.PositiveIntegerField(null=True)  # Σ weight_bp × twentieths, at most 200 000
    passed = models.BooleanField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    note_to_learner = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "round"], name="review_once_a_round"),
            models.CheckConstraint(condition=Q(round__in=Round.values), name="review_round_known"),
            models.CheckConstraint(condition=Q(state__in=ReviewState.values), name="review_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", mentor=None, claimed_at=None, due_at=None)
                | Q(
                    state__in=["claimed", "signed_off"],
                    mentor__isnull=False,
                    claimed_at__isnull=False,
                    due_at__isnull=False,
                ),
                name="review_claim_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="signed_off",
                    signed_off_at__isnull=False,
                    weighted_sum__isnull=False,
                    passed__isnull=False,
                )
                & ~Q(sha256="")
                | ~Q(state="signed_off") & Q(signed_off_at=None, weighted_sum=None, passed=None, sha256=""),
                name="review_sign_off_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(weighted_sum=None) | Q(weighted_sum__lte=200_000), name="review_sum_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["waiting_since"], condition=Q(state="open"), name="review_queue"),
            models.Index(fields=["mentor", "state"], name="review_by_mentor"),
            models.Index(fields=["due_at"], condition=Q(state="claimed"), name="review_due"),
        ]

    def __str__(self) -> str:
        return f"review of {self.attempt_id}"


class Basis(models.Model):
    """What a signed review was judged by: figures and proposals as they were then, and what they were computed by.

    Written in the transaction that signs, which the database refuses without it; never changed, never deleted.
    `content` is JSON, as `rubrics.basis` makes it; `sha256` is its hash, and part of what the sign-off freezes.
    """

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="basis")
    kept_at = models.DateTimeField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "bases"

    def __str__(self) -> str:
        return f"basis of {self.review_id}"


class Appeal(models.Model):
    """A learner's one appeal: against which signed review, why, and the review that judges the attempt afresh."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="appeal")
    against = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="appealed_by")
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="appeal")
    reason = models.TextField()
    filed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="appeal_says_why")]

    def __str__(self) -> str:
        return f"appeal of {self.attempt_id}"


class Score(models.Model):
    """A score of one dimension, in twentieths; frozen once the review is signed off."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="scores")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="+")
    twentieths = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=list)  # references such as {"kind": "event", "seq": 12}
    scored_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "dimension"], name="score_once_per_dimension"),
            models.CheckConstraint(condition=Q(twentieths__range=(0, 20)), name="score_in_range"),
            models.CheckConstraint(condition=~Q(comment="") | ~Q(evidence=[]), name="score_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.dimension_id}: {self.twentieths}/20"


class SkillAssertion(models.Model):
    """A skill the mentor attests on a passing review; the ceiling is repeated so that the database can hold it."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="assertions")
    skill = models.ForeignKey(SkillOnOffer, on_delete=models.PROTECT, related_name="+")
    twentieths = models.PositiveSmallIntegerField()
    ceiling_twentieths = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "skill"], name="assertion_once_per_skill"),
            models.CheckConstraint(
                condition=Q(twentieths__gte=1) & Q(twentieths__lte=F("ceiling_twentieths")),
                name="assertion_within_ceiling",
            ),
            models.CheckConstraint(condition=Q(ceiling_twentieths__range=(1, 20)), name="assertion_ceiling_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.skill_id}: {self.twentieths}/20"


class ConflictOfInterest(models.Model):
    """This mentor does not review this learner, from its declaration until it is ended.

    The database neither changes nor deletes one; all that may follow is its end, once, with who and why.
    """

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True, default="")
    declared_at = models.DateTimeField(db_default=Now())  # set by the database, whatever is given, and so is the end
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    end_reason = models.TextField(blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "conflicts of interest"
        constraints = [
            models.UniqueConstraint(fields=["mentor", "learner"], condition=Q(ended_at=None), name="conflict_once")
        ]

    def __str__(self) -> str:
        return f"{self.mentor_id} and {self.learner_id}"


class Notice(models.Model):
    """A nudge or alarm about one claim of one review: written once, sent until it is sent."""

    class Kind(models.TextChoices):
        """NUDGE: the mentor's time is running. OVERDUE: it ran out; told to admins."""

        NUDGE = "nudge"
        OVERDUE = "overdue"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="notices")
    claimed_at = models.DateTimeField()  # which claim it is about
    kind = models.CharField(max_length=12, choices=Kind.choices)
    after = models.DurationField()  # how long after the claim it was due to be told
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "claimed_at", "kind", "after", "to"], name="notice_once")
        ]
        indexes = [models.Index(fields=["id"], condition=Q(sent_at=None), name="notice_unsent")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.review_id}"
