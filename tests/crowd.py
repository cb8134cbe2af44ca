"""Many live attempts at once, made in a few statements, and sweepers in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from accounts.models import User
from exams.models import Attempt, AttemptState, Draft, Stage
from tests.attempts import SLUG, published_twin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_SWEEPER = """
import sys, time
import django
from django.conf import settings

settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()

import tests.packs
from exams import doorbell
from exams.database_clock import database_now
from exams.submit import close_overdue

doorbell.ring = lambda *_: None
ends = time.monotonic() + float(sys.argv[2])
print("ready", flush=True)
while time.monotonic() < ends:
    begun = time.monotonic()
    print(close_overdue(database_now()), flush=True)
    time.sleep(max(0.0, 1.0 - (time.monotonic() - begun)))
"""


def crowd(number: int, *, started_at: datetime, with_drafts: bool = True) -> list[Attempt]:
    """That many learners, each with an attempt started at the same moment and something saved."""
    twin = published_twin()
    learners = User.objects.bulk_create(
        User(email=f"learner{each}@crowd.example", name=f"Learner {each}") for each in range(number)
    )
    attempts = Attempt.objects.bulk_create(
        Attempt(
            learner=learner,
            twin=twin,
            twin_slug=SLUG,
            number=1,
            state=AttemptState.LIVE,
            incident_class="T1",
            incident_seed=7,
            started_at=started_at,
        )
        for learner in learners
    )
    live = started_at + timedelta(minutes=90)
    windows = [("live", live), ("postmortem", live + timedelta(hours=4))]
    Stage.objects.bulk_create(
        Stage(attempt=attempt, key=key, position=position, opens_at=started_at, closes_at=closes_at)
        for attempt in attempts
        for position, (key, closes_at) in enumerate(windows, start=1)
    )
    if with_drafts:
        Draft.objects.bulk_create(
            Draft(
                attempt=attempt,
                deliverable=deliverable,
                version=1,
                content=content,
                content_sha256="0" * 64,
                received_at=started_at,
            )
            for attempt in attempts
            for deliverable, content in (("diagnosis", "retrieval"), ("hotfix", {"mode": "repo_url"}))
        )
    return attempts


@contextmanager
def sweepers(number: int, *, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """That many processes that sweep this test's database once a second, as the timetable does."""
    name = str(connection.settings_dict["NAME"])
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _SWEEPER, name, str(seconds)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(number)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()
