"""A page for every problem `type`, made from the same table that answers are made from."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe
from rest_framework.exceptions import ParseError

from accounts.signing_in import LockedOut
from config.problem import Problem, answer
from config.problems import FRAMEWORK, TABLE

if TYPE_CHECKING:
    from django.http import HttpRequest

_BY_STATUS = {
    400: "Correct the request; `detail` and `errors` say what cannot be used.",
    401: "Sign in, or send a token: Authorization: Token …",
    403: "Sign in as somebody who may, or ask an admin.",
    404: "Check the address, and who is signed in.",
    409: "Something stands in the way; `detail` says what, and what to do.",
    429: "Wait, then send it again.",
}
OUR_FAULT = Problem(500, "our-fault", "We made a mistake", "Send the request again; if it stays, tell an admin.")
_OTHERWISE = "`detail` says what to do next."


def described() -> dict[str, dict[str, Any]]:
    """Every problem by its name: title, status, what it means, what to do."""
    found: dict[str, dict[str, Any]] = {
        OUR_FAULT.slug: {
            "type": f"/problems/{OUR_FAULT.slug}",
            "title": OUR_FAULT.title,
            "status": OUR_FAULT.status,
            "means": "Something we did not foresee; it has been logged.",
            "remedy": OUR_FAULT.remedy,
        }
    }
    for kind, row in {**FRAMEWORK, **TABLE}.items():
        ours = kind.__module__.partition(".")[0] not in {"rest_framework", "django"}
        found[row.slug] = {
            "type": f"/problems/{row.slug}",
            "title": row.title,
            "status": row.status,
            "means": inspect.cleandoc(kind.__doc__ or "") if ours and kind.__doc__ else f"{row.title}.",
            "remedy": row.remedy or _BY_STATUS.get(row.status, _OTHERWISE),
        }
    return dict(sorted(found.items()))


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All of them."""
    problems = described()
    if wants_html(request):
        rows = format_html_join(
            "",
            '<li><a href="{}">{}</a>: {}</li>',
            ((each["type"], each["type"], each["title"]) for each in problems.values()),
        )
        return _page("Problems", format_html("<ul>{}</ul>", rows))
    return JsonResponse({"problems": list(problems.values())})


@require_safe
def problem(request: HttpRequest, slug: str) -> HttpResponse:
    """One of them."""
    found = described().get(slug)
    if found is None:
        raise Http404("There is no problem of that name.")
    if wants_html(request):
        body = format_html(
            "<p>HTTP {}</p><h2>What it means</h2><p>{}</p><h2>What to do</h2><p>{}</p>",
            found["status"],
            found["means"],
            found["remedy"],
        )
        return _page(found["title"], body)
    return JsonResponse(found)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """A request that the framework refuses before any view sees it."""
    if isinstance(exception, DisallowedHost):
        detail = (
            f"The Host header names no host of this platform. Send the request to {settings.HOTSEAT_PUBLIC_URL}; an "
            "operator who wants another name to answer adds it to ALLOWED_HOSTS."
        )
    else:
        detail = "The request could not be read. Correct it and send it again."
    return answer(FRAMEWORK[ParseError], detail)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """Something that this person may not do; who refuses may say what to do instead."""
    detail = str(exception) or "You may not do this. Sign in as somebody who may, or ask an admin."
    return answer(FRAMEWORK[PermissionDenied], detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """An address that leads nowhere."""
    detail = f"No page has the address {request.path}. Check it; those there are stand at /api/docs/."
    return answer(Problem(404, "not-found", "There is nothing here"), detail)


def our_fault(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """Something we did not foresee."""
    detail = "This is our fault, not yours, and it has been logged. Send the request again; if it stays, tell an admin."
    return answer(OUR_FAULT, detail)


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,  # noqa: ARG001 - the library's signature
    credentials: dict[str, Any] | None = None,  # noqa: ARG001 - as above
) -> HttpResponse:
    """What somebody is told who has guessed too often, on the API's sign-in and the operators'."""
    del request
    detail = "Too many wrong passwords for this address. Wait 15 minutes, or ask an admin for a new one."
    refused = answer(TABLE[LockedOut], detail)
    refused["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return refused


def wants_html(request: HttpRequest) -> bool:
    """Whether a person with a browser asks, rather than a program."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _page(title: str, body: str) -> HttpResponse:
    return HttpResponse(
        format_html(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>{} · Hotseat</title><h1>{}</h1>{}</html>',
            title,
            title,
            body,
        )
    )
