"""The operators' pages on exams: all is read here and nothing written, since every change is an act in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from exams.models import (
    Attempt,
    Deployment,
    Diagnosis,
    Event,
    HandIn,
    Heartbeat,
    Inject,
    LateWrite,
    Opening,
    Question,
    Stage,
    StatusUpdate,
    Submission,
    TwinVersion,
    Upload,
)

if TYPE_CHECKING:
    from django.http import HttpRequest


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the checker only
    """Rows as they are. What changes an attempt goes through the API, which writes the ledger with it."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """Nobody edits one here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """Nobody deletes one here."""
        return False


def _shown(
    model: type[Any], columns: tuple[str, ...], *, filters: tuple[str, ...] = (), search: tuple[str, ...] = ()
) -> None:
    """Register a model with its columns; relations in columns are read with the rows."""
    relations = [column for column in columns if model._meta.get_field(column).is_relation]  # noqa: SLF001 - Django's public name
    admin.site.register(
        model,
        type(
            f"{model.__name__}Admin",
            (ReadOnly,),
            {
                "list_display": columns,
                "list_filter": filters,
                "search_fields": search,
                "list_select_related": relations or False,
                "ordering": ("-pk",),
            },
        ),
    )


_shown(TwinVersion, ("slug", "version", "published_at", "retired_at"), filters=("slug",))
_shown(
    Attempt,
    ("id", "learner", "twin_slug", "number", "state", "started_at", "closed_at"),
    filters=("state", "twin_slug"),
    search=("id__exact", "learner__email"),
)
_shown(Stage, ("attempt", "key", "opens_at", "closes_at", "state", "closed_at", "swept_at"), filters=("key", "state"))
_shown(
    Event,
    ("attempt", "seq", "at", "kind", "actor", "visible_to_learner", "is_receipt"),
    filters=("kind",),
    search=("attempt__id__exact",),
)
_shown(HandIn, ("attempt", "stage", "number", "received_at", "by_deadline", "force_reason"), filters=("by_deadline",))
_shown(
    Submission,
    ("id", "attempt", "purpose", "number", "mode", "state", "received_at", "rejected_code"),
    filters=("state", "purpose", "mode"),
    search=("id__exact", "attempt__id__exact"),
)
_shown(LateWrite, ("attempt", "stage", "kind", "received_at", "late_by", "granted_at", "granted_by"), filters=("kind",))
_shown(StatusUpdate, ("attempt", "number", "audience", "state", "received_at"), filters=("state", "audience"))
_shown(Inject, ("attempt", "rule", "occurrence", "role", "due_at", "written_at"), filters=("role", "rule"))
_shown(Opening, ("attempt", "what", "first_at", "last_at", "times"), filters=("what",))
_shown(Question, ("attempt", "number", "state", "tries", "received_at", "answered_at"), filters=("state",))
_shown(
    Deployment,
    ("attempt", "number", "kind", "state", "requested_at", "due_at", "claims", "ended_at", "last_fault"),
    filters=("state", "kind"),
    search=("attempt__id__exact",),
)
_shown(Diagnosis, ("attempt", "number", "component", "failure_class", "received_at"))
_shown(Upload, ("attempt", "name", "size", "committed_at", "bytes_at", "expired_at"))
_shown(Heartbeat, ("part", "at"))
