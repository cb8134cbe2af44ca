"""Is this process alive, and can the platform do its work?"""

from __future__ import annotations

import logging
import math
import socket
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import prometheus_client
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from config.operators import OperatorsOnly, is_operator, require_operator
from config.problem import answer
from config.problems import TABLE
from exams import ahead, stock, wanted
from exams.database_clock import database_now
from exams.live.deployments import replays
from exams.models import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

log = logging.getLogger(__name__)

STALE_AFTER_S = 15.0
_WAITING = prometheus_client.Gauge(
    "hotseat_deployments_waiting", "Deployments whose replay has not ended; -1 when the database is away."
)
_OLDEST = prometheus_client.Gauge(
    "hotseat_deployment_oldest_wait_seconds", "For how long the oldest of them has waited; 0 when there is none."
)
# Where a broker listens when its address names no port; all others are Valkey or Redis.
_BROKER_PORTS = {"amqp": 5672, "pyamqp": 5672, "amqps": 5671}


@dataclass(frozen=True)
class Found:
    """What a look at one part found; `detail` is for anybody, `inside` for operators."""

    ok: bool
    detail: str
    inside: str = ""


@dataclass(frozen=True)
class Part:
    """A part the platform needs: how it is looked at, and what a stranger is told when that cannot even be done."""

    look: Callable[[], Found]
    away: str


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - the framework's signature
    """This process answers."""
    return JsonResponse({"status": "ok"})


@lru_cache(maxsize=1)
def _migrations_here() -> frozenset[tuple[str, str]]:
    """The migrations of this code, read once: anybody may ask whether we are ready, as often as they like."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def _database() -> Found:
    behind = _migrations_here() - MigrationRecorder(connection).applied_migrations().keys()
    if behind:
        return Found(ok=False, detail=f"{len(behind)} migrations are not applied: run `python manage.py migrate`.")
    return Found(ok=True, detail="reachable, migrations applied")


def _broker() -> Found:
    address = urlsplit(settings.CELERY_BROKER_URL)
    if address.scheme in {"redis+socket", "unix"}:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            probe.connect(address.path)
    else:
        port = address.port or _BROKER_PORTS.get(address.scheme, 6379)
        with socket.create_connection((address.hostname or "127.0.0.1", port), timeout=2):
            pass
    return Found(ok=True, detail="accepts connections")


def _heard(part: str, *, remedy: str) -> Found:
    row = Heartbeat.objects.filter(part=part).first()
    if row is None:
        return Found(ok=False, detail=f"has not been heard of yet. {remedy}")
    age = (database_now() - row.at).total_seconds()
    inside = str(row.detail.get("detail", ""))
    if age >= STALE_AFTER_S:
        return Found(ok=False, detail=f"was last heard of {age:.1f} s ago. {remedy}", inside=inside)
    if not row.detail.get("ok", True):
        return Found(ok=False, detail=f"says that it cannot work. {remedy}", inside=inside)
    return Found(ok=True, detail=f"heard of {age:.1f} s ago", inside=inside)


def _beat() -> Found:
    return _heard("beat", remedy="An operator starts the timetable and the workers again; nothing sent is lost.")


def _sandbox() -> Found:
    # The web may not touch the engine's socket; the workers that may report on the engine and the image.
    return _heard(
        "sandbox",
        remedy="An operator looks at the container engine and the workers named grading and live; what waits is done "
        "then: runs are graded, questions answered, deployments tried.",
    )


def _deployments() -> Found:
    """Never a reason not to be ready: while one waits, learners' charts stop at the moment it was to go live."""
    queue = replays.queue(now=database_now())
    waits = f"{queue.waiting} wait to be replayed, the oldest for {queue.oldest_seconds:.0f} s"
    return Found(ok=True, detail=waits if queue.waiting else "none waits to be replayed")


def _stock() -> Found:
    """Never a reason not to be ready: a start that finds nothing begins no clock, and one is drawn for it."""
    ready = ", ".join(f"{slug}: {count}" for slug, count in stock.ready_by_twin().items())
    unknown = len(ahead.lacking())
    still = f"; what customers get is not known yet of {unknown}" if unknown else ""
    waiting = wanted.how_many_wait(now=database_now())
    wait = f"; {waiting} wait to start until theirs is drawn" if waiting else ""
    return Found(ok=True, detail=f"incidents ready: {ready or 'none is needed'}{wait}{still}")


PARTS = {
    "database": Part(
        _database, "does not answer. An operator starts it and reads the web's log; nothing sent is lost."
    ),
    "broker": Part(_broker, "does not answer. An operator starts it; what waits is taken up then."),
    "beat": Part(_beat, "cannot be looked up while the database is away."),
    "sandbox": Part(_sandbox, "cannot be looked up while the database is away."),
    "deployments": Part(_deployments, "cannot be looked up while the database is away."),
    "stock": Part(_stock, "cannot be looked up while the database is away."),
}


def _look(name: str, part: Part) -> Found:
    try:
        return part.look()
    except (DatabaseError, OSError) as fault:
        log.warning("The part %s is away: %s: %s", name, type(fault).__name__, fault)
        return Found(ok=False, detail=part.away, inside=f"{type(fault).__name__}: {fault}")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Every part the platform needs, and what to do about one that is missing; 503 then. Operators are told more."""
    found = {name: _look(name, part) for name, part in PARTS.items()}
    operator = is_operator(request)
    parts: dict[str, dict[str, Any]] = {
        name: {"ok": each.ok, "detail": f"{each.detail} ({each.inside})" if operator and each.inside else each.detail}
        for name, each in found.items()
    }
    ready = all(each.ok for each in found.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "parts": parts}, status=200 if ready else 503)


def _measure_deployments() -> None:
    try:
        queue = replays.queue(now=database_now())
    except DatabaseError as fault:  # the other figures are of this process, and are given all the same
        log.warning("How many deployments wait cannot be looked up: %s: %s", type(fault).__name__, fault)
        queue = replays.Queue(waiting=-1, oldest_seconds=math.nan)
    _WAITING.set(queue.waiting)
    _OLDEST.set(queue.oldest_seconds)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, for operators only."""
    try:
        require_operator(request)
    except OperatorsOnly as refused:
        return answer(TABLE[OperatorsOnly], str(refused))
    _measure_deployments()
    return HttpResponse(prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)
