"""Keeps a few single-use containers started and waiting, so that a run need not wait for one to start."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_WAIT_FOR_STARTING_SECONDS = 5.0
_CLOSE_SECONDS = 3.0


class Discardable(Protocol):
    """What a pool keeps."""

    def discard(self) -> None:
        """Throw it away; never raises."""


BoxT = TypeVar("BoxT", bound=Discardable)


class Pool(Generic[BoxT]):
    """At most `size` boxes that were made by `start`, are `alive`, and are not older than `oldest_s`.

    A box that was taken never comes back. The pool belongs to the process that filled it: after a fork it is
    empty, because two processes cannot hold one container's streams.
    """

    _owner: int
    _changed: threading.Condition
    _boxes: list[tuple[BoxT, float]]
    _starting: int
    _filling: int  # threads that start boxes
    _awaited: int
    _closed: bool

    def __init__(self, *, start: Callable[[], BoxT], alive: Callable[[BoxT], bool], size: int, oldest_s: float) -> None:
        self._start = start
        self._alive = alive
        self._size = size
        self._oldest_s = oldest_s
        self._forget()

    @property
    def waiting(self) -> int:
        """How many boxes wait."""
        return len(self._boxes) if self._owner == os.getpid() else 0

    def take(self) -> BoxT | None:
        """A waiting box, or None if the caller has to start one.

        One that is being started is waited for: it will be ready sooner than one that is started now.
        """
        self._mine()
        until = time.monotonic() + _WAIT_FOR_STARTING_SECONDS
        with self._changed:
            while True:
                while self._boxes:
                    box, born = self._boxes.pop(0)
                    if self._alive(box) and time.monotonic() - born < self._oldest_s:
                        return box
                    box.discard()
                if self._starting <= self._awaited or time.monotonic() > until:
                    return None
                self._awaited += 1
                try:
                    self._changed.wait(until - time.monotonic())
                finally:
                    self._awaited -= 1

    def refill(self) -> None:
        """Have the pool filled in the background; returns at once."""
        self._mine()
        with self._changed:
            self._closed = False
            missing = self._size - len(self._boxes) - self._starting
            if missing <= 0:
                return
            self._starting += missing
            self._filling += 1
        threading.Thread(target=self._fill, args=(missing,), name="sandbox-pool", daemon=True).start()

    def close(self) -> None:
        """Throw away what waits; boxes still being started follow as they come, and are given a moment to."""
        self._mine()
        with self._changed:
            self._closed = True
            boxes, self._boxes = self._boxes, []
        for box, _ in boxes:
            box.discard()
        with self._changed:
            self._changed.wait_for(lambda: not self._filling, _CLOSE_SECONDS)

    def _fill(self, count: int) -> None:
        try:
            self._start_some(count)
        finally:
            with self._changed:
                self._filling -= 1
                self._changed.notify_all()

    def _start_some(self, count: int) -> None:
        for _ in range(count):
            box: BoxT | None = None
            try:
                box = self._start()
            except SandboxFault as fault:  # the next run will meet it too, and tell whoever waits
                log.warning("no sandbox could be kept ready: %s", str(fault))
            with self._changed:
                self._starting -= 1
                unwanted = box if self._closed else None
                if box is not None and unwanted is None:
                    self._boxes.append((box, time.monotonic()))
                self._changed.notify_all()
            if unwanted is not None:
                unwanted.discard()

    def _mine(self) -> None:
        if self._owner != os.getpid():
            self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._changed = threading.Condition()
        self._boxes = []
        self._starting = 0
        self._filling = 0
        self._awaited = 0
        self._closed = False
