"""Removes the containers that a crashed process left behind, and none that a living one uses."""

from __future__ import annotations

import logging
import os
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, NotFound

if TYPE_CHECKING:
    from docker import APIClient

log = logging.getLogger(__name__)

SWEEP_LABEL = "hotseat.sandbox"
OWNER_LABEL = "hotseat.owner"


def sweep_containers(api: APIClient, *, older_than_s: float) -> int:
    """Remove our containers whose owner is dead, and those older than `older_than_s`; return how many.

    An owner on another machine, or in another process namespace, cannot be looked up: there only age counts.
    """
    removed = 0
    for each in api.containers(all=True, filters={"label": SWEEP_LABEL}):
        owner = each["Labels"].get(OWNER_LABEL, "")
        too_old = time.time() - each["Created"] > older_than_s
        if too_old or owner_is_dead(owner):
            try:
                api.remove_container(each["Id"], force=True, v=True)
            except NotFound:
                continue
            except APIError as error:  # already being removed by its owner or by another sweep
                log.info("sweep passes over %s: %s", each["Id"][:12], error.explanation)
                continue
            removed += 1
    return removed


def owner_token() -> str:
    """Names this process so that another one on this machine can tell whether it still lives."""
    return f"{_here()}.{os.getpid()}.{_started_at(os.getpid())}"


def owner_is_dead(token: str) -> bool:
    """Whether the process that `token` names is known to be gone."""
    here, _, process = token.partition(".")
    pid, _, started = process.partition(".")
    if not pid.isdecimal() or here != _here():
        return False
    return _started_at(int(pid)) != started


@cache
def _here() -> str:
    """This boot of this machine, and the process namespace we are in."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"


def _started_at(pid: int) -> str:
    """When a process started, in ticks since boot; empty if there is none or it is only waiting to be reaped."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in {"Z", "X"} else after_name[19]
