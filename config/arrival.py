"""Notes when the last byte of each request reached us, before anything else has a chance to be slow."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from exams.database_clock import ARRIVED

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def note_arrival(application: Application) -> Application:
    """Wraps an ASGI application; `scope[ARRIVED]` is the monotonic time of the last body message, in seconds."""

    async def wrapped(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return

        async def receive_and_note() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                scope.setdefault(ARRIVED, time.monotonic())
            return message

        await application(scope, receive_and_note, send)

    return wrapped
