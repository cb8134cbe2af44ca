"""Reads the token of a program from its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from knox.models import AuthToken

    from accounts.models import User


class PrintableTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox's, which takes any bytes for a token and fails at those that are no text or that no database can look up."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Who has this token.

        Raises:
            AuthenticationFailed: nobody has.
        """
        if not token.isascii() or not token.decode("ascii").isprintable():
            raise AuthenticationFailed("Invalid token.")
        found: tuple[User, AuthToken] = super().authenticate_credentials(token)
        return found


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]  # registers itself when it is defined
    """How the API's description names it."""

    target_class = "accounts.token_header.PrintableTokenAuthentication"
