"""Counts visible verdicts a minute, sustained, with one and with two worker processes."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from queue import Empty
from threading import BrokenBarrierError
from typing import TYPE_CHECKING

from django.db import connections

from deploy.bench import figures, subject
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

_FORK = multiprocessing.get_context("fork")  # as the grading worker's processes are made; the incident comes along
_READY_SECONDS = 60.0
_END_SECONDS = 15.0
_MOST_SECONDS = 600.0


@dataclass(frozen=True)
class _Ran:
    """What one process did; its times are of the clock that all processes of a machine share."""

    began: float
    ended: float
    seconds: list[float]


def measure(counts: Counts) -> Report:
    """Bare pytest and the sandbox, first with one process each, then with two.

    Raises:
        CouldNotMeasure: a process failed, with what it said.
    """
    what = subject.subject("H1")
    rows = []
    with subject.folders(what) as places:
        for processes in (1, 2):
            console.print(f"  throughput with {processes}: {counts.sustained} verdicts each, twice")
            bare, bare_spread = _sustained(lambda: lambda: subject.timed_bare(places), processes, counts.sustained)
            ours, spread = _sustained(lambda: _in_sandbox(what), processes, counts.sustained)
            rows += [
                (f"{processes} × bare pytest", f"{bare:.1f}", figures.seconds(bare_spread.median), "1"),
                (f"{processes} × sandbox", f"{ours:.1f}", figures.seconds(spread.median), f"{ours / bare:.2f}"),
            ]
    return Report(
        title=f"Visible verdicts a minute, {counts.sustained} in a row in each process",
        columns=("", "a minute", "one takes, median", "rate as ratio to bare"),
        rows=tuple(rows),
    )


def _in_sandbox(what: subject.Subject) -> Callable[[], float]:
    sandbox = subject.docker(pool_size=subject.POOL_SIZE)
    return lambda: subject.timed_pair(what, sandbox)


def _sustained(prepare: Callable[[], Callable[[], float]], processes: int, each: int) -> tuple[float, Spread]:
    """Verdicts a minute over all processes, from the common start to the last end; and the seconds one takes."""
    connections.close_all()  # a child must not share our connection
    start = _FORK.Barrier(processes)
    said: Queue[_Ran | str] = _FORK.Queue()
    children = [_FORK.Process(target=_child, args=(prepare, each, start, said)) for _ in range(processes)]
    try:
        for child in children:
            child.start()
        answers = [said.get(timeout=_MOST_SECONDS) for _ in children]
    except Empty:
        raise CouldNotMeasure(f"A process did not end within {_MOST_SECONDS:.0f} s, or was killed.") from None
    finally:
        for child in children:
            child.join(_END_SECONDS)
            child.kill()
    ran = [answer for answer in answers if not isinstance(answer, str)]
    if len(ran) < processes:
        raise CouldNotMeasure(f"A process failed: {next(answer for answer in answers if isinstance(answer, str))}")
    took = max(one.ended for one in ran) - min(one.began for one in ran)
    return processes * each / took * 60, Spread.of([second for one in ran for second in one.seconds])


def _child(prepare: Callable[[], Callable[[], float]], each: int, start: Barrier, said: Queue[_Ran | str]) -> None:
    """One is done before the common start, so that nothing is first."""
    try:
        work = prepare()
        work()
        start.wait(_READY_SECONDS)
        began = time.monotonic()
        seconds = [work() for _ in range(each)]
        said.put(_Ran(began, time.monotonic(), seconds))
    except BrokenBarrierError:
        said.put("another process was not ready in time")
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to say it
        said.put(f"{type(error).__name__}: {error}")
        start.abort()
