"""What every conversation needs of a container, and how one begins: the launcher's first word, its job, its input."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sandboxes.blame import Autopsy, Evidence, blame
from sandboxes.limits import Limits
from sandboxes.messages import Numbered
from sandboxes.sandbox import BadJob, ContainerVanished, EngineTimeout, JsonObject, LauncherFailed
from sandboxes.wire import ANSWER, FACTS, JOB, READY, TREE, Closed, Wire

if TYPE_CHECKING:
    from sandboxes.ingest.tree import Tree

START_SECONDS = 30.0  # from the container's start to its launcher's first word
_INPUT_SECONDS = 15.0


class Box(Protocol):
    """One single-use container whose launcher runs, or is about to."""

    @property
    def name(self) -> str:
        """An opaque id."""

    @property
    def wire(self) -> Wire:
        """Its standard streams."""

    def autopsy(self) -> Autopsy:
        """What the engine says of its end; waits a little for the engine to notice.

        Raises:
            SandboxFault: the engine could not be asked.
        """

    def discard(self) -> None:
        """Kill and remove it. Never raises and never waits for submitted code."""


def await_ready(box: Box, *, within_s: float = START_SECONDS) -> JsonObject:
    """Wait for the launcher's first word, and return what it says about itself.

    Raises:
        EngineTimeout: it did not come.
        LauncherFailed: something else came, or the container ended.
    """
    try:
        frame = box.wire.receive(until=time.monotonic() + within_s)
    except Closed:
        stderr = bytes(box.wire.stderr).decode("utf-8", "replace")
        _, why = blame(Evidence(None, box.autopsy(), stderr=stderr), Limits())
        raise LauncherFailed(f"A sandbox ended before it had anything to run: {why}") from None
    if frame is None:
        raise EngineTimeout(f"A sandbox was not ready within {within_s:g} seconds of its start.")
    if frame.kind != READY:
        raise LauncherFailed("A sandbox's first word was not that it is ready.")
    said: JsonObject = json.loads(frame.payload)
    return said


def begin(box: Box, mode: str, tree: Tree, limits: Limits, facts: bytes | None, *, ready: bool) -> Numbered:
    """Give the launcher its job; the input waits in the pipe if the launcher is still starting.

    Raises:
        BadJob: the tree is over the limit.
        SandboxFault: the launcher did not take it.
    """
    archive = tree.to_tar()
    content = sum(map(len, tree.files.values()))
    if content > limits.tree_bytes:
        raise BadJob(f"A tree of {content} bytes is over the {limits.says('tree_bytes')}.")
    nonce = secrets.token_hex(8)
    job = {
        "mode": mode,
        "nonce": nonce,
        "cpu_seconds": limits.cpu_seconds,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "output_bytes": limits.output_bytes,
        "output_tail_bytes": limits.output_tail_bytes,
        "frames": limits.frames,
        "frame_bytes": limits.frame_bytes,
        "relay_bytes": limits.relay_bytes,
        "reply_bytes": limits.reply_bytes,
        "message_bytes": limits.message_bytes,
    }
    box.wire.send(JOB, json.dumps(job).encode(), within_s=_INPUT_SECONDS)
    box.wire.send(TREE, archive, within_s=_INPUT_SECONDS)
    if facts is not None:
        box.wire.send(FACTS, facts, within_s=_INPUT_SECONDS)
    if not ready:
        await_ready(box)
    return Numbered(nonce, limits)


def send_answer(box: Box, answer: JsonObject) -> None:
    """Send the child something that it waits for."""
    # A child that has just died takes the pipe with it; the next message read from the box says so.
    with suppress(ContainerVanished):
        box.wire.send(ANSWER, json.dumps(answer).encode(), within_s=_INPUT_SECONDS)
