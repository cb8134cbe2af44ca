"""So often may one person read telemetry and exports: enough for polling, and a clear refusal beyond."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections

from exams.api import pacing
from exams.models import ReadingPace
from tests.attempts import live_attempt
from tests.people import Cast, client_of, standing_cast

if TYPE_CHECKING:
    from accounts.models import User
    from exams.models import Attempt

WHAT = [("telemetry", pacing.TelemetryPace, 1), ("export", pacing.ExportPace, 60)]


def address(attempt: Attempt, what: str) -> str:
    return f"/api/v1/attempts/{attempt.pk}/{what}/"


def read(person: User, attempt: Attempt, what: str) -> int:
    """What a reading is answered with."""
    answer = client_of(person).get(address(attempt, what))
    if answer.streaming:
        answer.getvalue()  # an export holds a file until it is read
    return answer.status_code


def pass_seconds(seconds: float) -> None:
    """As if so much time had passed."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exams_readingpace SET rested_at = rested_at - make_interval(secs => %s)", [seconds])


@pytest.mark.django_db
@pytest.mark.parametrize(("what", "pace", "wait"), WHAT)
def test_beyond_the_pace_it_is_refused_and_says_when(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, what: str, pace: type[pacing.Pace], wait: int
) -> None:
    assert pace().every_seconds == wait
    monkeypatch.setattr(pace, "at_once", 3)
    attempt = live_attempt(cast.learner)
    for _ in range(3):
        assert read(cast.learner, attempt, what) == 200
    refused = client_of(cast.learner).get(address(attempt, what))
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert refused["Content-Type"] == "application/problem+json"
    assert wait - 1 <= int(refused["Retry-After"]) <= wait
    assert "3 times at once" in refused.json()["detail"]
    assert read(cast.admin, attempt, what) == 200, "others have a pace of their own"
    pass_seconds(wait)
    assert read(cast.learner, attempt, what) == 200
    assert read(cast.learner, attempt, what) == 429
    pass_seconds(wait * 100)
    for _ in range(3):
        assert read(cast.learner, attempt, what) == 200
    assert read(cast.learner, attempt, what) == 429


@pytest.mark.django_db
def test_a_refused_reading_costs_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing.ExportPace, "at_once", 1)
    attempt = live_attempt(cast.learner)
    assert read(cast.learner, attempt, "export") == 200
    before = ReadingPace.objects.get()
    for _ in range(5):
        assert read(cast.learner, attempt, "export") == 429
    assert ReadingPace.objects.get().rested_at == before.rested_at
    assert read(cast.learner, attempt, "telemetry") == 200, "one thing does not use up another"


@pytest.mark.django_db
def test_who_polls_every_second_in_two_tabs_is_not_refused_for_a_while(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    for _ in range(25):
        for _tab in range(2):
            assert read(cast.learner, attempt, "telemetry") == 200
        pass_seconds(1)


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_instant_get_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing.TelemetryPace, "at_once", 3)
    cast = standing_cast()
    attempt = live_attempt(cast.learner)
    barrier = threading.Barrier(8)
    found = []

    def one() -> None:
        barrier.wait()
        found.append(read(cast.learner, attempt, "telemetry"))
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 3 <= found.count(200) <= 5  # one more is free with each second it takes
    assert found.count(429) == 8 - found.count(200)
