"""When a request had arrived: never earlier than its last byte, and later by no more than asking the database takes."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from django.db import connection
from knox.models import AuthToken

from exams import access
from exams.database_clock import ARRIVED, database_now, received_at
from exams.models import Attempt, LateWrite, Stage, StatusUpdate
from tests import web_server
from tests.attempts import live_attempt, move_windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from tests.people import Cast

UPDATE = {"audience": "customers", "state": "investigating", "text": "We are looking into it."}
ROUND_TRIP = timedelta(milliseconds=150)  # generous: both are on this machine, and it is busy
DRIFT = timedelta(milliseconds=1)  # of the two clocks, over the fraction of a second a test takes


def request_of(arrived: float) -> HttpRequest:
    return cast("HttpRequest", SimpleNamespace(scope={ARRIVED: arrived}))


@pytest.mark.django_db
@pytest.mark.parametrize("waited", [0.0, 0.4])
@pytest.mark.parametrize(("asking", "answering"), [(0.0, 0.15), (0.15, 0.0)], ids=["slow answer", "slow question"])
def test_a_slow_database_gives_nobody_time(waited: float, asking: float, answering: float) -> None:
    def slow(execute: Any, *arguments: Any) -> Any:
        time.sleep(asking)
        result = execute(*arguments)
        time.sleep(answering)
        return result

    before, arrived, after = database_now(), time.monotonic(), database_now()
    time.sleep(waited)
    with connection.execute_wrapper(slow):
        received = received_at(request_of(arrived))
    assert before - DRIFT <= received <= after + timedelta(seconds=asking) + ROUND_TRIP


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    """The platform on a port."""
    del transactional_db
    with web_server.running() as address:
        yield address


def trickle(address: str, attempt: Attempt, *, pauses: int) -> tuple[datetime, datetime, dict[str, Any]]:
    """Post an update byte by byte; the database's time just before its last byte went, just after, and the answer."""
    _, token = AuthToken.objects.create(attempt.learner)
    content = json.dumps(UPDATE).encode()
    at = urlsplit(address)
    head = (
        f"POST /api/v1/attempts/{attempt.pk}/status-updates/ HTTP/1.1\r\nHost: {at.netloc}\r\n"
        f"Authorization: Token {token}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode()
    assert at.hostname is not None
    with socket.create_connection((at.hostname, at.port or 80), timeout=30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(head + content[: -pauses - 1])
        for place in range(len(content) - pauses - 1, len(content) - 1):
            client.sendall(content[place : place + 1])
            time.sleep(0.05)
        before = database_now()
        client.sendall(content[-1:])
        after = database_now()
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return before, after, json.loads(answer.partition(b"\r\n\r\n")[2])


def closing_in(attempt: Attempt, seconds: float) -> None:
    move_windows(
        Stage.objects.filter(attempt=attempt, key="live"), closes_at=database_now() + timedelta(seconds=seconds)
    )


def test_a_body_that_trickles_over_the_deadline_is_late(server: str, cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    closing_in(attempt, 0.4)  # its head and most of its body come before
    before, after, answer = trickle(server, attempt, pauses=20)
    received = datetime.fromisoformat(answer["receipt"]["received_at"])
    assert before <= received <= after + ROUND_TRIP
    assert answer["receipt"]["counts"] is False
    assert LateWrite.objects.count() == 1


def test_what_arrived_in_time_counts_although_a_busy_server_got_round_to_it_later(
    server: str, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_attempt = access.own_attempt

    def slowly(*arguments: Any) -> Attempt:
        time.sleep(1.0)
        return own_attempt(*arguments)

    monkeypatch.setattr("exams.api.updates.own_attempt", slowly)  # the clock is read after it
    attempt = live_attempt(cast.learner)
    closing_in(attempt, 0.9)
    before, after, answer = trickle(server, attempt, pauses=1)
    received = datetime.fromisoformat(answer["receipt"]["received_at"])
    assert before <= received <= after + ROUND_TRIP
    assert answer["receipt"]["counts"] is True
    assert database_now() > Stage.objects.get(attempt=attempt, key="live").closes_at


def test_with_many_at_once_each_is_timed_by_its_own_last_byte(server: str, cast: Cast) -> None:
    attempt = live_attempt(cast.learner)

    def one(_number: int) -> tuple[datetime, datetime, dict[str, Any]]:
        try:
            return trickle(server, attempt, pauses=3)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        for before, after, answer in pool.map(one, range(24)):
            received = datetime.fromisoformat(answer["receipt"]["received_at"])
            assert before <= received, "nobody is given time"
            assert received <= after + timedelta(seconds=1), "twelve clients and a server share one interpreter here"
    assert StatusUpdate.objects.count() == 24
