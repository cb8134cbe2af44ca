"""A whole platform as `make up` starts it, with a folder and a port of its own, for people who come over HTTP."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.demo.api import Person
from deploy.local.places import ROOT, Home
from deploy.local.supervise import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What is the test run's own, and would make the platform use it.
_OURS = {"DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "HOTSEAT_TEST_DB", "HOTSEAT_REPOSITORIES"}
SLUG = "short-incident"
# The demonstration's definition with windows that a test can wait for: what is tried here needs no time to think.
_PUBLISH = f"""
from exams import twins
from exams.database_clock import database_now

definition = twins.read(twins.CONTENT / "demo-incident") | {{"slug": "{SLUG}", "title": "A short incident"}}
live, postmortem = definition["stages"]
live["closes"], postmortem["closes"] = "start + 30 s", "live.closes + 15 s"
twins.publish(definition, now=database_now())
"""


@dataclass(frozen=True)
class Platform:
    """One that runs."""

    address: str
    env: dict[str, str] = field(repr=False)
    people: list[Person] = field(default_factory=list, repr=False)

    def operator(self, *argv: str) -> str:
        """Run a manage.py command as its operator; return what it printed."""
        command = [sys.executable, "-m", "deploy.local", "manage", *argv]
        return subprocess.check_output(command, cwd=ROOT, env=self.env, text=True).strip()

    def person(self, name: str, role: str) -> Person:
        """Somebody new."""
        email = f"{name}-{secrets.token_hex(3)}@journey.example"
        self.operator("make_person", email, "--role", role, "--name", name.title())
        somebody = Person(self.address, name, self.operator("token", email).splitlines()[-1])
        self.people.append(somebody)
        return somebody


@contextmanager
def running(state: Path) -> Iterator[Platform]:
    """Start one whose state lies in `state`; all of it is gone when the block ends."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS and not name.startswith("PYTEST_")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = kept | {"HOTSEAT_STATE_DIR": str(state), "PORT": port}
    try:
        up = [sys.executable, "-m", "deploy.local", "up", "--detach"]
        begun = subprocess.run(up, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=270)
        assert begun.returncode == 0, begun.stdout + begun.stderr
        found = Platform(f"http://127.0.0.1:{port}", env)
        found.operator("shell", "--command", _PUBLISH)
        yield found
        for person in found.people:
            person.close()
    finally:
        Supervisor(Home("platform", state)).stop()
