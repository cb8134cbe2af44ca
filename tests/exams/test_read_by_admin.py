"""Rule 28: that an admin reads a learner's attempt is in its ledger, where the learner sees it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from accounts.models import Act
from exams import access, ledger
from exams.database_clock import database_now
from exams.models import Event, Submission
from rubrics.models import Review
from tests.attempts import live_attempt
from tests.people import client_of
from tests.work import uploaded

if TYPE_CHECKING:
    from exams.models import Attempt
    from tests.people import Cast

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Ada's, live."""
    return live_attempt(cast.learner)


def _noted(attempt: Attempt) -> list[Event]:
    return list(Event.objects.filter(attempt=attempt, kind="attempt.read_by_admin").order_by("seq"))


@pytest.mark.django_db
def test_the_learner_sees_that_an_admin_read_their_attempt(cast: Cast, attempt: Attempt) -> None:
    before = database_now()
    assert client_of(cast.admin).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 200
    (event,) = _noted(attempt)
    assert event.actor == cast.admin
    assert before <= event.at <= database_now()
    feed = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/events/").json()["events"]
    assert [(row["kind"], row["actor"]) for row in feed][-1] == ("attempt.read_by_admin", "admin")
    assert ledger.verify(attempt.pk) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "attempts/{attempt}/",
        "attempts/{attempt}/events/",
        "attempts/{attempt}/receipts/",
        "attempts/{attempt}/runs/",
        "attempts/{attempt}/drafts/diagnosis/",
        "attempts/{attempt}/export/",
        "runs/{run}/",
        "reviews/{review}/",
        "reviews/{review}/evidence/",
        "reviews/{review}/replay/",
    ],
)
def test_whatever_an_admin_opens_is_noted_once(cast: Cast, attempt: Attempt, address: str) -> None:
    now = database_now()
    run = Submission.objects.create(
        attempt=attempt,
        purpose="run",
        number=1,
        mode="file_upload",
        upload=uploaded(attempt, b"PK", at=now),
        received_at=now,
    )
    review = Review.objects.create(attempt=attempt, rubric=attempt.twin.rubric, opened_at=now, waiting_since=now)
    path = "/api/v1/" + address.format(attempt=attempt.pk, run=run.pk, review=review.pk)
    for _ in range(3):
        answer = client_of(cast.admin).get(path)
        assert answer.status_code in {200, 404}, "a deliverable without a draft"
        assert answer.getvalue()
    assert len(_noted(attempt)) == 1


@pytest.mark.django_db
def test_neither_a_learners_nor_a_mentors_reading_is_noted(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "mentors_may_see", [lambda user, _: user == cast.mentor])
    for reader in (cast.learner, cast.mentor):
        assert client_of(reader).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 200
    assert client_of(cast.other_learner).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 404
    assert _noted(attempt) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("later", "events"),
    [
        (timedelta(0), 1),
        (timedelta(hours=1) - MICROSECOND, 1),
        (timedelta(hours=1), 2),
        (timedelta(hours=1) + MICROSECOND, 2),
    ],
)
def test_one_event_an_hour(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch, later: timedelta, events: int
) -> None:
    first = database_now()
    for now in (first, first + later):
        monkeypatch.setattr(access, "database_now", lambda now=now: now)
        access.attempt_for(cast.admin, attempt.pk)
    assert [event.at for event in _noted(attempt)] == [first, first + later][:events]


@pytest.mark.django_db
def test_each_admin_is_noted(cast: Cast, attempt: Attempt) -> None:
    cast.mentor.role = "admin"
    cast.mentor.save()
    for admin in (cast.admin, cast.mentor, cast.admin):
        access.attempt_for(admin, attempt.pk)
    assert [event.actor for event in _noted(attempt)] == [cast.admin, cast.mentor]


@pytest.mark.django_db(transaction=True)
def test_a_locked_attempt_is_read_all_the_same_and_the_reading_is_kept_with_the_learner(
    cast: Cast, attempt: Attempt
) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ledger.hold(attempt.pk)
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        assert client_of(cast.admin).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 200
    finally:
        done.set()
        holder.join()
    assert _noted(attempt) == []
    act = Act.objects.get(whom=cast.learner, kind="attempt.read_by_admin")
    assert (act.by, act.changes) == (cast.admin, {"attempt": [None, str(attempt.pk)]})
    assert client_of(cast.admin).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 200
    assert len(_noted(attempt)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_readings_at_once_one_is_noted(cast: Cast, attempt: Attempt) -> None:
    together = threading.Barrier(5)

    def read() -> None:
        together.wait(10)
        access.attempt_for(cast.admin, attempt.pk)
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(5)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(_noted(attempt)) == 1
