"""Streams an attempt's feed as server-sent events: a plain ASGI callable beside Django, so that no thread waits.

One connection a process LISTENs for the database's announcement that a ledger grew; each stream then reads the rows it
has not sent. An announcement is a hint: every few seconds a stream looks for itself, so a lost one loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from uuid import UUID

import psycopg
from django.db import DatabaseError, connections
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from config.problem import PROBLEM_JSON, Problem, body
from config.problems import TABLE
from exams import access, feed, openings
from exams.ledger import iso

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from config.arrival import Application, Receive, Send
    from exams.models import Source

log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"/api/v1/attempts/(?P<attempt>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/events/")
HEARTBEAT_S = 10.0
# How old, in seconds, the knowledge may be that somebody still reaches what they read; looked at with each heartbeat.
ADMITTED_FOR_S = 15.0
LONGEST_S = 600.0  # then the client comes back with a new ticket, and what it may read is decided anew
_RECONNECT_S = 1.0
_CONNECTIONS = 4
_LARGEST_TICKET = 1_000

_ROWS = """
    SELECT e.seq, e.at, e.kind, e.payload, e.actor_id, u.role, e.is_receipt
    FROM exams_event e LEFT JOIN accounts_user u ON u.id = e.actor_id
    WHERE e.attempt_id = %s AND e.seq > %s AND (e.visible_to_learner OR %s)
        AND (%s::text IS NULL OR e.kind <> ALL(%s) OR e.payload->>'review' = %s)
    ORDER BY e.seq LIMIT %s
"""


@dataclass(frozen=True)
class _Asked:
    """What a client that opens a stream says."""

    attempt_id: UUID
    ticket: str
    after: int


def stream_events(application: Application, desk: Desk) -> Application:
    """An ASGI application that answers the feed's address when it comes with a ticket, and passes on the rest."""

    async def wrapped(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        found = _ADDRESS.fullmatch(scope.get("path", "")) if scope["type"] == "http" else None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1")) if found else {}
        if found is None or scope["method"] != "GET" or "ticket" not in query:
            await application(scope, receive, send)
            return
        asked = _Asked(UUID(found["attempt"]), query["ticket"][0][:_LARGEST_TICKET], _last_seen(scope, query))
        await _answer(desk, asked, receive, send)

    return wrapped


def _last_seen(scope: dict[str, Any], query: dict[str, list[str]]) -> int:
    """The number after which to go on: what the browser saw last, else what the address says, else everything."""
    said = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1") or query.get("after", ["0"])[0]
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else 0


async def _answer(desk: Desk, asked: _Asked, receive: Receive, send: Send) -> None:
    try:
        now = await desk.now()
        reader = feed.admit(asked.ticket, asked.attempt_id, now=now)
        if not await desk.admits(reader):
            raise feed.TicketRefused("Whoever got this ticket may not read this attempt any more.")  # noqa: TRY301 - as admit
    except feed.TicketRefused as refused:
        await _refuse(send, TABLE[feed.TicketRefused], str(refused))
        return
    except (psycopg.Error, DatabaseError, OSError, TimeoutError):
        log.exception("The feed cannot reach the database")
        await _refuse(
            send, TABLE[feed.FeedAway], "We cannot stream at the moment. Read the pages, or try again shortly."
        )
        return
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    writing = asyncio.create_task(_write(desk, reader, asked.after, send))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED, timeout=LONGEST_S)
        if writing.done() and not writing.cancelled() and (fault := writing.exception()) is not None:
            log.warning("A stream of %s ended: %r", asked.attempt_id, fault)
    finally:
        for task in (writing, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
    with contextlib.suppress(OSError):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(desk: Desk, reader: feed.Reader, after: int, send: Send) -> None:
    """Send what is there, then what comes; a heartbeat tells the server's time and keeps proxies from hanging up.

    It ends when the reader may not read the attempt any more: a review was handed back, a person may not sign in.
    """
    clock = asyncio.get_running_loop().time
    admitted_at = clock()
    async with desk.listening(reader.attempt_id) as bell:
        while True:
            bell.clear()
            if clock() - admitted_at >= ADMITTED_FOR_S:
                if not await desk.admits(reader):
                    return
                admitted_at = clock()
            rows = await desk.rows(reader, after)
            for row in rows:
                after = row["seq"]
                await _say(send, f"id: {after}\nevent: ledger\ndata: {json.dumps(row, ensure_ascii=False)}\n\n")
            await desk.opened(reader, [row["kind"] for row in rows])
            if len(rows) == feed.MOST_AT_ONCE:
                continue
            await _say(send, f'event: clock\ndata: {{"server_now":"{iso(await desk.now())}"}}\n\n')
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), HEARTBEAT_S)


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, problem: Problem, detail: str) -> None:
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body(problem, detail)).encode()})


