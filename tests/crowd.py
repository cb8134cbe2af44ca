"""Many live attempts of the small pack at once, and sweepers in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from deploy.bench.crowd import live_attempts
from tests.attempts import published_twin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from exams.models import Attempt

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
    """That many learners, each with an attempt at the small pack's incident, started at the same moment."""
    return live_attempts(
        number, version=published_twin(), started_at=started_at, incident_class="T1", with_drafts=with_drafts
    )


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
