"""The operators' pages, where whatever is sent is done by who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite

from accounts import acts
from accounts.models import User

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


class OperatorsSite(AdminSite):
    """Django's own, but for one thing: the database is told who acts, on every page."""

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
