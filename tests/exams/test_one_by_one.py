"""A row that fails is named and undone; the others are done. What concerns them all stops the sweep."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from accounts.models import User
from exams.one_by_one import one_by_one

pytestmark = pytest.mark.django_db


def _make(name: str) -> int:
    User.objects.create_user(f"{name}@learn.example", "correct-horse-battery", name=name)
    if name == "bad":
        raise KeyError(name)
    if name == "away":
        raise OperationalError("the connection is lost")
    return 1


def test_one_that_fails_is_undone_and_named_and_the_others_are_done(caplog: pytest.LogCaptureFixture) -> None:
    assert one_by_one(["a", "bad", "b"], _make, what="person %s cannot be made") == 2
    assert set(User.objects.values_list("name", flat=True)) == {"a", "b"}
    assert "ALERT: person bad cannot be made" in caplog.text


def test_no_more_are_done_than_were_asked_for_and_one_that_fails_does_not_count() -> None:
    assert one_by_one(["bad", "a", "b", "c"], _make, what="person %s cannot be made", most=2) == 2
    assert set(User.objects.values_list("name", flat=True)) == {"a", "b"}


def test_what_concerns_all_of_them_is_not_taken_for_one_bad_row() -> None:
    with pytest.raises(OperationalError):
        one_by_one(["a", "away", "b"], _make, what="person %s cannot be made")
