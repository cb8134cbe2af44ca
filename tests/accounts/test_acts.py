"""What is done to people: recorded by the database with who, when and why, and never rewritten."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from knox.models import AuthToken

from accounts import acts
from accounts.models import Accommodation, Act, Role, User
from exams.database_clock import database_now
from tests.people import PASSWORD, client_of

if TYPE_CHECKING:
    from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(cast: Cast) -> Client:
    """The admin, signed in to the operators' pages."""
    client = Client()
    client.force_login(cast.admin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _last(whom: User) -> Act:
    return Act.objects.filter(whom=whom).order_by("-seq")[0]


def _person(user: User, **changes: Any) -> dict[str, Any]:
    said = {name: getattr(user, name) for name in ("email", "name", "role", "time_zone", "is_active")}
    return {name: value for name, value in (said | changes).items() if value is not False}


def test_an_admin_who_makes_a_learner_an_admin_is_recorded_with_why(operator: Client, cast: Cast) -> None:
    before = database_now()
    said = _person(cast.learner, role=Role.ADMIN, reason="She runs the spring term.")
    assert operator.post(f"/admin/accounts/user/{cast.learner.pk}/change/", said).status_code == 302
    act = _last(cast.learner)
    assert (act.kind, act.by, act.via, act.reason) == (
        "person.changed",
        cast.admin,
        "/admin/",
        "She runs the spring term.",
    )
    assert act.changes == {"role": ["learner", "admin"], "is_staff": [False, True], "is_superuser": [False, True]}
    assert before < act.at < database_now()


def test_nobody_is_changed_without_saying_why(operator: Client, cast: Cast) -> None:
    said = _person(cast.learner, role=Role.ADMIN)
    assert operator.post(f"/admin/accounts/user/{cast.learner.pk}/change/", said).status_code == 200
    cast.learner.refresh_from_db()
    assert cast.learner.role == Role.LEARNER


@pytest.mark.parametrize(
    ("field", "value", "was"),
    [
        ("role", "mentor", "learner"),
        ("is_active", False, True),
        ("is_staff", True, False),
        ("is_superuser", True, False),
        ("email", "ada@new.example", "ada@learn.example"),
        ("name", "Ada L.", "Ada"),
    ],
)
def test_a_change_by_any_way_is_recorded(cast: Cast, field: str, value: object, was: object) -> None:
    User.objects.filter(pk=cast.learner.pk).update(**{field: value})
    act = _last(cast.learner)
    assert act.changes == {field: [was, value]}
    assert act.by is None
    assert act.via.startswith("database role "), "nobody said who it was, and the record says so"


def test_a_password_is_recorded_as_replaced_and_never_shown(cast: Cast) -> None:
    cast.learner.set_password("another-horse-battery")
    cast.learner.save()
    assert _last(cast.learner).changes == {"password": ["not shown", "another, not shown"]}


def test_ones_own_password_at_the_operators_pages_is_ones_own_act(operator: Client, cast: Cast) -> None:
    new = "another-horse-battery"
    said = {"old_password": PASSWORD, "password1": new, "password2": new, "usable_password": "true"}
    said |= {"new_password1": new, "new_password2": new}
    assert operator.post("/admin/password_change/", said).status_code == 302
    act = _last(cast.admin)
    assert (list(act.changes), act.by, act.via) == (["password"], cast.admin, "/admin/")


def test_what_i_change_of_myself_is_mine_and_signing_in_is_no_act(cast: Cast) -> None:
    assert client_of(cast.learner).patch("/api/v1/me/", {"time_zone": "Asia/Kolkata"}).status_code == 200
    act = _last(cast.learner)
    assert (act.changes, act.by, act.via) == ({"time_zone": ["UTC", "Asia/Kolkata"]}, cast.learner, "API")
    User.objects.filter(pk=cast.learner.pk).update(last_login=database_now())
    assert _last(cast.learner) == act


def test_the_commands_record_who_they_make_and_whose_tokens_they_make_and_end() -> None:
    call_command("make_person", "new@learn.example", role="mentor", stdout=io.StringIO())
    person = User.objects.get(email="new@learn.example")
    made = _last(person)
    assert (made.kind, made.via, made.changes["role"]) == ("person.made", "manage.py make_person", [None, "mentor"])
    printed = io.StringIO()
    call_command("token", person.email, stdout=printed, stderr=io.StringIO())
    token = _last(person)
    assert (token.kind, token.via) == ("token.made", "manage.py token")
    assert printed.getvalue().strip()[:8] not in str(token.changes)
    call_command("token", person.email, "--revoke", stderr=io.StringIO())
    ended = _last(person)
    assert (ended.kind, ended.via) == ("token.ended", "manage.py token --revoke")
    assert ended.changes["token"] == token.changes["token"][::-1]


def test_a_token_ended_at_the_operators_pages_is_recorded(operator: Client, cast: Cast) -> None:
    row, _ = AuthToken.objects.create(cast.learner)
    answer = operator.post(f"/admin/knox/authtoken/{row.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    act = _last(cast.learner)
    assert (act.kind, act.by) == ("token.ended", cast.admin)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_act SET reason = 'x'",
        "UPDATE accounts_act SET at = at - interval '1 day'",
        "DELETE FROM accounts_act",
        "UPDATE accounts_accommodation SET multiplier_percent = 400",
        "UPDATE accounts_accommodation SET granted_by_id = learner_id",
        "DELETE FROM accounts_accommodation",
        "DELETE FROM accounts_user WHERE email = 'ben@learn.example'",
        "SET LOCAL hotseat.allow_truncate = 'off'; TRUNCATE accounts_act",
        "SET LOCAL hotseat.allow_truncate = 'off'; TRUNCATE accounts_accommodation",
    ],
)
def test_the_database_refuses_to_rewrite_it(cast: Cast, statement: str) -> None:
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason="r", granted_by=cast.admin)
    held = list(Act.objects.order_by("pk").values()), list(Accommodation.objects.values())
    with pytest.raises(IntegrityError, match="is a record"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    assert (list(Act.objects.order_by("pk").values()), list(Accommodation.objects.values())) == held


def test_the_database_gives_time_number_and_hashes_whatever_is_given(cast: Cast) -> None:
    forged = Act(whom=cast.learner, seq=9, at="2020-01-01T00:00Z", via="x", kind="y", sha256="0", previous_sha256="0")
    before = database_now()
    forged.save()
    kept = _last(cast.learner)
    assert kept.seq == 2
    assert kept.at > before
    assert acts.verify(cast.learner) is None


def test_an_altered_record_is_found(cast: Cast) -> None:
    User.objects.filter(pk=cast.learner.pk).update(role="admin")
    User.objects.filter(pk=cast.learner.pk).update(role="learner")
    assert acts.verify(cast.learner) is None
    call_command("acts", stdout=io.StringIO(), stderr=io.StringIO())
    with connection.cursor() as cursor:  # what only the owner of the table can do
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_act DISABLE TRIGGER act_kept")
        cursor.execute("UPDATE accounts_act SET changes = '{}' WHERE whom_id = %s AND seq = 2", [cast.learner.pk])
        cursor.execute("ALTER TABLE accounts_act ENABLE TRIGGER act_kept")
    broken = acts.verify(cast.learner)
    assert broken is not None
    assert broken.seq == 2
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("acts", cast.learner.email, stdout=said, stderr=io.StringIO())
    assert "ada@learn.example: entry 2 is broken" in said.getvalue()


def test_who_acts_is_said_for_as_long_as_it_lasts(cast: Cast) -> None:
    with acts.done_by(cast.admin, via="outer", reason="one"):
        with acts.done_by(cast.mentor, via="inner", reason="two"):
            User.objects.filter(pk=cast.learner.pk).update(name="A")
        inner = _last(cast.learner)
        with pytest.raises(RuntimeError), acts.done_by(cast.mentor, via="inner"):
            raise RuntimeError
        User.objects.filter(pk=cast.learner.pk).update(name="B")
        outer = _last(cast.learner)
    User.objects.filter(pk=cast.learner.pk).update(name="C")
    assert [(act.by, act.reason) for act in (inner, outer, _last(cast.learner))] == [
        (cast.mentor, "two"),
        (cast.admin, "one"),
        (None, ""),
    ]


def test_the_newest_accommodation_counts_and_one_of_100_percent_ends_it(operator: Client, cast: Cast) -> None:
    for percent, reason in ((150, "Doctor's letter."), (200, "A second letter."), (100, "It was for one term.")):
        said = {"learner": cast.learner.pk, "multiplier_percent": percent, "reason": reason}
        assert operator.post("/admin/accounts/accommodation/add/", said).status_code == 302
        assert Accommodation.percent_of(cast.learner) == percent
        act = _last(cast.learner)
        assert (act.kind, act.by, act.reason) == ("accommodation.granted", cast.admin, reason)
    assert act.changes == {"multiplier_percent": [200, 100]}
    rows = Accommodation.objects.order_by("pk").values_list("multiplier_percent", "granted_by", "reason")
    assert [row[0] for row in rows] == [150, 200, 100]
    assert {row[1] for row in rows} == {cast.admin.pk}
    assert Accommodation.percent_of(cast.other_learner) == 100


def test_an_accommodation_is_not_edited_at_the_operators_pages_and_says_why(operator: Client, cast: Cast) -> None:
    row = Accommodation.objects.create(
        learner=cast.learner,
        multiplier_percent=150,
        reason="r",
        granted_by=cast.mentor,
        granted_at="2020-01-01T00:00Z",
    )
    row.refresh_from_db()
    assert row.granted_at.year > 2020, "the database's clock says when"
    for page in ("change", "delete"):
        answer = operator.post(f"/admin/accounts/accommodation/{row.pk}/{page}/", {"post": "yes", "reason": "x"})
        assert answer.status_code == 403
    with pytest.raises(IntegrityError, match="says why"), transaction.atomic():
        Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason=" ", granted_by=cast.admin)


@pytest.mark.parametrize("page", ["accounts/act", "accounts/accommodation", "knox/authtoken", "accounts/user"])
def test_the_page_is_shown(operator: Client, cast: Cast, page: str) -> None:
    AuthToken.objects.create(cast.learner)
    assert operator.get(f"/admin/{page}/").status_code == 200


def test_acts_are_not_written_by_hand(operator: Client, cast: Cast) -> None:
    act = _last(cast.learner)
    assert operator.get(f"/admin/accounts/act/{act.pk}/change/").status_code == 200
    assert operator.get("/admin/accounts/act/add/").status_code == 403
    assert operator.post(f"/admin/accounts/act/{act.pk}/change/", {"reason": "x"}).status_code == 403
    assert operator.post(f"/admin/accounts/act/{act.pk}/delete/", {"post": "yes"}).status_code == 403
