"""What a worker's process does when it starts, so that nobody waits longer for being the first; and when it ends."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from celery.signals import worker_process_init, worker_process_shutdown

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)

QUEUES = frozenset({"live", "grading"})  # whose tasks put people's code into containers


def connect(app: Celery) -> None:
    """Have each process of a worker that serves one of `QUEUES` warm up, and leave no container waiting."""

    def begin(**_: Any) -> None:
        # In a thread of its own: a process that takes more than four seconds to start is taken for a dead one.
        if not QUEUES.isdisjoint(app.amqp.queues.consume_from):
            threading.Thread(target=warm_up, name="warm-up", daemon=True).start()

    worker_process_init.connect(begin, weak=False)
    worker_process_shutdown.connect(_end)


def _end(**_: Any) -> None:
    from sandboxes import engine  # noqa: PLC0415 - Django is set up by now, not before

    engine.close()


def warm_up() -> None:
    """Start the containers that wait, and load the packs whose incidents are out; whatever fails, a task meets anew."""
    from django.db import connections  # noqa: PLC0415 - Django is set up by now, not before

    from exams import packs  # noqa: PLC0415
    from exams.models import TwinVersion  # noqa: PLC0415
    from sandboxes import engine  # noqa: PLC0415

    try:
        engine.warm()
        definitions = TwinVersion.objects.filter(retired_at=None).values_list("definition", flat=True)
        for pack in {each.get("pack") for each in definitions} - {None}:
            packs.load(pack)
    except Exception:
        log.warning("Could not warm up; the first task does what is missing.", exc_info=True)
    finally:
        connections.close_all()
