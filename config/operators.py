"""Who may see the inside of the platform without being on it: admins, a collector with its token, this very machine."""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError
from django.http.request import split_domain_port
from rest_framework.exceptions import AuthenticationFailed

from accounts.token_header import PrintableTokenAuthentication
from exams.access import AdminsOnly, require_admin
from exams.errors import Refusal

if TYPE_CHECKING:
    from django.http import HttpRequest

# A proxy on this machine calls from loopback too; what it passes on for others carries one of these.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")


class OperatorsOnly(Refusal):
    """The inside of the platform is shown to admins, to who has the metrics' token, and on the machine itself."""


def require_operator(request: HttpRequest) -> None:
    """Refuse a stranger.

    Raises:
        OperatorsOnly: it is one.
    """
    if not is_operator(request):
        raise OperatorsOnly(
            "This is for operators. Sign in as an admin, send `Authorization: Bearer` with the platform's "
            "HOTSEAT_METRICS_TOKEN, or ask from the machine itself."
        )


def is_operator(request: HttpRequest) -> bool:
    """Whether a request is from this machine itself, has the metrics' token, or is an admin's."""
    return _from_here(request) or _has_token(request) or _is_admin(request)


def _from_here(request: HttpRequest) -> bool:
    if any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        host = split_domain_port(request.get_host())[0]
    except DisallowedHost:
        return False
    # A page in somebody's browser may call a name of its own that leads here; it cannot choose to be called localhost.
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and (host == "localhost" or _is_loopback(host.strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    wanted: str = settings.HOTSEAT_METRICS_TOKEN
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    fits = secrets.compare_digest(sent.strip().encode(), wanted.encode())
    return bool(wanted) and scheme.lower() == "bearer" and fits


def _is_admin(request: HttpRequest) -> bool:
    try:
        found = PrintableTokenAuthentication().authenticate(request)
        require_admin(found[0] if found is not None else request.user)
    except (AuthenticationFailed, AdminsOnly, DatabaseError):
        return False
    return True
