"""The first to see a request: notes when its last byte reached us, and ends one that sends more than is ever taken."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from config.problem import PROBLEM_JSON, body
from config.problems import TABLE
from exams.api.git_http import too_large
from exams.content import ContentTooLarge
from exams.database_clock import ARRIVED
from sandboxes.git_server import Service

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MIB = 1024 * 1024
# Django keeps a whole body, on disk if need be, before any view can refuse it, so the bound has to be here. The views'
# own limits are tighter; this one only keeps a stranger from filling a disk.
MOST_BYTES = 20 * MIB  # an upload of 16 MiB, and room for what the views refuse with a better sentence
MOST_GIT_BYTES = 80 * MIB
TOO_LARGE = TABLE[ContentTooLarge]


def note_arrival(application: Application) -> Application:
    """Wraps an ASGI application.

    `scope[ARRIVED]` becomes the monotonic time of the last body message, in seconds. A body over the bound is answered
    413 at the message that crosses it; the application sees a client that went away.
    """

    async def wrapped(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        most = MOST_GIT_BYTES if scope["path"].startswith("/git/") else MOST_BYTES
        taken = 0
        refused = answered = False

        async def receive_and_note() -> Message:
            nonlocal taken, refused
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    refused = True
                    return {"type": "http.disconnect"}
                if not message.get("more_body", False):
                    scope.setdefault(ARRIVED, time.monotonic())
            return message

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            answered = answered or message["type"] == "http.response.start"
            await send(message)

        if _declared(scope) > most:
            await _refuse(scope, send, most)
            return
        await application(scope, receive_and_note, send_and_note)
        if refused and not answered:
            await _refuse(scope, send, most)

    return wrapped


def _declared(scope: dict[str, Any]) -> int:
    for name, value in scope.get("headers", ()):
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0


async def _refuse(scope: dict[str, Any], send: Send, most: int) -> None:
    kind, content = _words(scope["path"], most)
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": TOO_LARGE.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _words(path: str, most: int) -> tuple[str, bytes]:
    """The type and text of the refusal; git shows its user plain text only."""
    if path.startswith("/git/"):
        service = path.rpartition("/")[2]
        pushing = service == Service.RECEIVE_PACK
        return "text/plain; charset=utf-8", (
            too_large(Service.RECEIVE_PACK if pushing else Service.UPLOAD_PACK) + "\n"
        ).encode()
    detail = f"The body is larger than {most // MIB} MiB. Send less, or split it."
    return PROBLEM_JSON, json.dumps(body(TOO_LARGE, detail, {"limit": most})).encode()
