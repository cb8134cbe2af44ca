"""Measures the main reads and writes over HTTP, against the platform's own web server on this machine."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import httpx
from knox.models import AuthToken

from deploy.bench import crowd, figures
from deploy.bench.client import OPERATIONS, START, Client, Operation
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from deploy.local import places, programs
from exams import stock
from exams.database_clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 4
HOST = "127.0.0.1"
_MOST_EACH = 90  # the twin takes 100 status updates in an attempt
_START_SECONDS = 60.0
_STARTS = 4  # by one client alone, and as many by four at once; each takes an incident that took seconds to draw


def measure(counts: Counts) -> Report:
    """Each operation by one client alone, then by four at once; each client is a learner in an attempt of their own.

    A start takes its incident from the stock, which is filled before.

    Raises:
        CouldNotMeasure: the server did not start, or refused a request.
    """
    rows = []
    with console.status("http: starting the web server") as status, _server() as port:
        for operation in OPERATIONS:
            status.update(f"http: {operation.name}")
            alone, _ = _put(operation, port, clients=1, each=min(counts.requests, _MOST_EACH))
            many, rate = _put(operation, port, clients=CLIENTS, each=min(-(-counts.requests // CLIENTS), _MOST_EACH))
            rows.append(_row(operation.name, alone, many, rate))
        status.update("http: start")
        while stock.draw_next(at_least=2 * _STARTS, now=database_now()) == stock.Outcome.DRAWN:
            pass
        alone, _ = _start(port, clients=1, each=_STARTS)
        many, rate = _start(port, clients=CLIENTS, each=_STARTS // CLIENTS)
        rows.append(_row("start", alone, many, rate))
    together = f"{CLIENTS} at once"
    return Report(
        title="HTTP, one web process over loopback",
        columns=("", "alone: median", "p95", f"{together}: median", "p95", "requests/s", "requests"),
        rows=tuple(rows),
    )


def _row(name: str, alone: Spread, many: Spread, rate: float) -> tuple[str, ...]:
    times = (figures.seconds(each) for each in (alone.median, alone.p95, many.median, many.p95))
    return (name, *times, f"{rate:.0f}" if rate >= 1 else f"{rate:.1f}", str(alone.count + many.count))


def _start(port: int, *, clients: int, each: int) -> tuple[Spread, float]:
    """The seconds that starts took, each by a learner who had not started, and starts a second over all clients."""
    learners = crowd.learners(clients * each)
    people = [Client(HOST, port, AuthToken.objects.create(learner)[1], uuid.uuid4()) for learner in learners]
    shares = [people[first::clients] for first in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        answered = list(pool.map(lambda share: [person.put(START, 0) for person in share], shares))
        took = time.perf_counter() - began
    for person in people:
        person.close()
    return Spread.of(list(chain.from_iterable(answered))), clients * each / took


def _put(operation: Operation, port: int, *, clients: int, each: int) -> tuple[Spread, float]:
    """The seconds that answers took, and answers a second over all clients."""
    attempts = crowd.live_until(clients, database_now() + timedelta(minutes=60))
    people = [Client(HOST, port, AuthToken.objects.create(attempt.learner)[1], attempt.pk) for attempt in attempts]
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(Client.make_history, people))
        list(pool.map(lambda person: person.put(operation, 0), people))  # the connection is open from here on
        began = time.perf_counter()
        answered = list(pool.map(lambda person: [person.put(operation, n) for n in range(1, each + 1)], people))
        took = time.perf_counter() - began
    for person in people:
        person.close()
    return Spread.of(list(chain.from_iterable(answered))), clients * each / took


@contextmanager
def _server() -> Iterator[int]:
    """The web server as `make up` starts it, on a free port."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    home = places.benchmark()
    web = next(program for program in programs.platform(home, host=HOST, port=port) if program.name == "web")
    log = home.logs / "web.log"
    with log.open("w") as said, subprocess.Popen(web.argv, cwd=places.ROOT, stdout=said, stderr=said) as process:
        try:
            until = time.monotonic() + _START_SECONDS
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    raise CouldNotMeasure(f"The web server did not start. All it said is in {log}.")
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
