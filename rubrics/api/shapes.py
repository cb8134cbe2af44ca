"""What goes in and out of a mentor's doorways, typed for the schema; what the learner gets is in result_shapes."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.asking import Body, Few, OneOf
from rubrics import scoring
from rubrics.models import Review
from rubrics.review import MAX_COMMENT, MAX_EVIDENCE

QUEUES = ["open", "mine", "overdue", "done", "claimed"]


class QueueAsked(serializers.Serializer[Any]):
    """Which part of the queue."""

    state = OneOf(choices=QUEUES, default="open")


class Timed(serializers.Serializer[Any]):
    """Every body about an attempt says what time it is on the one clock."""

    server_now = serializers.SerializerMethodField()

    def get_server_now(self, _: Any) -> datetime:
        """The time the doorway read, once."""
        now: datetime = self.context["server_now"]
        return now


class ReviewAppeal(serializers.Serializer[Any]):
    """The appeal that a review hears, in the learner's words."""

    filed_at = serializers.DateTimeField()
    reason = serializers.CharField()


class ReviewQueueRow(serializers.Serializer[Review]):
    """One row of the queue; it names nobody before a claim."""

    id = serializers.UUIDField()
    twin = serializers.CharField(source="attempt.twin_slug")
    attempt_number = serializers.IntegerField(source="attempt.number")
    state = serializers.ChoiceField(choices=["open", "claimed", "signed_off"])
    waiting_since = serializers.DateTimeField(
        help_text="The last hand-in, or when it was appealed; the queue is ordered by it."
    )
    claimed_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True, help_text="When the claim runs out.")
    times_overdue = serializers.IntegerField()
    appeal = serializers.SerializerMethodField(
        help_text="What it hears, when it is an appeal; whoever held the first does not."
    )
    forced = serializers.SerializerMethodField(help_text="A hand-in was forced past a critical self-check.")

    def get_forced(self, review: Review) -> bool:
        """From the query that made the page, or from the doorway that looked at one review."""
        said = getattr(review, "forced", None)
        return bool(self.context.get("forced", False) if said is None else said)

    @extend_schema_field(ReviewAppeal(allow_null=True))
    def get_appeal(self, review: Review) -> dict[str, Any] | None:
        """Null for a first review."""
        appeal = getattr(review, "appeal", None)
        return dict(ReviewAppeal(appeal).data) if appeal is not None else None


class ScoreEvidence(Body):
    """A piece of evidence of this attempt: an event by number, a run by id, or a quoted text."""

    kind = OneOf(choices=["event", "run", "text"])
    ref = serializers.CharField(max_length=2_000)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ScoreOut(serializers.Serializer[Any]):
    """One scored dimension."""

    dimension = serializers.CharField(source="dimension.key")
    title = serializers.CharField(source="dimension.title")
    weight = serializers.SerializerMethodField(help_text="The share of the overall score, e.g. 0.2500.")
    score = serializers.SerializerMethodField(help_text="A multiple of 0.05 from 0.00 to 1.00.")
    comment = serializers.CharField()
    evidence = ScoreEvidence(many=True)
    scored_at = serializers.DateTimeField()

    def get_weight(self, row: Any) -> str:
        """Basis points as a decimal."""
        return f"{row.dimension.weight_bp / scoring.FULL_WEIGHT:.4f}"

    def get_score(self, row: Any) -> str:
        """Twentieths as a decimal."""
        return str(scoring.to_decimal(row.twentieths))


class AssertionOut(serializers.Serializer[Any]):
    """One asserted skill."""

    skill = serializers.CharField(source="skill.skill")
    weight = serializers.SerializerMethodField()
    ceiling = serializers.SerializerMethodField()

    def get_weight(self, row: Any) -> str:
        """Twentieths as a decimal."""
        return str(scoring.to_decimal(row.twentieths))

    def get_ceiling(self, row: Any) -> str:
        """Twentieths as a decimal."""
        return str(scoring.to_decimal(row.ceiling_twentieths))


class DimensionOut(serializers.Serializer[Any]):
    """One dimension of the rubric of this review."""

    key = serializers.CharField()
    title = serializers.CharField()
    tests = serializers.CharField()
    weight_bp = serializers.IntegerField()
    anchors = serializers.SerializerMethodField(help_text="What a score means, by score, as the learner read it too.")

    def get_anchors(self, row: Any) -> dict[str, str]:
        """From the version of the twin that this attempt sits."""
        found: dict[str, str] = self.context["anchors"].get(row.key, {})
        return found


class ReviewDetail(Timed, ReviewQueueRow):
    """A claimed review: its rubric, and the draft so far."""

    attempt = serializers.UUIDField(source="attempt_id")
    learner = serializers.CharField(source="attempt.learner.name")
    threshold_bp = serializers.IntegerField(source="rubric.threshold_bp")
    dimensions = DimensionOut(many=True, source="rubric.dimensions")
    scores = ScoreOut(many=True)
    assertions = AssertionOut(many=True)
    signed_off_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField()


class ReviewRelease(Body):
    """Why a review is handed back."""

    reason = serializers.CharField(max_length=2_000)


class ReviewReassign(Body):
    """Who gets the review, and why."""

    mentor = serializers.EmailField(max_length=254)
    reason = serializers.CharField(max_length=2_000)


class ScoreIn(Body):
    """A score with what supports it."""

    score = serializers.DecimalField(max_digits=9, decimal_places=6, help_text="A multiple of 0.05 from 0.00 to 1.00.")
    comment = serializers.CharField(max_length=MAX_COMMENT, required=False, allow_blank=True, default="")
    evidence = Few(child=ScoreEvidence(), required=False, default=list, max_length=MAX_EVIDENCE)


class AssertionIn(Body):
    """A skill on offer and the weight it is given."""

    skill = serializers.CharField(max_length=120)
    weight = serializers.DecimalField(max_digits=9, decimal_places=6)


class AssertionsIn(Body):
    """The whole list, replacing the one before."""

    assertions = Few(child=AssertionIn(), max_length=50)

    def validate_assertions(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each skill once."""
        named = [one["skill"] for one in given]
        twice = sorted({skill for skill in named if named.count(skill) > 1})
        if twice:
            raise serializers.ValidationError(f"Named twice: {', '.join(twice)}. Assert each skill once.")
        return given


class AssertionsSaved(serializers.Serializer[Any]):
    """The draft as it is now."""

    server_now = serializers.DateTimeField()
    assertions = AssertionOut(many=True)


class ScoreSaved(serializers.Serializer[Any]):
    """The draft score as it is now."""

    server_now = serializers.DateTimeField()
    score = ScoreOut()


class ReplayEvent(serializers.Serializer[Any]):
    """One event of the ledger."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    offset_seconds = serializers.FloatField(allow_null=True)
    kind = serializers.CharField()
    by = serializers.ChoiceField(choices=["learner", "staff", "platform"])
    payload = serializers.DictField()
    sha256 = serializers.CharField()


class ReplayOut(serializers.Serializer[Any]):
    """The ledger as a timeline."""

    server_now = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    events = ReplayEvent(many=True)


class SignOffIn(Body):
    """The one confirmed act."""

    confirm = serializers.BooleanField(
        default=False, help_text="Must be true: signing off freezes the review. Without it you are told what would be."
    )
    read_force_reason = serializers.BooleanField(
        default=False, help_text="Must be true when a hand-in was forced past a critical self-check."
    )
    note_to_learner = serializers.CharField(max_length=MAX_COMMENT, required=False, allow_blank=True, default="")
