"""A page for every problem `type`, made from the same table that answers are made from."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from accounts.signing_in import LockedOut
from config.problems import FRAMEWORK, PROBLEM_JSON, TABLE, Problem, body

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
_OTHERWISE = "`detail` says what to do next."


def described() -> dict[str, dict[str, Any]]:
    """Every problem by its name: title, status, what it means, what to do."""
    found: dict[str, dict[str, Any]] = {
        "our-fault": {
            "type": "/problems/our-fault",
            "title": "We made a mistake",
            "status": 500,
            "means": "Something we did not foresee; it has been logged.",
            "remedy": "Send the request again; if it stays, tell an admin.",
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
    if _wants_html(request):
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
    if _wants_html(request):
        body = format_html(
            "<p>HTTP {}</p><h2>What it means</h2><p>{}</p><h2>What to do</h2><p>{}</p>",
            found["status"],
            found["means"],
            found["remedy"],
        )
        return _page(found["title"], body)
    return JsonResponse(found)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """An address that leads nowhere."""
    row = Problem(404, "not-found", "There is nothing here")
    return JsonResponse(body(row, f"No page has the address {request.path}."), status=404, content_type=PROBLEM_JSON)


def our_fault(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """Something we did not foresee."""
    row = Problem(500, "our-fault", "We made a mistake")
    detail = "This is our fault, not yours, and it has been logged. Send the request again; if it stays, tell an admin."
    return JsonResponse(body(row, detail), status=500, content_type=PROBLEM_JSON)


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse | None = None,  # noqa: ARG001 - the library's signature
    credentials: dict[str, Any] | None = None,  # noqa: ARG001 - as above
) -> HttpResponse:
    """What somebody is told who has guessed too often, on the API's sign-in and the operators'."""
    del request
    detail = "Too many wrong passwords for this address. Wait 15 minutes, or ask an admin for a new one."
    answer = JsonResponse(body(TABLE[LockedOut], detail), status=429, content_type=PROBLEM_JSON)
    answer["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return answer


def _wants_html(request: HttpRequest) -> bool:
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
