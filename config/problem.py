"""One shape for every refusal over HTTP: `application/problem+json`, RFC 9457."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_JSON = "application/problem+json"
Json = Any


@dataclass(frozen=True)
class Problem:
    """How one kind of refusal looks over HTTP.

    Attributes:
        status: HTTP status.
        slug: Its stable name; `type` is ``/problems/<slug>``, which shows the error's docstring and the remedy.
        title: The same for everybody; `detail` says what happened this time.
        remedy: What to do about it; empty where `detail` always says.
    """

    status: int
    slug: str
    title: str
    remedy: str = ""


def body(problem: Problem, detail: str, facts: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """The members of a problem document."""
    return {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        **(facts or {}),
    }


def answer(problem: Problem, detail: str, facts: Mapping[str, Json] | None = None) -> JsonResponse:
    """A problem as an answer of a plain view."""
    return JsonResponse(body(problem, detail, facts), status=problem.status, content_type=PROBLEM_JSON)
