"""Which processes make up the platform, besides its database and broker."""

import os
import sys

from deploy.local.places import Home
from deploy.local.supervise import Program


def platform(home: Home, *, host: str, port: int) -> list[Program]:
    """Web, four workers and the timetable.

    Only the workers named grading and live are meant to speak to the Docker engine. Short work has a worker of
    its own, so that a deadline never waits behind a verdict; so has what learners do to the live model, so that a
    question never waits behind other people's runs; and none of them waits behind the drawing of incidents.
    """
    python = sys.executable
    celery = (python, "-m", "celery", "-A", "config")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
    grading = os.environ.get("HOTSEAT_GRADING_CONCURRENCY") or "2"
    live = os.environ.get("HOTSEAT_LIVE_CONCURRENCY") or "3"
    schedule = home.path / "beat"
    schedule.mkdir(parents=True, exist_ok=True)
    return [
        Program(
            name="web",
            argv=(python, "-m", "uvicorn", "config.asgi:application", "--host", host, "--port", str(port)),
            order=40,
        ),
        Program(name="worker", argv=(*celery, "worker", "-Q", "exams", "-n", "exams@%h", "-c", "2", *quiet), order=20),
        Program(
            name="grading",
            argv=(*celery, "worker", "-Q", "grading", "-n", "grading@%h", "-c", grading, *quiet),
            order=20,
        ),
        Program(name="live", argv=(*celery, "worker", "-Q", "live", "-n", "live@%h", "-c", live, *quiet), order=20),
        Program(
            name="stock",
            argv=("nice", "-n", "10", *celery, "worker", "-Q", "stock", "-n", "stock@%h", "-c", "1", *quiet),
            order=20,
        ),
        Program(
            name="beat",
            argv=(*celery, "beat", "--schedule", str(schedule / "schedule"), "--pidfile=", "--loglevel", "INFO"),
            order=30,
        ),
    ]