class Desk:
    """What the streams of one process share: a few connections to read with, and one that listens."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[Any] | None = None
        self._bells: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._asking = ThreadPoolExecutor(1, "feed-access")

    async def now(self) -> datetime:
        """The database's clock."""
        pool = await self._opened()
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        assert row is not None  # noqa: S101 - a clock always answers
        now: datetime = row[0]
        return now

    async def admits(self, reader: feed.Reader) -> bool:
        """Whether this reader may read the attempt at this moment; the rules are Django's, so a thread asks them."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, _still_reads, reader)

    async def rows(self, reader: feed.Reader, after: int) -> list[dict[str, Any]]:
        """What this reader has not seen yet."""
        pool = await self._opened()
        async with pool.connection() as connection:
            kept = (reader.review, list(feed.JUDGEMENTS), reader.review)
            cursor = await connection.execute(
                _ROWS, (reader.attempt_id, after, reader.hidden, *kept, feed.MOST_AT_ONCE)
            )
            found = await cursor.fetchall()
        return [
            feed.row(
                seq=seq,
                at=at,
                kind=kind,
                payload=payload,
                actor_id=actor,
                actor_role=role,
                receipt=receipt,
                reader=reader,
            )
            for seq, at, kind, payload, actor, role, receipt in found
        ]

    async def opened(self, reader: feed.Reader, kinds: list[str]) -> None:
        """Note that a learner was sent events of these kinds."""
        if not reader.hidden and (sources := openings.told_by(kinds)):
            now = await self.now()
            await asyncio.get_running_loop().run_in_executor(self._asking, _opened, reader, sources, now)

    @contextlib.asynccontextmanager
    async def listening(self, attempt_id: UUID) -> AsyncIterator[asyncio.Event]:
        """A bell that rings when this attempt's ledger grew."""
        bell = asyncio.Event()
        self._bells[attempt_id].add(bell)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        try:
            yield bell
        finally:
            self._bells[attempt_id].discard(bell)
            if not self._bells[attempt_id]:
                del self._bells[attempt_id]

    async def _opened(self) -> AsyncConnectionPool[Any]:
        async with self._opening:
            if self._pool is None:
                pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
                    _conninfo(), min_size=1, max_size=_CONNECTIONS, open=False, timeout=5.0, kwargs={"autocommit": True}
                )
                await pool.open()
                self._pool = pool
        return self._pool

    async def _listen(self) -> None:
        """Rings bells for as long as there are any; comes back after a lost connection and then rings them all."""
        while self._bells:
            try:
                async with await psycopg.AsyncConnection.connect(_conninfo(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {feed.CHANNEL}")
                    self._ring(*self._bells)
                    while self._bells:
                        async for notice in connection.notifies(timeout=HEARTBEAT_S):
                            self._ring(UUID(notice.payload))
            except psycopg.Error as fault:
                log.warning("The feed lost its listener (%r); it comes back.", fault)
                await asyncio.sleep(_RECONNECT_S)

    def _ring(self, *attempts: UUID) -> None:
        for attempt_id in attempts:
            for bell in self._bells.get(attempt_id, ()):
                bell.set()

    async def close(self) -> None:
        """Give the connections back."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        self._asking.shutdown()


def _still_reads(reader: feed.Reader) -> bool:
    try:
        return access.still_reads(reader.user_id, reader.attempt_id, hidden=reader.hidden)
    finally:
        connections.close_all()  # this thread's own, which no request would give back


def _opened(reader: feed.Reader, sources: list[Source], now: datetime) -> None:
    try:
        openings.opened_by_learner(reader.attempt_id, *sources, now=now)
    finally:
        connections.close_all()


def _conninfo() -> str:
    """How to reach the database Django uses."""
    known = connections["default"].get_connection_params()
    wanted: dict[str, Any] = {key: value for key, value in known.items() if isinstance(value, str | int)}
    return make_conninfo(**wanted)


__all__ = ["Desk", "stream_events"]
