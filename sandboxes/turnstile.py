"""Lets so many git processes work at a time, in all and for each repository."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WAIT_SECONDS = 30.0
AT_ONCE = 16  # git processes per web process
AT_ONCE_PER_REPOSITORY = 6


class TooBusy(Exception):
    """As many git processes run as may; the client should come again in a moment."""


class _Turnstile:
    """Lets so many in at a time, and so many per repository; the rest wait a while and are then told to go."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._per_repository: dict[Path, tuple[asyncio.Semaphore, int]] = {}

    @contextlib.asynccontextmanager
    async def through(self, path: Path) -> AsyncIterator[None]:
        own, users = self._per_repository.get(path, (asyncio.Semaphore(AT_ONCE_PER_REPOSITORY), 0))
        self._per_repository[path] = (own, users + 1)
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(WAIT_SECONDS):
                        await stack.enter_async_context(own)
                        await stack.enter_async_context(self._all)
                except TimeoutError:
                    raise TooBusy from None
                yield
        finally:
            own, users = self._per_repository.pop(path)
            if users > 1:
                self._per_repository[path] = (own, users - 1)


_turnstiles: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turnstile] = WeakKeyDictionary()


def turnstile() -> _Turnstile:
    """Return the turnstile of the running loop: a web process has one of each."""
    return _turnstiles.setdefault(asyncio.get_running_loop(), _Turnstile())
