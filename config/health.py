"""Is this process alive, and can the platform do its work?"""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import prometheus_client
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from exams import stock
from exams.database_clock import database_now
from exams.models import Heartbeat

STALE_AFTER_S = 15.0


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - the framework's signature
    """This process answers."""
    return JsonResponse({"status": "ok"})


def _database() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if behind:
        return False, f"{len(behind)} migrations are not applied: run `python manage.py migrate`."
    return True, "reachable, migrations applied"


def _broker() -> tuple[bool, str]:
    address = urlsplit(settings.CELERY_BROKER_URL)
    if address.scheme in {"redis+socket", "unix"}:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            probe.connect(address.path)
    else:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or 6379), timeout=2):
            pass
    return True, "accepts connections"


def _fresh(part: str) -> tuple[bool, str]:
    row = Heartbeat.objects.filter(part=part).first()
    if row is None:
        return False, "has not been heard of yet"
    age = (database_now() - row.at).total_seconds()
    detail = row.detail.get("detail", "")
    healthy = age < STALE_AFTER_S and row.detail.get("ok", True)
    return healthy, f"heard of {age:.1f} s ago{'; ' + detail if detail else ''}"


def _stock() -> tuple[bool, str]:
    """Never a reason not to be ready: a start whose incident is not in the stock draws it."""
    ready = ", ".join(f"{slug}: {count}" for slug, count in stock.ready_by_twin().items())
    return True, f"incidents ready: {ready or 'none is needed'}"


CHECKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "database": _database,
    "broker": _broker,
    "beat": lambda: _fresh("beat"),
    # The web may not touch the engine's socket; the grading worker reports on the engine and the image.
    "sandbox": lambda: _fresh("sandbox"),
    "stock": _stock,
}


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - the framework's signature
    """Every part the platform needs, each with what we know of it; 503 when one is missing."""
    parts: dict[str, dict[str, Any]] = {}
    for name, check in CHECKS.items():
        try:
            ok, detail = check()
        except (DatabaseError, OSError) as fault:
            ok, detail = False, f"{type(fault).__name__}: {fault}"
        parts[name] = {"ok": ok, "detail": detail}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "parts": parts}, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the framework's signature
    """Figures for Prometheus."""
    return HttpResponse(prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)
