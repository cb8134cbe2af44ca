"""No page of the operators' lets an admin act in somebody else's name: no tokens, no passwords, no sessions."""

from __future__ import annotations

import io
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from knox.models import AuthToken

from accounts.models import Act, Role, User
from exams.database_clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.urls import URLPattern, URLResolver

    from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(cast: Cast) -> Client:
    """The admin, who may do on the operators' pages whatever anybody may."""
    assert cast.admin.is_superuser
    client = Client()
    client.force_login(cast.admin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _addresses(patterns: list[URLPattern | URLResolver], before: str, key: object) -> Iterator[str]:
    """Every address of the operators' pages, with `key` where a page is of one row."""
    for each in patterns:
        route = before + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from _addresses(each.url_patterns, route, key)
        elif "(?P" not in route:
            yield route.replace("<path:object_id>", str(key)).replace("<path:content_type_id>/", "1/")


def _secrets() -> tuple[Any, ...]:
    return (
        list(AuthToken.objects.values_list("digest", "user", "expiry")),
        list(User.objects.order_by("pk").values_list("pk", "password", "is_superuser")),
    )


def test_no_page_makes_a_token_or_gives_anybody_a_password(operator: Client, cast: Cast) -> None:
    whom = cast.mentor
    row, _ = AuthToken.objects.create(whom)
    said = {
        "user": whom.pk,
        "expiry": "",
        "expiry_0": "2030-01-01",
        "expiry_1": "00:00:00",
        "reason": "I say so.",
        "email": whom.email,
        "name": whom.name,
        "role": whom.role,
        "time_zone": "UTC",
        "is_active": "on",
        "is_superuser": "on",
        "groups": "1",
        "user_permissions": "1",
        "password": "horse-battery-9",
        "password1": "horse-battery-9",
        "password2": "horse-battery-9",
        "usable_password": "true",
    }
    before = _secrets()
    tried = set()
    for key in (whom.pk, row.pk):
        for address in _addresses(admin.site.get_urls(), "/admin/", key):
            if address.endswith(("/logout/", "/delete/", "password_change/")) or address in tried:
                continue
            answer = operator.post(address, said)
            assert b"TOKEN" not in answer.content, address
            assert _secrets() == before, address
            tried.add(address)
    assert {"/admin/knox/authtoken/add/", f"/admin/accounts/user/{whom.pk}/change/"} <= tried
    assert f"/admin/accounts/user/{whom.pk}/password/" not in tried


def test_what_the_pages_write_at_all(cast: Cast) -> None:
    request = RequestFactory().get("/admin/")
    request.user = cast.admin
    pages = admin.site._registry
    may = {
        what: {model._meta.label for model, page in pages.items() if getattr(page, f"has_{what}_permission")(request)}
        for what in ("add", "change", "delete")
    }
    locks = {"axes.AccessAttempt"}  # all its fields are read-only; one that is deleted lets somebody guess again
    assert may["add"] == {"accounts.Accommodation", "rubrics.ConflictOfInterest"}
    assert may["change"] - locks == {"accounts.User", "rubrics.ConflictOfInterest"}
    assert may["delete"] - locks == {"knox.AuthToken"}
    assert Session not in pages, "whoever reads a session's key has the session"


def test_tokens_ended_together_are_each_recorded(operator: Client, cast: Cast) -> None:
    rows = [AuthToken.objects.create(cast.mentor)[0], AuthToken.objects.create(cast.learner)[0]]
    assert operator.get("/admin/knox/authtoken/").status_code == 200
    assert operator.get(f"/admin/knox/authtoken/{rows[0].pk}/change/").status_code == 200
    said = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert operator.post("/admin/knox/authtoken/", said).status_code == 302
    assert not AuthToken.objects.exists()
    ended = Act.objects.filter(kind="token.ended")
    assert {(act.whom, act.by, act.via) for act in ended} == {
        (cast.mentor, cast.admin, "/admin/"),
        (cast.learner, cast.admin, "/admin/"),
    }


@pytest.mark.parametrize(
    ("page", "instead"), [("knox/authtoken", "manage.py token"), ("accounts/user", "manage.py make_person")]
)
def test_who_looks_for_the_form_is_told_where_it_is_done(operator: Client, page: str, instead: str) -> None:
    for answer in (operator.get(f"/admin/{page}/add/"), operator.post(f"/admin/{page}/add/", {"user": 1})):
        assert answer.status_code == 403
        assert instead in answer.json()["detail"]


def test_a_token_from_the_command_line_has_an_end(cast: Cast) -> None:
    call_command("token", cast.learner.email, stdout=io.StringIO(), stderr=io.StringIO())
    token = AuthToken.objects.get()
    assert database_now() < token.expiry <= database_now() + timedelta(days=30)


def test_the_database_takes_no_token_without_an_end(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="a token has an end"), transaction.atomic():
        AuthToken.objects.create(cast.learner, expiry=None)
    AuthToken.objects.create(cast.learner)
    with pytest.raises(IntegrityError, match="a token has an end"), transaction.atomic():
        AuthToken.objects.update(expiry=None)


def test_those_that_had_no_end_are_ended_and_it_is_recorded_why(cast: Cast) -> None:
    kept, _ = AuthToken.objects.create(cast.learner)
    endless, _ = AuthToken.objects.create(cast.learner)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE knox_authtoken DISABLE TRIGGER token_ends")
        AuthToken.objects.filter(pk=endless.pk).update(expiry=None)
        cursor.execute("ALTER TABLE knox_authtoken ENABLE TRIGGER token_ends")
        cursor.execute(import_module("accounts.migrations.0003_tokens_end").ENDED)
    assert AuthToken.objects.get().pk == kept.pk
    ended = Act.objects.filter(whom=cast.learner).order_by("-seq")[0]
    assert (ended.kind, ended.via) == ("token.ended", "migration accounts.0003_tokens_end")
    assert ended.reason.startswith("It had no end")


def test_who_is_made_an_admin_enters_the_pages_and_who_is_one_no_more_keeps_nothing(
    operator: Client, cast: Cast
) -> None:
    page = f"/admin/accounts/user/{cast.mentor.pk}/change/"
    said = {"email": cast.mentor.email, "name": "Mona", "time_zone": "UTC", "is_active": "on", "reason": "The term."}
    theirs = Client()
    theirs.force_login(cast.mentor, backend="django.contrib.auth.backends.ModelBackend")
    for role, status in ((Role.ADMIN, 200), (Role.MENTOR, 302)):
        assert operator.post(page, {**said, "role": role, "is_staff": "on"}).status_code == 302
        assert theirs.get("/admin/accounts/user/").status_code == status
        cast.mentor.refresh_from_db()
        assert cast.mentor.is_staff is cast.mentor.is_superuser is (role == Role.ADMIN)


def test_who_is_no_admin_any_more_enters_no_page(operator: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.admin.pk).update(role=Role.MENTOR)
    assert operator.get("/admin/accounts/user/").status_code == 302, "asked to sign in"
