"""The last to see an answer: an error that the framework wrote as a page of HTML becomes a problem document."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

from config.problem import PROBLEM_JSON, Problem, body
from config.problem_pages import OUR_FAULT, wants_html
from config.problems import FRAMEWORK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_ROWS = {row.status: row for row in reversed(FRAMEWORK.values())}


@sync_and_async_middleware
def errors_are_problems(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Django middleware, the outermost. Browsers keep the operators' pages as they are, and git its plain text."""
    if iscoroutinefunction(get_response):

        async def answered_later(request: HttpRequest) -> HttpResponseBase:
            return _as_problem(request, await get_response(request))

        return answered_later

    def answered(request: HttpRequest) -> HttpResponseBase:
        return _as_problem(request, get_response(request))  # type: ignore[arg-type]  # told apart above

    return answered


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < HTTPStatus.BAD_REQUEST or response.streaming:
        return response
    page = response.headers.get("Content-Type", "text/html").startswith("text/html")
    if not page or (request.path.startswith("/admin/") and wants_html(request)):
        return response
    row = _row(response.status_code)
    response.content = json.dumps(body(row, f"{request.method} {request.path}: {row.title}.")).encode()  # type: ignore[attr-defined]
    response["Content-Type"] = PROBLEM_JSON
    if "Content-Length" in response:
        response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
    return response


def _row(status: int) -> Problem:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return replace(OUR_FAULT, status=status)
    return _ROWS.get(status) or replace(_ROWS[HTTPStatus.BAD_REQUEST], status=status)
