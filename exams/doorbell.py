"""Rings the work queue after commit. The bell is a hint: rows are the queue, and sweeps find what nobody rang for."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Any

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

_MOST_WAITING = 1_000
_bells: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue(maxsize=_MOST_WAITING)
_ringer: tuple[int, threading.Thread] | None = None
_guard = threading.Lock()


def ring(task_name: str, *args: Any) -> None:
    """Ask for a task to be run once the present transaction has committed (now, when there is none).

    Never raises and never waits for the broker: a thread of its own sends, and forgets what it cannot send.
    """
    transaction.on_commit(lambda: _put(task_name, args), robust=True)


def _put(task_name: str, args: tuple[Any, ...]) -> None:
    _start_ringer()
    try:
        _bells.put_nowait((task_name, args))
    except queue.Full:
        log.warning("The broker is away and %s bells wait; %s is left to its sweep.", _MOST_WAITING, task_name)


def _start_ringer() -> None:
    """A thread does not survive a fork: each process has its own."""
    global _ringer  # noqa: PLW0603 - one sender a process is the point
    with _guard:
        if _ringer is None or _ringer[0] != os.getpid() or not _ringer[1].is_alive():
            thread = threading.Thread(target=_send_for_ever, name="doorbell", daemon=True)
            _ringer = (os.getpid(), thread)
            thread.start()


def _send_for_ever() -> None:
    while True:
        task_name, args = _bells.get()
        try:
            current_app.send_task(task_name, args=args, retry=False)
        except Exception as fault:  # noqa: BLE001 - whatever the broker does, the sweep does the work
            log.warning(
                "Could not ring for %s (%s: %s); its sweep will find the work.", task_name, type(fault).__name__, fault
            )
