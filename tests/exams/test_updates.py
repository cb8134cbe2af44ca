"""Status updates: immutable, timed by the server, only during the live window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from exams import live
from exams.live.updates import FURTHEST_NEXT, Posted, TooManyUpdates, UpdateUnusable
from exams.models import Attempt, LateWrite, StatusUpdate
from exams.windows import NotStarted
from tests.attempts import NOON, live_attempt, ready_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, MICROSECOND, events

pytestmark = pytest.mark.django_db


def post(attempt: Attempt, *, at: datetime = EARLY, **changes: Any) -> Posted:
    said: dict[str, Any] = {
        "audience": StatusUpdate.Audience.CUSTOMERS,
        "state": StatusUpdate.State.INVESTIGATING,
        "text": "We are looking into wrong fees.",
        "impact": "",
        "next_update_at": None,
    }
    return live.post_update(attempt=attempt, actor=attempt.learner, received_at=at, **(said | changes))


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    posted = post(attempt, at=at)
    assert posted.receipt.counts is counts
    assert StatusUpdate.objects.count() == int(counts)
    assert LateWrite.objects.count() == int(not counts)
    assert posted.receipt.late_by_seconds == (None if counts else (at - (NOON + timedelta(minutes=90))).total_seconds())


def test_an_update_is_never_changed(cast: Cast) -> None:
    update = post(live_attempt(cast.learner, started_at=NOON)).update
    assert update is not None
    update.text = "It was nothing."
    with pytest.raises(IntegrityError), transaction.atomic():
        update.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusUpdate.objects.all().delete()


def test_updates_are_numbered_and_ledgered_with_what_they_said(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for number in (1, 2):
        posted = post(attempt, text=f"Update {number}")
        assert posted.update is not None
        assert posted.update.number == number
    assert [event.payload["text"] for event in events(attempt, "status_update.posted")] == ["Update 1", "Update 2"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"impact": "x" * 2_001}, "impact"),
        ({"next_update_at": EARLY}, "next_update_at"),
        ({"next_update_at": EARLY + FURTHEST_NEXT + MICROSECOND}, "next_update_at"),
    ],
)
def test_an_update_that_cannot_be_posted_says_what_to_change(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UpdateUnusable) as refused:
        post(live_attempt(cast.learner, started_at=NOON), **changes)
    assert refused.value.facts["field"] == field
    assert StatusUpdate.objects.count() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "x" * 4_000},
        {"impact": "x" * 2_000},
        {"next_update_at": EARLY + MICROSECOND},
        {"next_update_at": EARLY + FURTHEST_NEXT},
    ],
)
def test_an_update_just_inside_the_limits_is_posted(cast: Cast, changes: dict[str, Any]) -> None:
    assert post(live_attempt(cast.learner, started_at=NOON), **changes).update is not None


def test_there_is_a_most(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for _ in range(100):
        post(attempt)
    with pytest.raises(TooManyUpdates, match="100"):
        post(attempt)


def test_the_same_late_update_is_stored_once(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    at = NOON + timedelta(hours=2)
    first, again = post(attempt, at=at), post(attempt, at=at + MICROSECOND)
    assert again.late == first.late
    assert again.receipt == first.receipt
    assert LateWrite.objects.count() == 1


def test_nothing_is_posted_before_the_start(cast: Cast) -> None:
    with pytest.raises(NotStarted):
        post(ready_attempt(cast.learner, now=NOON))


def test_over_http(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/status-updates/"
    client = client_of(cast.learner)
    body = {"audience": "customers", "state": "identified", "text": "We know why.", "impact": "Fees of two products."}
    posted = client.post(address, body)
    assert posted.status_code == 201
    assert posted.data["receipt"]["counts"] is True
    assert posted.data["status_update"]["number"] == 1
    assert posted.data["late_write"] is None
    listed = client.get(address)
    assert [each["text"] for each in listed.data["results"]] == ["We know why."]
    for wrong in ({"audience": "press"}, {"state": "fine"}, {"text": "\x00"}, {"next_update_at": "soon"}):
        refused = client.post(address, body | wrong)
        assert (refused.status_code, refused.data["type"]) == (400, "/problems/invalid")
    for method in (client.put, client.patch, client.delete):
        assert method(address, body).status_code == 405
    assert client_of(cast.other_learner).post(address, body).status_code == 404
    assert client_of(None).post(address, body).status_code == 401


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({"impcat": "Thirty answers."}, "impcat", "audience, state, text, impact, next_update_at"),
        ({"audience": "press"}, "audience", "stakeholders, customers, engineering, compliance"),
    ],
)
def test_over_http_a_refusal_names_what_there_is(cast: Cast, sent: dict[str, str], field: str, says: str) -> None:
    attempt = live_attempt(cast.learner)
    body = {"audience": "customers", "state": "identified", "text": "We know why."}
    refused = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/status-updates/", body | sent)
    assert refused.status_code == 400
    assert [each["field"] for each in refused.data["errors"]] == [field]
    assert says in refused.data["detail"]
    assert not StatusUpdate.objects.exists()


def test_over_http_a_late_one_is_accepted_and_says_that_it_does_not_count(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    body = {"audience": "customers", "state": "resolved", "text": "All is well."}
    late = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/status-updates/", body)
    assert late.status_code == 202
    assert late.data["receipt"]["counts"] is False
    assert late.data["status_update"] is None
    assert late.data["late_write"]["kind"] == "status_update"
    assert "only if an admin grants it" in late.data["receipt"]["message"]
