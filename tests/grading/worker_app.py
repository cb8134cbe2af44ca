"""The platform's Celery application with shorter leases and fewer repeats, so that a kill is repaired in seconds."""

import os
from datetime import timedelta
from typing import Any

from celery.signals import worker_init

from config.celery import app

__all__ = ["app"]

LEASE_SECONDS = 6

SWEEP = os.environ.get("HOTSEAT_TEST_SWEEP", "grading.tasks.grade_waiting")  # the one that this test is about

app.conf.beat_schedule = {name: entry for name, entry in app.conf.beat_schedule.items() if name == SWEEP}
app.conf.beat_schedule[SWEEP]["schedule"] = 1.0


@worker_init.connect
def _hurry(**_: Any) -> None:
    from exams.live.deployments import replays  # noqa: PLC0415 - models are loaded by now, not before
    from grading import lease, queue, verdicts  # noqa: PLC0415
    from grading.deploying import putting  # noqa: PLC0415

    replays.LEASE = timedelta(seconds=LEASE_SECONDS)
    replays.BACKOFF = (timedelta(seconds=1),)
    putting.BEAT_SECONDS = 1.0

    queue.patience.LEASE = timedelta(seconds=LEASE_SECONDS)
    queue.patience.BACKOFF = (timedelta(seconds=1),)
    lease.EVERY_SECONDS = 1.0
    verdicts.REPEATS = 1
