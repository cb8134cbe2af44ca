"""Measures how late deadlines are kept: many windows that end in the same second, four sweepers, no client."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy.bench import crowd, figures
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from exams.database_clock import database_now
from exams.models import Event, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from exams.models import Attempt

SWEEPERS = 4
_LEAD = timedelta(seconds=4)
_GIVE_UP_SECONDS = 60.0


def measure(counts: Counts) -> Report:
    """Make the attempts, wait for their one deadline, and read how late each closing was recorded.

    Raises:
        CouldNotMeasure: the attempts were not ready in time, or not each was closed exactly once at its deadline.
    """
    with console.status(f"closing: {counts.attempts} attempts, {SWEEPERS} sweepers"), _sweepers():
        deadline = database_now() + _LEAD + timedelta(milliseconds=5 * counts.attempts)
        attempts = crowd.live_until(counts.attempts, deadline)
        if database_now() >= deadline:
            raise CouldNotMeasure(f"{counts.attempts} attempts could not be written before their deadline.")
        stages = Stage.objects.filter(attempt__in=attempts, closes_at=deadline)
        give_up = time.monotonic() + (deadline - database_now()).total_seconds() + _GIVE_UP_SECONDS
        while stages.filter(closed_at=None).exists():
            if time.monotonic() > give_up:
                raise CouldNotMeasure(f"Not all were closed {_GIVE_UP_SECONDS:.0f} s after their deadline.")
            time.sleep(0.5)
    _require_once(attempts, deadline)
    late = Spread.of([(each.swept_at - each.closes_at).total_seconds() for each in stages if each.swept_at])
    return Report(
        title=f"Closing lateness, {late.count} windows that end in the same second, {SWEEPERS} sweepers",
        columns=("", "median", "p99", "most"),
        rows=(("recorded after the deadline", *map(figures.seconds, (late.median, late.p99, late.most))),),
        notes=("Goal: p99 under 5 s. Each was closed exactly once, at its deadline. Times are the database's.",),
    )


def _require_once(attempts: list[Attempt], deadline: datetime) -> None:
    closed = Stage.objects.filter(attempt__in=attempts, closes_at=deadline, closed_at=deadline).count()
    events = Event.objects.filter(attempt__in=attempts, kind="stage.closed")
    if not len(attempts) == closed == events.count() == events.values("attempt").distinct().count():
        raise CouldNotMeasure(f"{len(attempts)} windows, {closed} closed at the deadline, {events.count()} recorded.")


@contextmanager
def _sweepers() -> Iterator[None]:
    """Processes that sweep, from when all are ready until the block ends."""
    with ExitStack() as stack:
        processes = []
        for _ in range(SWEEPERS):
            argv = [sys.executable, "-m", "deploy.bench.sweeper"]
            process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
            stack.callback(process.communicate)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise CouldNotMeasure("A sweeper ended before its first sweep; what it said is above.")
        yield
