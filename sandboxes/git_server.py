"""Serves an attempt's repository over git's smart HTTP: one limited process per request, bodies as streams.

Knows nothing of the web framework and nothing of exams: who may do what was decided by the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import tempfile
import time
import zlib
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandboxes.ingest.process import GIT, ProcessLimits, folder_size, kill_group, limited_argv, run_git
from sandboxes.push_records import COMMANDS, LATE, Move, committer, folder_of, moves_in
from sandboxes.repository import MAX_PUSH_BYTES, MAX_REPOSITORY_BYTES, environment
from sandboxes.turnstile import turnstile

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from datetime import datetime

HOOKS = Path(__file__).resolve().parent / "hooks"
MAX_NEGOTIATION_BYTES = 4 * 1024 * 1024  # what a clone or fetch says to us, unpacked
# What may be kept aside of one repository's late pushes. Each takes at least its share, so that many small ones end
# too; those of the same instant may run over it by their own size.
LATE_BYTES = 128 * 1024 * 1024
LATE_SHARE_BYTES = 64 * 1024
_SECONDS = 120.0
_CHUNK = 64 * 1024
_PROTOCOL = re.compile(r"version=[0-2]")


@unique
class Service(StrEnum):
    """What a client may ask a repository for."""

    UPLOAD_PACK = "git-upload-pack"
    RECEIVE_PACK = "git-receive-pack"


class TooLarge(Exception):
    """The request's body is larger than this service takes."""


class RepositoryFull(Exception):
    """The repository has no room for another push."""


class GitFailed(Exception):
    """The git process ended badly before it said anything a client could read."""


class GitCutShort(GitFailed):
    """The git process ended badly half way through its answer; of a push, some may have landed."""


class HooksMissing(Exception):
    """The hooks that guard pushes cannot be run, so no push is taken: the installation is broken."""


@dataclass(frozen=True)
class Pushed:
    """What receive-pack answered, what landed, and what was refused and kept aside (see `receive`).

    `cut_short` says how git ended if that was badly: its answer is not whole then and must not be given.
    """

    answer: bytes
    landed: tuple[Move, ...]
    kept: tuple[Move, ...]
    cut_short: str = ""


