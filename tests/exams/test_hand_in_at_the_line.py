"""A hundred hand-ins over HTTP around one deadline: each has a receipt, and each is on the right side of the line."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from knox.models import AuthToken

from exams import ledger
from exams.database_clock import database_now
from exams.models import Attempt, Event, HandIn, LateWrite, Stage, StageState
from exams.queries import counting_hand_in
from tests import web_server
from tests.attempts import move_windows
from tests.crowd import crowd, sweepers

pytestmark = pytest.mark.django_db(transaction=True)

LEARNERS = 20
EACH = 5


@dataclass(frozen=True)
class Sent:
    """One hand-in: not before when it was sent, and not after when it was answered, by the database's clock."""

    attempt: Attempt
    what: str
    sent_at: datetime
    answered_at: datetime
    status: int
    body: dict[str, Any]


def test_a_hundred_hand_ins_around_the_deadline() -> None:
    with web_server.running() as address, sweepers(2, seconds=120):
        attempts = crowd(LEARNERS, started_at=database_now(), with_drafts=False)
        tokens = [AuthToken.objects.create(attempt.learner)[1] for attempt in attempts]
        before, reading, after = time.monotonic(), database_now(), time.monotonic()

        def at_least() -> datetime:
            """The database's time cannot be earlier."""
            return reading + timedelta(seconds=time.monotonic() - after)

        def at_most() -> datetime:
            """The database's time cannot be later."""
            return reading + timedelta(seconds=time.monotonic() - before)

        def send(number: int) -> Sent:
            attempt, token = attempts[number % LEARNERS], tokens[number % LEARNERS]
            # From one second before the deadline to one second after it.
            at = deadline + timedelta(seconds=2 * number / (LEARNERS * EACH - 1) - 1)
            time.sleep(max(0.0, (at - at_least()).total_seconds()))
            sent_at = at_least()
            answer = client.post(
                f"{address}/api/v1/attempts/{attempt.pk}/stages/live/hand-in/",
                json={"deliverables": {"diagnosis": f"thought {number}"}, "self_checks": {"F1": "yes"}},
                headers={"Authorization": f"Token {token}"},
            )
            return Sent(attempt, f"thought {number}", sent_at, at_most(), answer.status_code, answer.json())

        with httpx.Client(timeout=60, limits=httpx.Limits(max_connections=40)) as client:
            client.get(f"{address}/healthz")
            deadline = database_now() + timedelta(seconds=2)
            move_windows(Stage.objects.filter(key="live"), closes_at=deadline)
            with ThreadPoolExecutor(40) as pool:
                sent = list(pool.map(send, range(LEARNERS * EACH)))
        while Stage.objects.filter(key="live", closed_at=None).exists():
            time.sleep(0.2)
    connection.close()

    assert Counter(each.status for each in sent).keys() == {201, 202}
    assert HandIn.objects.filter(by_deadline=False).count() + LateWrite.objects.count() == len(sent)
    for each in sent:
        receipt = each.body["receipt"]
        event = Event.objects.get(attempt=each.attempt, seq=receipt["number"])
        in_time = event.at < deadline
        assert in_time or each.answered_at >= deadline
        # The moment of arrival is never estimated too late, and too early by no more than reading the clock takes.
        assert not in_time or each.sent_at < deadline + timedelta(seconds=0.5)
        assert receipt["counts"] is in_time
        assert each.status == (201 if in_time else 202)
        if in_time:
            assert HandIn.objects.get(pk=event.payload["hand_in"]).deliverables == {"diagnosis": each.what}
        else:
            assert LateWrite.objects.get(pk=event.payload["late_write"]).payload["deliverables"] == {
                "diagnosis": each.what
            }
    for attempt in attempts:
        stage = Stage.objects.get(attempt=attempt, key="live")
        counting = counting_hand_in(attempt, "live")
        assert counting is not None
        assert stage.closed_at == deadline
        assert (stage.state == StageState.HANDED_IN) is not counting.by_deadline
        assert ledger.verify(attempt.pk) is None
