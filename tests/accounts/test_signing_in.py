"""Signing in with a session or a token, and being locked out for guessing."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Accommodation, User
from tests.people import PASSWORD, Cast, client_of

pytestmark = pytest.mark.django_db

SESSION = "/api/v1/session/"
ME = "/api/v1/me/"


@pytest.fixture
def browser() -> APIClient:
    """A client that minds CSRF, as a browser makes us."""
    return APIClient(enforce_csrf_checks=True)


def _sign_in(browser: APIClient, email: str, password: str) -> object:
    token = browser.get(SESSION).json()["csrf_token"]
    return browser.post(SESSION, {"email": email, "password": password}, headers={"X-CSRFToken": token})


def test_a_session_opens_tells_who_and_closes(cast: Cast, browser: APIClient) -> None:
    assert browser.get(SESSION).json()["person"] is None
    opened = _sign_in(browser, " ADA@learn.example", PASSWORD)
    assert opened.status_code == 201  # type: ignore[attr-defined]
    assert browser.get(ME).json()["email"] == cast.learner.email
    token = browser.get(SESSION).json()["csrf_token"]
    assert browser.delete(SESSION).status_code == 403, "closing it takes the CSRF token too"
    assert browser.delete(SESSION, headers={"X-CSRFToken": token}).status_code == 204
    assert browser.get(ME).status_code == 401


def test_signing_in_takes_the_csrf_token(cast: Cast, browser: APIClient) -> None:
    refused = browser.post(SESSION, {"email": cast.learner.email, "password": PASSWORD})
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/csrf-token-needed"
    assert "CSRF cookie not set" in refused.json()["detail"]
    assert "GET /api/v1/session/" in refused.json()["detail"]
    assert "X-CSRFToken" in refused.json()["detail"]


def test_a_stale_csrf_token_is_told_where_the_present_one_is(cast: Cast, browser: APIClient) -> None:
    stale = browser.get(SESSION).json()["csrf_token"]
    _sign_in(browser, cast.learner.email, PASSWORD)
    for headers, why in (({"X-CSRFToken": stale}, "incorrect"), ({}, "CSRF token missing")):
        refused = browser.patch(ME, {"name": "Eve"}, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/csrf-token-needed")
        assert why in refused.json()["detail"]
        assert "GET /api/v1/session/" in refused.json()["detail"]


def test_a_page_elsewhere_is_told_that_it_is_elsewhere(cast: Cast, browser: APIClient) -> None:
    token = browser.get(SESSION).json()["csrf_token"]
    said = {"email": cast.learner.email, "password": PASSWORD}
    refused = browser.post(SESSION, said, headers={"X-CSRFToken": token, "Origin": "https://elsewhere.example"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/csrf-token-needed")
    assert "https://elsewhere.example" in refused.json()["detail"]
    assert "CSRF_TRUSTED_ORIGINS" in refused.json()["detail"]


def test_writes_with_a_session_take_the_csrf_token(cast: Cast, browser: APIClient) -> None:
    _sign_in(browser, cast.learner.email, PASSWORD)
    assert browser.patch(ME, {"name": "Eve"}).status_code == 403
    token = browser.get(SESSION).json()["csrf_token"]
    assert browser.patch(ME, {"name": "Ada L."}, headers={"X-CSRFToken": token}).json()["name"] == "Ada L."


@pytest.mark.parametrize(
    ("email", "password"), [("ada@learn.example", "wrong"), ("nobody@learn.example", PASSWORD), ("", "")]
)
def test_wrong_sign_ins_do_not_say_which_half_is_wrong(cast: Cast, email: str, password: str) -> None:
    refused = client_of().post(SESSION, {"email": email or "x", "password": password or "x"})
    assert refused.status_code == 401
    assert refused.json()["type"] == "/problems/wrong-password"


def test_somebody_deactivated_cannot_sign_in(cast: Cast) -> None:
    cast.learner.is_active = False
    cast.learner.save()
    assert client_of().post(SESSION, {"email": cast.learner.email, "password": PASSWORD}).status_code == 401


def test_ten_wrong_passwords_lock_the_address_even_for_the_right_one(cast: Cast, settings: Settings) -> None:
    settings.AXES_ENABLED = True
    client = client_of()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert client.post(SESSION, {"email": cast.learner.email, "password": "guess"}).status_code == 401
    locked = client.post(SESSION, {"email": cast.learner.email, "password": "guess"})
    assert locked.status_code == 429
    assert locked.json()["type"] == "/problems/locked-out"
    assert client.post(SESSION, {"email": cast.learner.email, "password": PASSWORD}).status_code == 429
    assert client.post(SESSION, {"email": cast.mentor.email, "password": PASSWORD}).status_code == 201


def test_guessing_at_the_operators_sign_in_locks_too(cast: Cast, settings: Settings) -> None:
    settings.AXES_ENABLED = True
    client = client_of()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/admin/login/", {"username": cast.admin.email, "password": "guess"}, format="multipart")
    right = {"username": cast.admin.email, "password": PASSWORD}
    assert client.post("/admin/login/", right, format="multipart").status_code == 429
    assert client.get("/admin/").status_code == 302


def test_a_token_is_printed_once_and_opens_the_api(cast: Cast) -> None:
    out = StringIO()
    call_command("token", cast.learner.email.upper(), stdout=out, stderr=StringIO())
    token = out.getvalue().strip()
    client = APIClient(headers={"Authorization": f"Token {token}"})
    assert client.get(ME).json()["email"] == cast.learner.email
    call_command("token", cast.learner.email, "--revoke", stdout=StringIO(), stderr=StringIO())
    assert client.get(ME).status_code == 401


def test_a_token_for_nobody_is_refused(cast: Cast) -> None:
    with pytest.raises(CommandError, match=r"Nobody active.*manage.py make_person nobody@learn.example"):
        call_command("token", "nobody@learn.example")


def test_a_password_says_what_it_is_on_a_terminal_and_is_bare_in_a_pipe() -> None:
    piped, terminal = StringIO(), StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    for email, out in (("one@learn.example", piped), ("two@learn.example", terminal)):
        call_command("make_person", email, role="mentor", stdout=out)
    password = piped.getvalue().removesuffix("\n")
    assert User.objects.get(email="one@learn.example").check_password(password)
    said, password = terminal.getvalue().splitlines()
    assert User.objects.get(email="two@learn.example").check_password(password)
    assert said.startswith("two@learn.example (mentor) signs in with this password. It is shown this once")


def test_i_may_change_my_name_and_zone(cast: Cast) -> None:
    me = client_of(cast.learner).patch(ME, {"name": "Ada L.", "time_zone": "Asia/Kolkata"}).json()
    assert (me["name"], me["time_zone"]) == ("Ada L.", "Asia/Kolkata")


@pytest.mark.parametrize("field", ["role", "email", "multiplier_percent", "timezone"])
def test_what_is_not_mine_to_change_or_is_misspelt_is_refused_and_nothing_is_changed(cast: Cast, field: str) -> None:
    answer = client_of(cast.learner).patch(ME, {"name": "Eve", field: "admin"})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["detail"] == "There is no such field here; those there are: name, time_zone."
    cast.learner.refresh_from_db()
    assert (cast.learner.name, cast.learner.role, cast.learner.email) == ("Ada", "learner", "ada@learn.example")


@pytest.mark.parametrize("body", [{"time_zone": "Mars/Olympus"}, {"name": ""}, {"name": "x" * 121}, {"name": "\x00"}])
def test_what_cannot_be_a_name_or_a_zone_is_refused_by_field(cast: Cast, body: dict[str, str]) -> None:
    refused = client_of(cast.learner).patch(ME, body)
    assert refused.status_code == 400
    assert [row["field"] for row in refused.json()["errors"]] == list(body)


def test_i_see_the_extra_time_i_was_granted(cast: Cast) -> None:
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=125, reason="r", granted_by=cast.admin)
    assert client_of(cast.learner).get(ME).json()["multiplier_percent"] == 125
