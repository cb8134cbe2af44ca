"""The first to see a request: when its last byte came, and that nobody fills a disk."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from config import arrival
from exams.database_clock import ARRIVED


def drive(
    chunks: list[bytes], *, path: str = "/api/v1/me/", declared: int | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any], int]:
    """Put a request through the wrapper to an application that reads it whole: what was sent, the scope, bytes read."""
    sent: list[dict[str, Any]] = []
    messages = [
        {"type": "http.request", "body": chunk, "more_body": at < len(chunks) - 1} for at, chunk in enumerate(chunks)
    ]
    read = 0

    async def application(scope: dict[str, Any], receive: arrival.Receive, send: arrival.Send) -> None:
        nonlocal read
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            read += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-length", str(declared).encode())] if declared is not None else []
    scope: dict[str, Any] = {"type": "http", "path": path, "headers": headers}

    async def run() -> None:
        await arrival.note_arrival(application)(scope, receive, send)

    asyncio.run(run())
    return sent, scope, read


def test_the_last_byte_is_noted_and_not_the_first() -> None:
    sent, scope, read = drive([b"a", b"b"])
    assert sent[0]["status"] == 200
    assert scope[ARRIVED] > 0
    assert read == 2


@pytest.mark.parametrize(
    ("path", "most"), [("/api/v1/me/", arrival.MOST_BYTES), ("/git/x.git/git-receive-pack", arrival.MOST_GIT_BYTES)]
)
def test_a_body_of_the_bound_passes_and_one_byte_more_is_refused(path: str, most: int) -> None:
    half = b"x" * (most // 2)
    assert drive([half, half], path=path)[0][0]["status"] == 200
    sent, scope, read = drive([half, half, b"x"], path=path)
    assert (sent[0]["status"], read) == (413, most)
    assert ARRIVED not in scope
    if path.startswith("/git/"):
        assert b"This push is larger than" in sent[1]["body"]
    else:
        said = json.loads(sent[1]["body"])
        assert said["type"] == "/problems/content-too-large"
        assert said["limit"] == most


def test_a_fetch_that_is_too_large_is_not_told_of_a_push() -> None:
    sent, _, _ = drive([b"x"], path="/git/x.git/git-upload-pack", declared=arrival.MOST_GIT_BYTES + 1)
    assert sent[0]["status"] == 413
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/plain")
    assert b"clone or fetch" in sent[1]["body"]
    assert b"push" not in sent[1]["body"]


def test_a_body_that_says_it_is_too_large_is_not_read_at_all() -> None:
    sent, _, read = drive([b"x"], declared=arrival.MOST_BYTES + 1)
    assert (sent[0]["status"], read) == (413, 0)
