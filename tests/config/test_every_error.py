"""Every error is a problem document, also those that the framework itself answers."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.test.client import AsyncClient

from config import problem_pages

pytestmark = pytest.mark.django_db
BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("path", ["/api/v1/me/", "/healthz", "/api/v1/twins/"])
@pytest.mark.parametrize("host", ["evil.example", "a b", "127.0.0.1:x", "", "\u00e9"])
def test_a_host_that_is_not_ours_is_a_problem(settings: Any, path: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = Client().get(path, HTTP_HOST=host)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["type"] == "/problems/unreadable"
    assert settings.HOTSEAT_PUBLIC_URL in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("DELETE", "/readyz", 405, "method-not-allowed"),
        ("GET", "/api/v2/", 404, "not-found"),
        ("GET", "/nothing-here", 404, "not-found"),
        ("POST", "/problems/", 405, "method-not-allowed"),
        ("GET", "/problems/no-such-thing", 404, "not-found"),
        ("POST", "/admin/login/", 403, "not-allowed"),
    ],
)
def test_what_the_framework_answers_is_a_problem(method: str, path: str, status: int, slug: str) -> None:
    client = Client(enforce_csrf_checks=path.startswith("/admin/"))
    answer = client.generic(method, path, headers={"accept": "application/json"})
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["type"] == f"/problems/{slug}"
    assert answer.json()["detail"]
    if status == 405:
        assert "GET" in answer["Allow"]


def test_operators_in_a_browser_keep_their_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", headers=BROWSER)
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (403, "text/html")


@pytest.mark.parametrize(
    ("raised", "status"), [(SuspiciousOperation("odd"), 400), (PermissionDenied(), 403), (RuntimeError("ours"), 500)]
)
def test_what_a_plain_view_raises_is_a_problem(monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int) -> None:
    def broken() -> None:
        raise raised

    monkeypatch.setattr(problem_pages, "described", broken)
    answer = Client(raise_request_exception=False).get("/problems/")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_it_holds_when_the_server_is_asynchronous() -> None:
    answer = async_to_sync(AsyncClient().post)("/healthz")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
