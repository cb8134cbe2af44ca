"""The operators' pages on grading: what waits, what runs, what we gave up on, and why; nothing is written here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from grading.models import GradingRun, ReproCheck, ReproReduction


class Read(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Rows as they are. A run that ended by our fault is tried again with `manage.py regrade`."""

    list_per_page = 50
    show_full_result_count = False
    actions = None
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """Nobody adds one here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """Nobody edits one here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """Nobody deletes one here."""
        return False


@admin.register(GradingRun)
class GradingRunAdmin(Read):
    """Runs by state; one that is stuck has claims, a worker, and its last fault."""

    list_display = ("submission", "learner", "state", "try_number", "claims", "worker", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("submission", "learner")
    search_fields = ("submission__id__exact", "learner__email")


@admin.register(ReproCheck)
class ReproCheckAdmin(Read):
    """Diagnoses whose repro is tried, or could not be."""

    list_display = ("diagnosis", "reproduces", "claims", "checked_at", "last_fault")
    list_filter = ("reproduces",)
    list_select_related = ("diagnosis",)


@admin.register(ReproReduction)
class ReproReductionAdmin(Read):
    """Repros of which it is found out what was needed, or could not be."""

    list_display = ("diagnosis", "questions", "needed", "runs", "claims", "done_at", "last_fault")
    list_select_related = ("diagnosis",)
