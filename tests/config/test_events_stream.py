"""The stream: opened by a ticket, replayed from a number, woken by the database, quiet about what is hidden."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction

from accounts.models import User
from config import events_stream
from config.events_stream import Desk, stream_events
from exams import access, feed, ledger
from exams.database_clock import database_now
from tests.attempts import NOON, live_attempt
from tests.people import Cast, client_of, standing_cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from exams.models import Attempt

pytestmark = pytest.mark.django_db(transaction=True)

PASSED_ON = b"passed on"


async def _django(scope: dict[str, Any], receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": PASSED_ON})


class Reading:
    """A browser that reads a stream until it has seen enough."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.text = ""
        self.ended = False
        self._more = asyncio.Event()
        self._gone = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.text += message.get("body", b"").decode()
            self.ended = not message.get("more_body", False)
        self._more.set()

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not enough():
                await self._more.wait()
                self._more.clear()

    def leave(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The ledger's events so far."""
        blocks = [block for block in self.text.split("\n\n") if "event: ledger" in block]
        return [json.loads(block.split("data: ", 1)[1]) for block in blocks]


@pytest.fixture
def people() -> Cast:
    """The cast, committed."""
    return standing_cast()


@pytest.fixture(autouse=True)
def _no_connection_is_left() -> Iterator[None]:
    yield
    connections.close_all()


def _scope(attempt_id: object, query: str, last_event_id: str | None = None) -> dict[str, Any]:
    headers = [] if last_event_id is None else [(b"last-event-id", last_event_id.encode())]
    return {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/attempts/{attempt_id}/events/",
        "query_string": query.encode(),
        "headers": headers,
    }


@contextlib.asynccontextmanager
async def _open(scope: dict[str, Any]) -> AsyncIterator[Reading]:
    desk = Desk()
    application = stream_events(_django, desk)
    reading = Reading()
    task = asyncio.create_task(_call(application, scope, reading))
    try:
        yield reading
    finally:
        reading.leave()
        await asyncio.wait_for(task, 10)
        await desk.close()


async def _call(application: Callable[..., Awaitable[None]], scope: dict[str, Any], reading: Reading) -> None:
    await application(scope, reading.receive, reading.send)


def _note(attempt: Attempt, number: int, *, visible: bool = True) -> None:
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        ledger.append(
            attempt=held, kind="test.note", payload={"n": number}, actor=held.learner, at=NOON, visible=visible
        )
    connections.close_all()


def _ticket(attempt: Attempt, user: Any, *, age: timedelta = timedelta(0)) -> str:
    signed, _ = feed.ticket(attempt, user, now=database_now() - age)
    return f"ticket={signed}"


def test_a_ticket_over_http_opens_the_stream_which_replays_and_then_follows(people: Cast) -> None:
    attempt = live_attempt(people.learner)
    answer = client_of(people.learner).post(f"/api/v1/attempts/{attempt.pk}/events/ticket/")
    assert answer.status_code == 201
    query = answer.json()["url"].partition("?")[2]
    assert answer.json()["url"].startswith(f"/api/v1/attempts/{attempt.pk}/events/?ticket=")

    async def follow() -> Reading:
        async with _open(_scope(attempt.pk, query)) as reading:
            await reading.until(lambda: "event: clock" in reading.text)
            await sync_to_async(_note, thread_sensitive=False)(attempt, 1)
            await reading.until(lambda: len(reading.events) >= 2)
            await sync_to_async(_note, thread_sensitive=False)(attempt, 2, visible=False)
            await sync_to_async(_note, thread_sensitive=False)(attempt, 3)
            await reading.until(lambda: len(reading.events) >= 3)
        return reading

    reading = asyncio.run(follow())
    assert reading.status == 200
    assert reading.headers[b"content-type"].startswith(b"text/event-stream")
    assert [event["kind"] for event in reading.events] == ["attempt.started", "test.note", "test.note"]
    assert [event["seq"] for event in reading.events] == [2, 3, 5], "the hidden ones are not there"
    assert reading.events[1]["actor"] == "you"
    assert "id: 5\n" in reading.text
    assert '"server_now":"' in reading.text


def test_a_stream_goes_on_after_the_last_event_that_was_seen(people: Cast) -> None:
    attempt = live_attempt(people.learner)
    for number in range(3):
        _note(attempt, number)
    query = _ticket(attempt, people.learner)

    async def read(scope: dict[str, Any]) -> list[int]:
        async with _open(scope) as reading:
            await reading.until(lambda: "event: clock" in reading.text)
        return [event["seq"] for event in reading.events]

    assert asyncio.run(read(_scope(attempt.pk, query, "3"))) == [4, 5]
    assert asyncio.run(read(_scope(attempt.pk, f"{query}&after=4"))) == [5]
    assert asyncio.run(read(_scope(attempt.pk, query, "not a number"))) == [2, 3, 4, 5]


@pytest.mark.parametrize(("who", "noted"), [("learner", ["alerts"]), ("admin", [])])
def test_what_a_learner_is_streamed_is_noted_as_opened(people: Cast, who: str, noted: list[str]) -> None:
    attempt = live_attempt(people.learner)
    with transaction.atomic():
        ledger.append(attempt=ledger.hold(attempt.pk), kind="inject.alert", payload={}, actor=None, at=NOON)
    connections.close_all()
    query = _ticket(attempt, getattr(people, who))

    async def read() -> None:
        async with _open(_scope(attempt.pk, query)) as reading:
            await reading.until(lambda: "event: clock" in reading.text)

    asyncio.run(read())
    assert list(attempt.openings.values_list("what", flat=True)) == noted


def test_a_mentor_or_admin_is_streamed_what_is_hidden_too(people: Cast) -> None:
    attempt = live_attempt(people.learner)

    async def read() -> list[str]:
        async with _open(_scope(attempt.pk, _ticket_of_admin)) as reading:
            await reading.until(lambda: "event: clock" in reading.text)
        return [event["kind"] for event in reading.events]

    _ticket_of_admin = _ticket(attempt, people.admin)
    assert asyncio.run(read()) == ["attempt.prepared", "attempt.started"]


def test_tickets_that_open_nothing(people: Cast) -> None:
    attempt, other = live_attempt(people.learner), live_attempt(people.other_learner)
    good = _ticket(attempt, people.learner)
    queries = {
        "forged": "ticket=forged",
        "changed": good.replace("false", "true") if "false" in good else good[:-1] + "A",
        "for another attempt": _ticket(other, people.other_learner),
        "run out": _ticket(attempt, people.learner, age=feed.TICKET_LASTS),
        "endless": "ticket=" + "x" * 100_000,
    }

    async def read(query: str) -> Reading:
        async with _open(_scope(attempt.pk, query)) as reading:
            await reading.until(lambda: bool(reading.text))
        return reading

    for name, query in queries.items():
        reading = asyncio.run(read(query))
        assert reading.status == 401, name
        assert json.loads(reading.text)["type"] == "/problems/ticket-refused"
        assert reading.headers[b"content-type"] == b"application/problem+json"


def test_a_ticket_opens_for_a_minute_to_the_microsecond(people: Cast) -> None:
    attempt, now = live_attempt(people.learner), database_now()
    ticket, ends_at = feed.ticket(attempt, people.learner, now=now)
    assert ends_at == now + feed.TICKET_LASTS
    assert feed.admit(ticket, attempt.pk, now=ends_at - timedelta(microseconds=1)).attempt_id == attempt.pk
    with pytest.raises(feed.TicketRefused, match="run out"):
        feed.admit(ticket, attempt.pk, now=ends_at)


def test_nobody_gets_a_ticket_for_what_they_may_not_read(people: Cast) -> None:
    attempt = live_attempt(people.learner)
    address = f"/api/v1/attempts/{attempt.pk}/events/ticket/"
    assert client_of(people.other_learner).post(address).status_code == 404
    assert client_of(people.mentor).post(address).status_code == 404
    assert client_of().post(address).status_code == 401


def _deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    connections.close_all()


@pytest.mark.parametrize("lost", ["deactivated", "handed back"])
def test_an_open_stream_ends_soon_after_its_reader_may_not_read_any_more(
    people: Cast, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(events_stream, "ADMITTED_FOR_S", 0.1)
    attempt = live_attempt(people.learner)
    holds = True
    monkeypatch.setattr(access, "mentors_may_see", [lambda _user, _attempt: holds])
    reader = people.mentor if lost == "handed back" else people.learner
    query = _ticket(attempt, reader)

    async def read() -> Reading:
        nonlocal holds
        async with _open(_scope(attempt.pk, query)) as reading:
            await reading.until(lambda: reading.text.count("event: clock") > 3)
            if lost == "handed back":
                holds = False
            else:
                await sync_to_async(_deactivate, thread_sensitive=False)(reader)
            await reading.until(lambda: reading.ended)
            await sync_to_async(_note, thread_sensitive=False)(attempt, 1)
        return reading

    reading = asyncio.run(read())
    assert reading.status == 200
    assert "test.note" not in reading.text


def test_nobody_is_let_go_on_for_more_than_half_a_minute() -> None:
    assert events_stream.ADMITTED_FOR_S + events_stream.HEARTBEAT_S <= 30


def test_a_ticket_of_somebody_who_may_not_read_any_more_opens_nothing(people: Cast) -> None:
    attempt = live_attempt(people.learner)
    query = _ticket(attempt, people.learner)
    _deactivate(people.learner)

    async def read() -> Reading:
        async with _open(_scope(attempt.pk, query)) as reading:
            await reading.until(lambda: bool(reading.text))
        return reading

    assert asyncio.run(read()).status == 401


@pytest.mark.parametrize(
    "change",
    [{"path": "/api/v1/attempts/"}, {"query_string": b"after=1"}, {"method": "POST"}, {"type": "websocket"}],
)
def test_everything_else_is_passed_on(change: dict[str, Any]) -> None:
    async def read() -> str:
        async with _open(_scope(uuid4(), "ticket=x") | change) as reading:
            await reading.until(lambda: bool(reading.text))
        return reading.text

    assert asyncio.run(read()) == PASSED_ON.decode()
