"""The operators' pages and commands: what an admin is told, and in which zone."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils.formats import localize

from accounts.models import Act, User
from exams.database_clock import database_now
from rubrics.models import ConflictOfInterest
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(cast: Cast) -> Client:
    """The admin, signed in to the operators' pages."""
    User.objects.filter(pk=cast.admin.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=cast.admin.pk), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_times_have_seconds_and_a_zone() -> None:
    assert localize(datetime(2026, 11, 21, 9, 7, 20, tzinfo=UTC)) == "21 Nov 2026, 09:07:20 UTC"


@pytest.mark.parametrize(
    "page",
    [
        "grading/gradingrun",
        "grading/reprocheck",
        "exams/attempt",
        "exams/deployment",
        "rubrics/review",
        "rubrics/appeal",
    ],
)
def test_a_page_is_read_and_not_written(operator: Client, page: str) -> None:
    assert operator.get(f"/admin/{page}/").status_code == 200
    assert operator.get(f"/admin/{page}/add/").status_code == 403


def test_a_conflict_of_interest_needs_only_who_and_why(operator: Client, cast: Cast) -> None:
    said = {"mentor": cast.mentor.pk, "learner": cast.learner.pk, "reason": "Cousins."}
    before = database_now()
    assert operator.post("/admin/rubrics/conflictofinterest/add/", said).status_code == 302
    declared = ConflictOfInterest.objects.get()
    assert declared.declared_at > before
    assert declared.declared_by == cast.admin
    assert operator.post("/admin/rubrics/conflictofinterest/add/", said).status_code == 200, "it is there already"


def test_a_conflict_of_interest_is_ended_once_with_who_and_why_and_may_be_declared_again(
    operator: Client, cast: Cast
) -> None:
    said = {"mentor": cast.mentor.pk, "learner": cast.learner.pk, "reason": "Cousins."}
    operator.post("/admin/rubrics/conflictofinterest/add/", said)
    declared = ConflictOfInterest.objects.get()
    page = f"/admin/rubrics/conflictofinterest/{declared.pk}/change/"
    assert operator.get(page).status_code == 200
    assert operator.post(page, {"end_reason": " "}).status_code == 200, "why is missing"
    assert operator.post(page, {"end_reason": "Not cousins.", "reason": "x", "learner": "1"}).status_code == 302
    ended = ConflictOfInterest.objects.get()
    assert (ended.reason, ended.learner, ended.ended_by) == ("Cousins.", cast.learner, cast.admin)
    assert (ended.end_reason, ended.declared_at) == ("Not cousins.", declared.declared_at)
    assert ended.ended_at is not None
    assert declared.declared_at < ended.ended_at < database_now()
    assert operator.post(page, {"end_reason": "Again."}).status_code == 403
    assert operator.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert operator.post("/admin/rubrics/conflictofinterest/add/", said).status_code == 302
    acts = Act.objects.filter(whom=cast.learner, kind__startswith="conflict.").order_by("seq")
    assert [(act.kind, act.by, act.reason) for act in acts] == [
        ("conflict.declared", cast.admin, "Cousins."),
        ("conflict.ended", cast.admin, "Not cousins."),
        ("conflict.declared", cast.admin, "Cousins."),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rubrics_conflictofinterest SET reason = 'x'",
        "UPDATE rubrics_conflictofinterest SET ended_at = now()",
        "UPDATE rubrics_conflictofinterest SET ended_at = now(), ended_by_id = declared_by_id",
        "UPDATE rubrics_conflictofinterest SET ended_at = now(), ended_by_id = declared_by_id, end_reason = ' '",
        "UPDATE rubrics_conflictofinterest SET ended_at = now(), ended_by_id = 1, end_reason = 'x', reason = 'y'",
        "DELETE FROM rubrics_conflictofinterest",
        "SET LOCAL hotseat.allow_truncate = 'off'; TRUNCATE rubrics_conflictofinterest",
    ],
)
def test_the_database_keeps_a_conflict_of_interest(cast: Cast, statement: str) -> None:
    ConflictOfInterest.objects.create(
        mentor=cast.mentor, learner=cast.learner, reason="Cousins.", declared_by=cast.admin
    )
    with pytest.raises(IntegrityError, match="is a record"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def test_a_person_needs_an_address() -> None:
    with pytest.raises(CommandError, match="not an e-mail address"):
        call_command("make_person", "nobody")
