"""Hands out the one sandbox this process uses, as the settings say."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from django.conf import settings

from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.image.build import expected_image

if TYPE_CHECKING:
    from sandboxes.sandbox import Sandbox

_POOL_SIZE = 2

_lock = threading.Lock()
_made: dict[int, Sandbox] = {}  # by process: a child must not share its parent's connections


class UnknownSandbox(Exception):
    """HOTSEAT_SANDBOX has a value that no sandbox goes by."""


def sandbox() -> Sandbox:
    """The configured sandbox, made on first use in each process.

    HOTSEAT_SANDBOX is `docker` or `fake`; HOTSEAT_SANDBOX_IMAGE names an image of the operator's own, else the one
    that belongs to this code is used; HOTSEAT_SANDBOX_POOL says how many containers wait (2).

    Raises:
        UnknownSandbox: HOTSEAT_SANDBOX is neither.
        CannotAssemble: no image is named and none can be made from this interpreter.
    """
    with _lock:
        made = _made.get(os.getpid())
        if made is None:
            _made.clear()
            made = _made[os.getpid()] = _make()
        return made


def warm() -> None:
    """Start the containers that wait for the first run, without waiting for them; a fake has none.

    Raises:
        UnknownSandbox, CannotAssemble: as `sandbox`.
    """
    made = sandbox()
    if isinstance(made, DockerSandbox):
        made.warm()


def close() -> None:
    """Give back what this process's sandbox keeps ready."""
    with _lock:
        made = _made.pop(os.getpid(), None)
    if made is not None:
        made.close()


def _make() -> Sandbox:
    kind = settings.HOTSEAT_SANDBOX
    if kind == "docker":
        image = settings.HOTSEAT_SANDBOX_IMAGE or expected_image()
        return DockerSandbox(image=image, pool_size=getattr(settings, "HOTSEAT_SANDBOX_POOL", _POOL_SIZE))
    if kind == "fake":
        return FakeSandbox()
    raise UnknownSandbox(f"HOTSEAT_SANDBOX is {kind!r}; it must be 'docker' or 'fake'.")


atexit.register(close)
os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined] # noqa: SLF001
