"""The platform's Celery application with shorter leases and fewer repeats, so that a kill is repaired in seconds."""

from datetime import timedelta
from typing import Any

from celery.signals import worker_init

from config.celery import app

__all__ = ["app"]

LEASE_SECONDS = 6

app.conf.beat_schedule = {
    name: entry for name, entry in app.conf.beat_schedule.items() if name == "grading.tasks.grade_waiting"
}
app.conf.beat_schedule["grading.tasks.grade_waiting"]["schedule"] = 1.0


@worker_init.connect
def _hurry(**_: Any) -> None:
    from grading import lease, queue, verdicts  # noqa: PLC0415 - models are loaded by now, not before

    queue.patience.LEASE = timedelta(seconds=LEASE_SECONDS)
    queue.patience.BACKOFF = (timedelta(seconds=1),)
    lease.EVERY_SECONDS = 1.0
    verdicts.REPEATS = 1
