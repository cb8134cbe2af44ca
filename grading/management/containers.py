"""Lends the sandbox to commands that run cells in containers, and says in a sentence why it cannot be used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from sandboxes import engine
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.sandbox import Sandbox

START = "Start Docker, check that this user may use it, and that DOCKER_HOST, if it is set, names its address."


@contextmanager
def lent_sandbox(*, instead: str = "") -> Iterator[Sandbox]:
    """This process's sandbox, which is asked first whether a run could start, and given back in the end.

    Args:
        instead: what else can be done where there is no engine, as a sentence.

    Raises:
        CommandError: it cannot be used, or failed while the block ran: what happened, and what to do.
    """
    try:
        sandbox = engine.sandbox()
        health = sandbox.health()
        if not health.ready:
            what_to_do = [] if health.reachable else [START, instead]
            raise CommandError(" ".join(filter(None, [*health.faults, *what_to_do])))
        yield sandbox
    except SandboxFault as fault:
        raise CommandError(
            f"The platform failed, which says nothing about what was run: {fault} Mend that and start again."
        ) from fault
    except engine.UnknownSandbox as unknown:
        raise CommandError(str(unknown)) from unknown
    finally:
        engine.close()
