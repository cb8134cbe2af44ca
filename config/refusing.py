"""Turns what a view raised into its answer: the problem in the table, with what this refusal says."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from django.db import DatabaseError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.problem import PROBLEM_JSON, Json, Problem, body
from config.problems import find
from config.wording import in_our_words

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

_QUOTED = 500  # characters of what is wrong with one field
_FIELDS = 50  # of one request; who mends those sees the rest


def _respond(problem: Problem, detail: str, facts: Mapping[str, Json] | None = None) -> Response:
    """A problem as a response."""
    return Response(body(problem, detail, facts), status=problem.status, content_type=PROBLEM_JSON)


def field_errors(detail: Json, path: str = "") -> list[dict[str, str]]:
    """Flattens DRF's nested error detail to `{field, code, detail}` rows; `field` is a dotted path."""
    if isinstance(detail, dict):
        return [
            row for key, value in detail.items() for row in field_errors(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(detail, list):
        rows: list[dict[str, str]] = []
        for position, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            rows += field_errors(value, f"{path}.{position}" if nested else path)
        return rows
    return [
        {"field": path, "code": str(getattr(detail, "code", "invalid")), "detail": in_our_words(str(detail))[:_QUOTED]}
    ]


def handle(error: Exception, context: Mapping[str, Json]) -> Response | None:
    """DRF's exception handler: a refusal we know becomes its problem; what we do not know is ours and stays a 500."""
    row = find(error)
    if row is None:
        if isinstance(error, DatabaseError):
            log.error("The database refused a request to %s", context.get("view"), exc_info=error)
        return None
    set_rollback()
    if isinstance(error, exceptions.ValidationError):
        rows = field_errors(error.detail)[:_FIELDS]
        detail = " ".join(f"{r['field']}: {r['detail']}" if r["field"] else r["detail"] for r in rows[:5])
        return _respond(row, detail, {"errors": rows})
    facts: dict[str, Json] = dict(getattr(error, "facts", {}))
    response = _respond(row, in_our_words(str(getattr(error, "detail", None) or error)) or row.title, facts)
    wait = getattr(error, "wait", None) or facts.get("retry_after_seconds")
    if wait is not None:
        response["Retry-After"] = str(max(1, math.ceil(wait)))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        response.status_code = status.HTTP_401_UNAUTHORIZED
        response["WWW-Authenticate"] = "Token"
    return response
