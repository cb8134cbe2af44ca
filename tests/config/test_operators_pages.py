"""The operators' pages and commands: what an admin is told, and in which zone."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.formats import localize

from accounts.models import User
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


@pytest.mark.parametrize("page", ["grading/gradingrun", "grading/reprocheck", "exams/attempt", "rubrics/review"])
def test_a_page_is_read_and_not_written(operator: Client, page: str) -> None:
    assert operator.get(f"/admin/{page}/").status_code == 200
    assert operator.get(f"/admin/{page}/add/").status_code == 403


def test_a_conflict_of_interest_needs_only_who_and_why(operator: Client, cast: Cast) -> None:
    said = {"mentor": cast.mentor.pk, "learner": cast.learner.pk, "reason": "Cousins."}
    assert operator.post("/admin/rubrics/conflictofinterest/add/", said).status_code == 302
    assert ConflictOfInterest.objects.get().declared_at is not None


def test_a_person_needs_an_address() -> None:
    with pytest.raises(CommandError, match="not an e-mail address"):
        call_command("make_person", "nobody")
