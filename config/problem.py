"""One shape for every refusal over HTTP: `application/problem+json`, RFC 9457."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_JSON = "application/problem+json"
DETAIL_CHARACTERS = 2_000  # a refusal that quotes what was sent does not send it all back
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
        "detail": _sayable(detail)[:DETAIL_CHARACTERS],
        **_sayable(dict(facts or {})),
    }


def _sayable(value: Json) -> Json:
    """The value without halves of characters, which a refusal may quote and no answer can carry."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_sayable(key): _sayable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_sayable(inner) for inner in value]
        case _:
            return value


def answer(problem: Problem, detail: str, facts: Mapping[str, Json] | None = None) -> JsonResponse:
    """A problem as an answer of a plain view."""
    return JsonResponse(body(problem, detail, facts), status=problem.status, content_type=PROBLEM_JSON)