def _unpacked(body: IO[bytes], *, gzipped: bool, most: int) -> Iterator[bytes]:
    """Yield a request's body in pieces, unpacked, stopped at `most` bytes."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if gzipped else None
    size = 0
    while piece := body.read(_CHUNK):
        if inflater is None:
            unpacked = piece
        else:
            try:
                unpacked = inflater.decompress(piece, most + 1)
            except zlib.error:
                raise GitFailed("the request's body is not the gzip it says") from None
        size += len(unpacked)
        if size > most or (inflater is not None and inflater.unconsumed_tail):
            raise TooLarge
        yield unpacked
    if inflater is not None and not inflater.eof:
        raise GitFailed("the request's gzip body ends too soon")


def spooled(body: IO[bytes], *, gzipped: bool, most: int) -> IO[bytes]:
    """Return an open file, at its start, holding a request's body unpacked.

    Raises:
        TooLarge: it is, or unpacks to, more than `most` bytes.
        GitFailed: it claims to be gzip and is not.
    """
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(tempfile.TemporaryFile())
        for piece in _unpacked(body, gzipped=gzipped, most=most):
            out.write(piece)
        out.seek(0)
        stack.pop_all()
        return out


def _environment(path: Path, protocol: str) -> dict[str, str]:
    found = environment(path)
    if _PROTOCOL.fullmatch(protocol):
        found["GIT_PROTOCOL"] = protocol
    return found


def _limits(*, output_bytes: int) -> ProcessLimits:
    return ProcessLimits(
        seconds=_SECONDS,
        cpu_seconds=int(_SECONDS),
        file_bytes=MAX_REPOSITORY_BYTES,
        output_bytes=output_bytes,
    )


def _command(service: Service, *options: str, path: Path) -> list[str]:
    strict = ["--strict"] if service is Service.UPLOAD_PACK else []
    return [service.removeprefix("git-"), "--stateless-rpc", *strict, *options, str(path)]


async def advertise(path: Path, *, service: Service, protocol: str = "") -> bytes:
    """Return the answer to `info/refs`: what the repository has, or can do.

    Raises:
        TooBusy: come again in a moment.
        GitFailed: git failed.
    """
    async with turnstile().through(path):
        finished = await asyncio.to_thread(
            run_git,
            _command(service, "--advertise-refs", path=path),
            environment=_environment(path, protocol),
            cwd=path,
            limits=_limits(output_bytes=1024 * 1024),
        )
    if not finished.ok:
        raise GitFailed(finished.stderr.strip()[:500])
    line = f"# service={service}\n".encode()
    heading = b"%04x" % (len(line) + 4) + line + b"0000"
    return finished.stdout if b"version 2" in finished.stdout[:20] else heading + finished.stdout


async def upload(path: Path, *, body: IO[bytes], protocol: str = "") -> AsyncGenerator[bytes, None]:
    """Yield what upload-pack answers to one request of a clone or fetch; the process ends with the generator.

    Args:
        path: the repository.
        body: the request, unpacked; closed at the end.
        protocol: the client's `Git-Protocol` header.

    Raises:
        TooBusy: come again in a moment; raised before anything is yielded.
        GitFailed: git failed before it said anything.
        GitCutShort: it failed later, so what was yielded is not a whole answer.
    """
    with body, tempfile.TemporaryFile() as errors:
        async with turnstile().through(path):
            said_something = False
            process = await asyncio.create_subprocess_exec(
                *limited_argv([GIT, *_command(Service.UPLOAD_PACK, path=path)], _limits(output_bytes=0)),
                stdin=body,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=path,
                env=_environment(path, protocol),
                start_new_session=True,
            )
            try:
                ends = time.monotonic() + _SECONDS
                while process.stdout is not None:
                    piece = await asyncio.wait_for(process.stdout.read(_CHUNK), ends - time.monotonic())
                    if not piece:
                        break
                    said_something = True
                    yield piece
                await asyncio.wait_for(process.wait(), ends - time.monotonic())
            except TimeoutError:
                pass  # it is killed now, which is not a good end either
            finally:
                kill_group(process.pid)
                code = await process.wait()
            if code:
                errors.seek(0)
                why = f"exit status {code}, {errors.read(500).decode('utf-8', 'replace').strip() or 'no word'}"
                raise GitCutShort(why) if said_something else GitFailed(why)


def _size(path: Path) -> int:
    """Return what a repository takes up, less what came too late, so that an extension finds room."""
    late = path / LATE
    return folder_size(path) - (folder_size(late) if late.is_dir() else 0)


def _late_room(path: Path) -> int:
    """Return how large a late push may be to be kept aside."""
    late = path / LATE
    taken = sum(max(folder_size(each), LATE_SHARE_BYTES) for each in late.iterdir()) if late.is_dir() else 0
    room = LATE_BYTES - taken
    return room if room >= LATE_SHARE_BYTES else 0


def _moves(report: Path) -> tuple[Move, ...]:
    """Return the moves that a hook wrote down."""
    return moves_in(report.read_text("utf-8", "replace")) if report.exists() else ()


def _check_hooks() -> None:
    # git passes over a hook that is not executable and takes the push: the guard must not fail open.
    for name in ("pre-receive", "post-receive"):
        if not os.access(HOOKS / name, os.X_OK):
            raise HooksMissing(f"the hook {name} is missing or not executable")


def _receive(path: Path, body: IO[bytes], *, protocol: str, arrived: datetime, refused: str, keep: bool) -> Pushed:
    folder = folder_of(arrived) if keep else ""
    with body, tempfile.NamedTemporaryFile(prefix="hotseat-push-") as report:
        settings = _environment(path, protocol) | committer(arrived)
        number = int(settings["GIT_CONFIG_COUNT"])
        settings |= {
            "GIT_CONFIG_COUNT": str(number + 1),
            f"GIT_CONFIG_KEY_{number}": "core.hooksPath",
            f"GIT_CONFIG_VALUE_{number}": str(HOOKS),
            "HOTSEAT_PUSH_REFUSED": refused,
            "HOTSEAT_PUSH_KEEP": folder,
            "HOTSEAT_PUSH_ROOM": str(_late_room(path)) if keep else "0",
            "HOTSEAT_PUSH_BUDGET": f"{LATE_BYTES // 2**20} MiB",
            "HOTSEAT_PUSH_REPORT": report.name,
        }
        finished = run_git(
            _command(Service.RECEIVE_PACK, path=path),
            environment=settings,
            cwd=path,
            stdin=body,
            limits=_limits(output_bytes=1024 * 1024),
        )
        landed = _moves(Path(report.name))
    kept = _moves(path / LATE / folder / COMMANDS) if keep else ()
    # What landed has landed even if git failed after it, so it is reported in any case.
    said = finished.stderr.strip()[:500]
    if not finished.ok and not finished.stdout and not landed:
        raise GitFailed(said)
    cut_short = "" if finished.ok else said or "git said nothing"
    return Pushed(answer=finished.stdout, landed=landed, kept=kept, cut_short=cut_short)


async def receive(
    path: Path, *, body: IO[bytes], protocol: str = "", arrived: datetime, refused: str = "", keep: bool = False
) -> Pushed:
    """Let one push land, or refuse it with a sentence, and return the answer and the branches it moved.

    Args:
        path: the repository.
        body: the request, unpacked; closed at the end.
        protocol: the client's `Git-Protocol` header.
        arrived: when its last byte had arrived; the logs of the branches and the folder of a push kept aside tell it.
        refused: why this push may not land, shown in the learner's terminal; empty if it may.
        keep: whether a refused push is kept aside, below `late/`, as long as `LATE_BYTES` have room for it.

    Raises:
        TooBusy: come again in a moment.
        RepositoryFull: there is no room for another push.
        HooksMissing: the installation is broken.
        GitFailed: git failed before it said anything.
    """
    _check_hooks()
    async with turnstile().through(path):
        if await asyncio.to_thread(_size, path) > MAX_REPOSITORY_BYTES - MAX_PUSH_BYTES:
            body.close()
            raise RepositoryFull
        # A client that goes away must not stop a push half way between landing and being ledgered.
        kept = keep and bool(refused)
        landing = asyncio.to_thread(
            _receive, path, body, protocol=protocol, arrived=arrived, refused=refused, keep=kept
        )
        return await asyncio.shield(landing)
