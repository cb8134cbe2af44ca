"""Measures the main reads and writes over HTTP, against the platform's own web server on this machine."""

from __future__ import annotations

import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import httpx
from knox.models import AuthToken

from deploy.bench import crowd, figures
from deploy.bench.client import OPERATIONS, Client, Operation
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from deploy.local import places, programs
from exams.database_clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 4
HOST = "127.0.0.1"
_MOST_EACH = 90  # the twin takes 100 status updates in an attempt
_START_SECONDS = 60.0


def measure(counts: Counts) -> Report:
    """Each operation by one client alone, then by four at once; each client is a learner in an attempt of their own.

    Raises:
        CouldNotMeasure: the server did not start, or refused a request.
    """
    rows = []
    with console.status("http: starting the web server") as status, _server() as port:
        for operation in OPERATIONS:
            status.update(f"http: {operation.name}")
            alone, _ = _put(operation, port, clients=1, each=min(counts.requests, _MOST_EACH))
            many, rate = _put(operation, port, clients=CLIENTS, each=min(-(-counts.requests // CLIENTS), _MOST_EACH))
            times = (figures.seconds(each) for each in (alone.median, alone.p95, many.median, many.p95))
            rows.append((operation.name, *times, f"{rate:.0f}", str(alone.count + many.count)))
    together = f"{CLIENTS} at once"
    return Report(
        title="HTTP, one web process over loopback",
        columns=("", "alone: median", "p95", f"{together}: median", "p95", "requests/s", "requests"),
        rows=tuple(rows),
    )


def _put(operation: Operation, port: int, *, clients: int, each: int) -> tuple[Spread, float]:
    """The seconds that answers took, and answers a second over all clients."""
    attempts = crowd.live_attempts(clients, live_until=database_now() + timedelta(minutes=60))
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
