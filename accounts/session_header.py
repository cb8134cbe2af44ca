"""Reads the session of a browser from its request, and says what a write with one must carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.authentication import SessionScheme as SpectacularSessionScheme
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied

if TYPE_CHECKING:
    from rest_framework.request import Request

_OF_ORIGIN = ("Origin checking", "Referer checking")


class CsrfTokenNeeded(PermissionDenied):
    """A write with a session, or one that opens or closes a session, came without the session's present CSRF token.

    It shows that a page of the platform sent the write, and not some other page in the same browser.
    """


class SessionWithCsrfToken(SessionAuthentication):
    """The framework's, but for what a refusal says."""

    def enforce_csrf(self, request: Request) -> None:
        """Let a write through that carries the token.

        Raises:
            CsrfTokenNeeded: it does not, or comes from a page elsewhere.
        """
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refused:
            why = str(refused.detail).removeprefix("CSRF Failed: ").rstrip(".")
            if why.startswith(_OF_ORIGIN):
                raise CsrfTokenNeeded(
                    f"Nothing was done: {why}. Send it from a page of this platform, or, as a program, with "
                    "`Authorization: Token …` and no session; an operator names other origins in CSRF_TRUSTED_ORIGINS."
                ) from refused
            raise CsrfTokenNeeded(
                f"Nothing was done: {why}. First GET /api/v1/session/ and keep its cookies; then send this again with "
                "them and with the `csrf_token` of that answer in the header X-CSRFToken. Signing in or out makes a "
                "new one: ask again after it. A program that sends `Authorization: Token …` needs none."
            ) from refused


class SessionScheme(SpectacularSessionScheme):  # type: ignore[no-untyped-call]  # registers itself when it is defined
    """How the API's description names it."""

    target_class = "accounts.session_header.SessionWithCsrfToken"
