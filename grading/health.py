"""Says for the readiness page whether containers can be started, since only grading workers may reach the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.models import Heartbeat

if TYPE_CHECKING:
    from datetime import datetime

    from sandboxes.sandbox import Sandbox

PART = "sandbox"


def note(sandbox: Sandbox, *, now: datetime) -> bool:
    """Write down how the sandbox is; return whether a run could start."""
    health = sandbox.health()
    detail = "; ".join((*health.faults, *health.warnings)) or f"engine {health.engine_version}, image {health.image}"
    Heartbeat.objects.update_or_create(
        part=PART, defaults={"at": now, "detail": {"ok": health.ready, "detail": detail}}
    )
    return health.ready
