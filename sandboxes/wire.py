"""The platform's end of a container's standard streams: frames out, frames in, always drained.

A reader thread empties the socket from the first moment to the last, whatever anybody waits for: an attach that
nobody reads can hang a container engine. What it keeps is bounded; what goes past the bound is thrown away and noted.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import deque
from typing import NamedTuple

from sandboxes.sandbox import ContainerVanished, EngineTimeout

HEADER = struct.Struct(">cI")  # as in image/launcher.py
READY, JOB, TREE, FACTS, ANSWER, STOP, CHILD, END = b"R", b"J", b"T", b"F", b"A", b"S", b"C", b"X"

_KEPT_BYTES = 64 * 1024 * 1024
_KEPT_STDERR = 8 * 1024
_FRAME_BYTES = 256  # what a frame that waits takes of memory besides its payload: empty ones are no way round the bound
_LARGEST_FRAME = 2 * 1024 * 1024
_MULTIPLEX = struct.Struct(">BxxxI")  # the engine's header: stream, bytes that follow
_STDERR = 2


class Frame(NamedTuple):
    """One message of the launcher: its kind and what it carries."""

    kind: bytes
    payload: bytes


class Closed(Exception):
    """The other end is gone and every frame it sent has been read."""


class Wire:
    """Frames over a connected socket; `multiplexed` when the engine interleaves stdout and stderr on it."""

    def __init__(self, connection: socket.socket, *, multiplexed: bool) -> None:
        self._connection = connection
        self._connection.settimeout(None)
        self._multiplexed = multiplexed
        self._arrived = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._kept = 0
        self._closed = False
        self._raw = bytearray()
        self._stdout = bytearray()
        self.stderr = bytearray()
        self.overflowed = False
        self._reader = threading.Thread(target=self._read, name="sandbox-wire", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the other end has not closed."""
        return not self._closed

    def send(self, kind: bytes, payload: bytes, *, within_s: float) -> None:
        """Send one frame.

        Raises:
            EngineTimeout: the other end did not take it in time.
            ContainerVanished: the other end is gone.
        """
        message = memoryview(HEADER.pack(kind, len(payload)) + payload)
        until = time.monotonic() + within_s
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._connection, selectors.EVENT_WRITE)
                while message:
                    if not selector.select(max(0.0, until - time.monotonic())):
                        raise EngineTimeout(f"A container did not take its input within {within_s:g} seconds.")
                    message = message[self._connection.send(message, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                raise EngineTimeout("A container's input is stuck although it said it was free.") from None
            except (OSError, ValueError) as error:
                raise ContainerVanished(f"A container's input was closed while it was written: {error}.") from error

    def receive(self, *, until: float) -> Frame | None:
        """The next frame, or None when `until` (monotonic seconds) comes first.

        Raises:
            Closed: there will be no more frames.
        """
        with self._arrived:
            while not self._frames:
                if self._closed:
                    raise Closed
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._arrived.wait(left)
            frame = self._frames.popleft()
            self._kept -= len(frame.payload) + _FRAME_BYTES
            return frame

    def close(self) -> None:
        """Hang up; safe at any time, from any thread. Never waits for the other end."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._reader:
            self._reader.join(1.0)
        self._connection.close()

    def _read(self) -> None:
        try:
            while data := self._connection.recv(1 << 18):
                if self._multiplexed:
                    self._raw += data
                    self._split_streams()
                else:
                    self._stdout += data
                self._split_frames()
        except OSError:
            pass
        finally:
            with self._arrived:
                self._closed = True
                self._arrived.notify_all()

    def _split_streams(self) -> None:
        while len(self._raw) >= _MULTIPLEX.size:
            stream, size = _MULTIPLEX.unpack_from(self._raw)
            end = _MULTIPLEX.size + size
            if len(self._raw) < end:
                return
            data = self._raw[_MULTIPLEX.size : end]
            del self._raw[:end]
            if stream == _STDERR:
                self.stderr = (self.stderr + data)[-_KEPT_STDERR:]
            elif not self.overflowed:
                self._stdout += data

    def _split_frames(self) -> None:
        while len(self._stdout) >= HEADER.size and not self.overflowed:
            kind, size = HEADER.unpack_from(self._stdout)
            end = HEADER.size + size
            if size > _LARGEST_FRAME or self._kept + size + _FRAME_BYTES > _KEPT_BYTES:
                self.overflowed = True
                self._stdout.clear()
                return
            if len(self._stdout) < end:
                return
            frame = Frame(kind, bytes(self._stdout[HEADER.size : end]))
            del self._stdout[:end]
            with self._arrived:
                self._frames.append(frame)
                self._kept += size + _FRAME_BYTES
                self._arrived.notify_all()
