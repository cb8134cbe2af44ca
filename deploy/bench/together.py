"""Measures the whole platform while many learners play at once: every act they wait for, memory, load, what failed."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from knox.models import AuthToken

from deploy.bench import crowd, figures
from deploy.bench.figures import Spread
from deploy.bench.learner import TWIN, Diary, Learner
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from deploy.bench.watching import Watch
from deploy.demo.api import Person
from deploy.local import places, processes, programs, ready
from deploy.local.supervise import Supervisor
from exams import stock
from exams.database_clock import database_now
from exams.models import Inject
from grading import deploying
from grading.models import GradingRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
THINK_SECONDS = 3.0  # between two acts, on average: real learners take minutes, so this is the worst of an exam
_START_SECONDS = 90.0
_MOST_SHOWN = 3


def measure(counts: Counts) -> Report:
    """Let `learners` people play from start to hand-in at the same time, on a platform of web, workers and timetable.

    The stock is filled for all of them before, as the operator's guide says.

    Raises:
        CouldNotMeasure: the platform did not become ready, or nobody came as far as a start.
    """
    number = counts.learners
    with console.status("crowd: filling the stock") as status, ExitStack() as stack:
        _fill(number)
        status.update("crowd: starting the platform")
        address, roots = stack.enter_context(_platform())
        tokens = [AuthToken.objects.create(learner)[1] for learner in crowd.learners(number)]
        diary = Diary()
        people = [
            Learner(Person(address, f"learner {seed}", token), diary, think_seconds=THINK_SECONDS, seed=seed)
            for seed, token in enumerate(tokens)
        ]
        status.update(f"crowd: {number} learners play")
        began = time.monotonic()
        watch = stack.enter_context(Watch(roots))
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(Learner.play, people))
        took = time.monotonic() - began
        _note_rows(diary)
    if not diary.took["start"]:
        raise CouldNotMeasure(f"Nobody could start: {diary.failed['start'][:1]}")
    return Report(
        title=f"{number} learners at once, from start to hand-in in {took:.0f} s",
        columns=("", "median", "p95", "most", "times", "failed"),
        rows=tuple(_row(act, diary) for act in dict.fromkeys((*diary.took, *diary.failed))),
        notes=(
            *(f"{act} failed: {why}" for act, found in diary.failed.items() for why in found[:_MOST_SHOWN]),
            _memory(watch),
            f"Load at most {max(watch.loads):.1f}; between two acts each thought for {THINK_SECONDS:.0f} s on average.",
        ),
    )


def _row(act: str, diary: Diary) -> tuple[str, ...]:
    failed = str(len(diary.failed[act])) if act in diary.failed else ""
    if act not in diary.took:
        return (act, "", "", "", "0", failed)
    spread = Spread.of(diary.took[act])
    return (act, *map(figures.seconds, (spread.median, spread.p95, spread.most)), str(spread.count), failed)


def _memory(watch: Watch) -> str:
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(watch.most.items(), key=lambda it: -it[1]))
    return (
        f"Memory at most, in MiB: {watch.most_together:.0f} together; each by itself: {parts}. "
        f"The machine had {watch.most_taken:.0f} less than before."
    )


def _note_rows(diary: Diary) -> None:
    """What only the database knows, of the attempts of this crowd."""
    for row in Inject.objects.filter(attempt__in=diary.attempts):
        diary.note("people in the room: written after due", (row.written_at - row.due_at).total_seconds())
    for run in GradingRun.objects.filter(submission__attempt__in=diary.attempts, started_at__isnull=False):
        if run.started_at is not None:
            diary.note("a run waits for its turn", (run.started_at - run.created_at).total_seconds())


def _fill(number: int) -> None:
    """Have an incident ready for each of them, tried as the stock's worker tries it."""
    while stock.ready_by_twin().get(TWIN, 0) < number:
        if stock.draw_next(at_least=number, twin=TWIN, now=database_now()) != stock.Outcome.DRAWN:
            raise CouldNotMeasure(f"The stock could not be filled with {number} incidents.")
    while deploying.replay_next():
        pass


@contextmanager
def _platform() -> Iterator[tuple[str, Mapping[str, int]]]:
    """Web, workers and timetable as `make up` runs them, on the bench's own database and broker; gone afterwards."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    home = places.benchmark()
    roots = {name: status.pid for name, status in Supervisor(home).statuses().items() if status.pid}
    with ExitStack() as stack:
        for program in programs.platform(home, host=HOST, port=port):
            said = stack.enter_context((home.logs / f"{program.name}.log").open("w"))
            process = subprocess.Popen(
                [*processes.dying_with_parent(), *program.argv],
                cwd=places.ROOT,
                env=os.environ | {"PORT": str(port)},
                stdout=said,
                stderr=said,
            )
            stack.callback(_end, process)
            roots[program.name] = process.pid
        address = f"http://{HOST}:{port}"
        until = time.monotonic() + _START_SECONDS
        while ready.missing(address) != {}:
            if time.monotonic() > until:
                raise CouldNotMeasure(f"The platform is not ready: {ready.missing(address)}. Its logs: {home.logs}.")
            time.sleep(0.5)
        yield address, roots


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
