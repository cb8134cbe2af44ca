"""The operators' pages on judgement: conflicts of interest are entered here, everything else is only read."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from rubrics.models import ConflictOfInterest, Notice, Review, Rubric, Score, SkillAssertion, SkillOnOffer


class Read(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Rows that are shown and never edited: they change by the verbs of judgement, which write the ledger."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody edits one here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody deletes one here."""
        return False


@admin.register(Review)
class ReviewAdmin(Read):
    """Reviews by state and due time."""

    list_display = ("id", "attempt", "state", "mentor", "waiting_since", "due_at", "times_overdue", "passed")
    list_filter = ("state", "passed")
    list_select_related = ("attempt", "mentor")


@admin.register(Score)
class ScoreAdmin(Read):
    """Scores, in twentieths."""

    list_display = ("review", "dimension", "twentieths", "scored_by", "scored_at")
    list_select_related = ("review", "dimension", "scored_by")


@admin.register(Rubric)
class RubricAdmin(Read):
    """Rubrics of twin versions; a new one comes with a new version of its twin."""

    list_display = ("twin", "threshold_bp", "published_at")
    list_select_related = ("twin",)


@admin.register(SkillOnOffer, SkillAssertion, Notice)
class OtherAdmin(Read):
    """Skills on offer, skills asserted, and what was told to whom."""


@admin.register(ConflictOfInterest)
class ConflictOfInterestAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Who does not review whom."""

    list_display = ("mentor", "learner", "reason", "declared_at")
    list_select_related = ("mentor", "learner")
    fields = ("mentor", "learner", "reason")
    autocomplete_fields = ("mentor", "learner")
