"""The operators' pages on people: roles, tokens, the time they were granted, and what was done to whom by whom."""

from typing import Any

from axes.models import AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from knox.models import AuthToken

from accounts import acts
from accounts.models import Accommodation, Act, Role, User

admin.site.unregister(Group)  # what a person may do is their role
for replaced in (AuthToken, AccessLog, AccessFailureLog):
    admin.site.unregister(replaced)


class Kept(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Facts: the database refuses to change or delete them, so no page offers it."""

    list_per_page = 50
    show_full_result_count = False
    actions = None
    ordering = ("-pk",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody edits one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody deletes one."""
        return False


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """A person, and why they are changed."""

    reason = forms.CharField(
        widget=forms.Textarea, max_length=2_000, help_text="Why. It is kept with what you change and your name."
    )


class MadeElsewhere(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Rows that nobody makes on these pages; `made_how` says why, and where instead."""

    made_how: str

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """Nobody may."""
        return False

    def add_view(self, *_: Any, **__: Any) -> HttpResponse:
        """Not here.

        Raises:
            PermissionDenied: always; it says where instead.
        """
        raise PermissionDenied(self.made_how)


@admin.register(User)
class UserAdmin(MadeElsewhere):
    """People. Passwords are not shown or set here; nobody is deleted, only made inactive."""

    made_how = (
        "Nobody is made on these pages. An operator makes a person, and is shown their password once, with: "
        "manage.py make_person EMAIL --role learner|mentor|admin --name NAME"
    )
    form = PersonForm
    list_display = ("email", "name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    fields = ("email", "name", "role", "time_zone", "is_active", "reason")
    ordering = ("email",)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        """What a person did stays theirs."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Recorded with who did it and why. Whether they enter these pages goes by their role."""
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMIN
        assert isinstance(request.user, User)  # noqa: S101 - these pages let only people in
        with acts.done_by(request.user, via="/admin/", reason=form.cleaned_data["reason"]):
            super().save_model(request, obj, form, change)


@admin.register(AuthToken)
class TokenAdmin(MadeElsewhere):
    """Tokens: seen and ended. Not made: whoever makes one for somebody acts in their name, and nothing shows it."""

    made_how = (
        "No token is made on these pages: whoever has it acts in that person's name. "
        "An operator prints one, with an end, with: manage.py token EMAIL"
    )
    list_display = ("digest", "user", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("digest", "user__email")
    fields = list_display
    ordering = ("-created",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody edits one."""
        return False


@admin.register(Accommodation)
class AccommodationAdmin(Kept):
    """More time for one learner, with the reason and who granted it. The newest counts; one of 100 % ends it."""

    list_display = ("learner", "multiplier_percent", "reason", "granted_by", "granted_at")
    list_select_related = ("learner", "granted_by")
    search_fields = ("learner__email",)
    fields = ("learner", "multiplier_percent", "reason")
    autocomplete_fields = ("learner",)

    def save_model(self, request: HttpRequest, obj: Accommodation, form: Any, change: Any) -> None:
        """Whoever saves it granted it."""
        assert isinstance(request.user, User)  # noqa: S101 - these pages let only people in
        obj.granted_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(Act)
class ActAdmin(Kept):
    """What was done to whom, when, by whom, and why."""

    list_display = ("at", "whom", "kind", "changes", "by", "via", "reason")
    list_filter = ("kind",)
    list_select_related = ("whom", "by")
    search_fields = ("whom__email", "by__email")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """The database writes them."""
        return False


@admin.register(AccessLog, AccessFailureLog)
class SignInsAdmin(Kept):
    """Who signed in from where, and who could not: an admin does not wipe out how somebody came in."""

    list_display = ("attempt_time", "username", "ip_address", "user_agent", "path_info")
    search_fields = ("username", "ip_address")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's signature
        """They are written as they happen."""
        return False
