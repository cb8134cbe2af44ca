"""The operators' pages, where whatever is sent is done by who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite

from accounts import acts
from accounts.models import Role, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


class OperatorsSite(AdminSite):
    """Django's own, but only admins enter, and the database is told who acts, on every page."""

    def has_permission(self, request: HttpRequest) -> bool:
        """What one may do goes by the role: who was an admin and is a mentor now keeps Django's flags, and no page."""
        return super().has_permission(request) and getattr(request.user, "role", None) == Role.ADMIN

    def admin_view(
        self,
        view: Callable[..., HttpResponseBase],
        cacheable: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> Any:
        """One page."""

        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST" or not isinstance(request.user, User):
                return view(request, *args, **kwargs)
            with acts.done_by(request.user, via="/admin/"):
                return view(request, *args, **kwargs)

        return super().admin_view(page, cacheable)
