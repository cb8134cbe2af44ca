"""What a container sends is kept within a bound, whatever it sends and however long nobody reads."""

from __future__ import annotations

import socket
import time

from sandboxes.wire import HEADER, Wire


def test_frames_that_carry_nothing_are_bounded_too() -> None:
    ours, theirs = socket.socketpair()
    wire = Wire(ours, multiplexed=False)
    flood = HEADER.pack(b"C", 0) * 20_000
    try:
        until = time.monotonic() + 20
        for _ in range(40):
            theirs.sendall(flood)
        while not wire.overflowed and time.monotonic() < until:
            time.sleep(0.01)
        assert wire.overflowed
    finally:
        theirs.close()
        wire.close()
