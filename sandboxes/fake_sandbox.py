"""A sandbox that does NOT isolate: the same launcher as a plain process, for tests and for work without an engine.

Submitted code run here can read this machine's files, use its network and signal its processes. Only resource
limits of the kernel's per-process kind hold. Never let it run what somebody else wrote.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes import image as image_package
from sandboxes.blame import Autopsy
from sandboxes.conversation import run_test_in, serve_in
from sandboxes.image.rootfs import ENVIRONMENT
from sandboxes.sandbox import Health, JsonObject, LauncherFailed, TestRun
from sandboxes.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.ingest.tree import Tree
    from sandboxes.limits import Limits
    from sandboxes.sandbox import Ask, Served

log = logging.getLogger(__name__)

_LAUNCHER = Path(image_package.__file__).with_name("launcher.py")
_WARNING = "The fake sandbox does not isolate: submitted code runs as a plain process of this machine."
_KILL_SECONDS = 5.0


class ProcessBox:
    """A launcher as a child process; see `sandboxes.conversation.Box`."""

    def __init__(self) -> None:
        self.name = f"process-{secrets.token_hex(8)}"
        self._folder = Path(tempfile.mkdtemp(prefix="hotseat-fake-"))
        ours, theirs = socket.socketpair()
        keep = ("PATH", "LD_LIBRARY_PATH")
        environment = ENVIRONMENT | {key: os.environ[key] for key in keep if key in os.environ}
        if "LD_LIBRARY_PATH" not in os.environ:
            del environment["LD_LIBRARY_PATH"]
        environment |= {"HOME": str(self._folder), "TMPDIR": str(self._folder)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-B", str(_LAUNCHER), "--root", str(self._folder)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=self._folder,
            )
        except OSError as error:
            ours.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise LauncherFailed(f"The launcher could not be started: {error}.") from error
        finally:
            theirs.close()
        self.wire = Wire(ours, multiplexed=False)

    def autopsy(self) -> Autopsy:
        """How the process ended, by the kernel's word to its parent."""
        try:
            code = self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            return Autopsy(found=True)
        return Autopsy(found=True, exit_code=code if code >= 0 else 128 - code)

    def discard(self) -> None:
        """Hang up, so that the launcher kills its child and ends; kill it if it does not."""
        self.wire.close()
        try:
            self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILL_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)


class FakeSandbox:
    """Keeps the promise of `sandboxes.sandbox.Sandbox` except its point: it does not protect this machine."""

    def __init__(self) -> None:
        log.warning(_WARNING)

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
        """See `sandboxes.sandbox.Sandbox.serve`."""
        with _box() as box, serve_in(box, tree, limits=limits) as served:
            yield served

    def run_test(self, test: Tree, *, facts: bytes, ask: Ask, limits: Limits) -> TestRun:
        """See `sandboxes.sandbox.Sandbox.run_test`."""
        with _box() as box:
            return run_test_in(box, test, facts=facts, ask=ask, limits=limits)

    def health(self) -> Health:
        """Always able, and never without the warning."""
        return Health(reachable=True, image_present=True, isolates=False, warnings=(_WARNING,))

    def sweep(self, *, older_than_s: float) -> int:  # noqa: ARG002 - part of the promise
        """Nothing outlives its process: a launcher ends when its input closes."""
        return 0

    def provenance(self) -> JsonObject:
        """Says that a verdict made here rests on nothing."""
        return {"sandbox": "fake", "isolates": False}

    def close(self) -> None:
        """Nothing is kept ready."""


@contextmanager
def _box() -> Iterator[ProcessBox]:
    box = ProcessBox()
    try:
        yield box
    finally:
        box.discard()
