"""How git is run on an attempt's repository, by whomever: what it may do, for how long, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxes.ingest import MIB
from sandboxes.ingest.process import Finished, ProcessLimits, git_environment, run_git

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = "main"
MAX_PUSH_BYTES = 32 * MIB
MAX_REPOSITORY_BYTES = 256 * MIB
SECONDS = 60.0

HARDENED = {
    # Whoever runs git here, on whichever host: these hold for every command of ours on an attempt's repository.
    "core.bare": "true",
    "core.logAllRefUpdates": "always",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "4m",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "transfer.unpackLimit": "1",
    "transfer.hideRefs": ["refs", "!refs/heads"],
    "transfer.advertiseSID": "false",
    "receive.fsckObjects": "true",
    "receive.unpackLimit": "1",
    "receive.denyNonFastForwards": "true",
    "receive.denyDeletes": "true",
    "receive.denyCurrentBranch": "ignore",
    "receive.advertisePushOptions": "false",
    "receive.autogc": "false",
    "receive.updateServerInfo": "false",
    "receive.maxInputSize": str(MAX_PUSH_BYTES),
    "uploadpack.allowFilter": "false",
    "uploadpack.allowAnySHA1InWant": "false",
    "uploadpack.allowRefInWant": "false",
    "uploadarchive.allowUnreachable": "false",
}


class RepositoryFault(Exception):
    """The platform could not make or read a repository of its own: our fault, to be tried again."""


class RepositoryExists(RepositoryFault):
    """Another repository lies where this one was to be made."""


def environment(path: Path) -> dict[str, str]:
    """Return the environment in which git serves the repository at `path`."""
    found = git_environment(path, {**HARDENED, "safe.directory": str(path)})
    found["GIT_DIR"] = str(path)
    return found


def run(path: Path, *arguments: str, stdin: bytes = b"", output_bytes: int = 4 * MIB) -> Finished:
    """Run git on the repository at `path`, hardened and within limits."""
    return run_git(
        arguments,
        environment=environment(path),
        cwd=path,
        stdin=stdin,
        limits=ProcessLimits(seconds=SECONDS, file_bytes=MAX_REPOSITORY_BYTES, output_bytes=output_bytes),
    )


def told(finished: Finished, what: str) -> bytes:
    """What git printed.

    Raises:
        RepositoryFault: it failed to do `what`.
    """
    if not finished.ok:
        raise RepositoryFault(f"git could not {what}: {finished.stderr.strip()[:500]}")
    return finished.stdout
