"""Signing in with address and password; guessing is slowed down and then stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate, login

from accounts.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest


class WrongPassword(Exception):
    """No active person has this address and password; which of the two is wrong is not told."""


class LockedOut(Exception):
    """Ten wrong passwords for one address from one place: it is closed there for a quarter of an hour."""


def sign_in(request: HttpRequest, *, email: str, password: str) -> User:
    """Open a session for the person with this address and password.

    Raises:
        LockedOut: there were too many wrong ones; the right one is not accepted either for a while.
        WrongPassword: they do not fit.
    """
    user = authenticate(request, username=email.strip().lower(), password=password)
    if getattr(request, "axes_locked_out", False):
        raise LockedOut("Too many wrong passwords for this address. Wait 15 minutes, or ask an admin for a new one.")
    if not isinstance(user, User):
        raise WrongPassword("The address and the password do not fit. Check both and try again.")
    login(request, user)
    return user


def guessed_address(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Whose password was guessed, whichever name the sign-in calls the address by: guesses are counted per address."""
    said = {**request.POST.dict(), **(credentials or {})}
    return str(said.get("username") or said.get("email") or "").strip().lower()
