"""The operators' pages on judgement: conflicts of interest are declared and ended, all else is only read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import User
from exams.database_clock import database_now
from rubrics.models import (
    Appeal,
    Basis,
    ConflictOfInterest,
    Notice,
    Review,
    Rubric,
    Score,
    SkillAssertion,
    SkillOnOffer,
)


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

    list_display = ("id", "attempt", "round", "state", "mentor", "waiting_since", "due_at", "times_overdue", "passed")
    list_filter = ("state", "round", "passed")
    list_select_related = ("attempt", "mentor")


@admin.register(Appeal)
class AppealAdmin(Read):
    """Appeals: filed by learners, heard by another mentor than the first."""

    list_display = ("attempt", "filed_at", "against", "review", "reason")
    list_select_related = ("attempt", "against", "review")


@admin.register(Basis)
class BasisAdmin(Read):
    """What signed reviews were judged by; the review's page at its mentor shows it in a form to read."""

    list_display = ("review", "kept_at", "sha256")
    fields = ("review", "kept_at", "sha256")
    list_select_related = ("review",)


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


class ConflictForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """Declaring a conflict, or ending one: both say why."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse a second one of the same two people, and an act without a reason."""
        said = super().clean() or self.cleaned_data
        why = "reason" if self.instance.pk is None else "end_reason"
        if not said.get(why, "").strip():
            self.add_error(why, "Say why. It is kept.")
        pair = {"mentor": said.get("mentor"), "learner": said.get("learner")}
        if all(pair.values()) and ConflictOfInterest.objects.filter(**pair, ended_at=None).exists():
            raise ValidationError("These two are marked as in conflict already.")
        return said


@admin.register(ConflictOfInterest)
class ConflictOfInterestAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Who does not review whom. One is declared, and ended at most once; it is never edited and never deleted."""

    form = ConflictForm
    list_display = ("mentor", "learner", "reason", "declared_at", "declared_by", "ended_at", "ended_by", "end_reason")
    list_select_related = ("mentor", "learner", "declared_by", "ended_by")
    autocomplete_fields = ("mentor", "learner")
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - the framework's signature
        """Who and why; of one that is declared also its end."""
        return ("mentor", "learner", "reason") if obj is None else self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002 - as above
        """All but why it ends, once it is declared."""
        return () if obj is None else tuple(name for name in self.list_display if name != "end_reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has ended stays so."""
        return super().has_change_permission(request, obj) and (obj is None or obj.ended_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """It is ended instead."""
        return False

    def save_model(self, request: HttpRequest, obj: ConflictOfInterest, form: Any, change: Any) -> None:  # noqa: ARG002
        """Whoever saves it declared it, or ended it, at the database's time."""
        assert isinstance(request.user, User)  # noqa: S101 - these pages let only people in
        if not change:
            obj.declared_by = request.user
            obj.save()
            return
        obj.ended_at, obj.ended_by = database_now(), request.user
        obj.save(update_fields=["ended_at", "ended_by", "end_reason"])
