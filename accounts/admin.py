"""The operators' pages on people: roles, and the time they were granted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Accommodation, User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """People. Passwords are not shown or set here; nobody is deleted, only made inactive."""

    list_display = ("email", "name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    fields = ("email", "name", "role", "time_zone", "is_active", "is_staff")
    ordering = ("email",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """People are made with `manage.py make_person`, which gives them a password."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        """What a person did stays theirs."""
        return False


@admin.register(Accommodation)
class AccommodationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """More time for one learner, with the reason and who granted it."""

    list_display = ("learner", "multiplier_percent", "reason", "granted_by", "granted_at")
    list_select_related = ("learner", "granted_by")
    fields = ("learner", "multiplier_percent", "reason")
    autocomplete_fields = ("learner",)

    def save_model(self, request: HttpRequest, obj: Accommodation, form: Any, change: Any) -> None:
        """Whoever saves it granted it."""
        if isinstance(request.user, User):
            obj.granted_by = request.user
        super().save_model(request, obj, form, change)
