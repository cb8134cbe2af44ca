"""What goes in and out of a learner's doorways to judgement: the signed result, and the appeal against it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.asking import Body
from exams.api.shapes import ReceiptSerializer, WithServerNow
from rubrics.api.shapes import ReviewAppeal, ScoreOut, Timed
from rubrics.appeals import REASON_CHARACTERS
from rubrics.result import Result  # the type of what ResultOut shows


class JudgedOut(serializers.Serializer[Any]):
    """What one signed review says."""

    overall = serializers.CharField(source="judged.overall", help_text="Exact, e.g. 0.7175.")
    overall_display = serializers.CharField(
        source="judged.overall_display", help_text="For people; a fail never reads as the threshold."
    )
    passed = serializers.BooleanField(source="judged.passed")
    scores = ScoreOut(many=True, source="judged.scores")
    skills = serializers.DictField(child=serializers.CharField(), source="judged.skills")
    signed_off_at = serializers.DateTimeField(source="judged.review.signed_off_at")
    note_to_learner = serializers.CharField(source="judged.review.note_to_learner")
    sha256 = serializers.CharField(
        source="judged.review.sha256", help_text="The hash of everything that was frozen, as it stands in the ledger."
    )


class AppealStanding(serializers.Serializer[Any]):
    """The learner's appeal and where it stands."""

    filed_at = serializers.DateTimeField()
    reason = serializers.CharField()
    pending = serializers.BooleanField(
        help_text="True until the second review is signed off; the first stands so long."
    )
    message = serializers.CharField(source="where")


class ResultOut(Timed, JudgedOut):
    """A signed result."""

    attempt = serializers.UUIDField(source="attempt.pk")
    attempt_number = serializers.IntegerField(source="attempt.number")
    threshold = serializers.CharField()
    best_attempt_number = serializers.SerializerMethodField(
        help_text="The attempt that stands; null for mentors, who read what they signed."
    )
    is_best = serializers.SerializerMethodField(help_text="Whether that is this one; null for mentors.")
    appeal = AppealStanding(allow_null=True)
    appeal_until = serializers.DateTimeField(
        allow_null=True, help_text="An appeal is taken before this moment; null when none is possible any more."
    )
    superseded = serializers.SerializerMethodField(help_text="The first review, when an appeal replaced its scores.")

    def get_best_attempt_number(self, result: Result) -> int | None:
        """By the score that counts of each."""
        return result.best.number if result.best else None

    def get_is_best(self, result: Result) -> bool | None:
        """Whether this attempt's score is the one that stands."""
        return result.best.number == result.attempt.number if result.best else None

    @extend_schema_field(JudgedOut(allow_null=True))
    def get_superseded(self, result: Result) -> dict[str, Any] | None:
        """As it was signed."""
        return dict(JudgedOut({"judged": result.superseded}).data) if result.superseded else None


class AppealIn(Body):
    """An appeal."""

    reason = serializers.CharField(
        max_length=REASON_CHARACTERS,
        help_text="What was judged wrongly, and where your work shows it. The mentors in the queue read it.",
    )
    confirm = serializers.BooleanField(
        default=False, help_text="Must be true: one appeal an attempt, and its scores count, higher or lower."
    )


class AppealFiled(WithServerNow):
    """The receipt of an appeal, and what follows."""

    receipt = ReceiptSerializer()
    appeal = ReviewAppeal()
    message = serializers.CharField()
