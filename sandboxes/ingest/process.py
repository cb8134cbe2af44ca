"""Runs git over untrusted input: an empty environment, hard limits, and nothing left running afterwards."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GIT = shutil.which("git") or "/usr/bin/git"
_FALSE = shutil.which("false") or "/bin/false"
_SHELL = "/bin/sh"
# The limits are set by the child on itself before it becomes git, so no child of git's can be born without them.
_LIMITED = (
    # A limit that cannot be set is one the machine has set lower already.
    'ulimit -c 0; ulimit -f "$1" 2>/dev/null; ulimit -v "$2" 2>/dev/null; ulimit -t "$3" 2>/dev/null; '
    'shift 3; exec "$@"'
)
_LOOK_EVERY = 0.1
_REAP_EVERY = 0.005
_READ = 64 * 1024
_MAX_STDERR = 64 * 1024
_FILE_TOO_BIG = {-signal.SIGXFSZ, 128 + signal.SIGXFSZ}


@dataclass(frozen=True, kw_only=True)
class ProcessLimits:
    """What one git command may use; sizes in bytes, times in seconds."""

    seconds: float
    cpu_seconds: int = 60
    memory_bytes: int = 2 * 1024**3  # address space, mapped files included
    file_bytes: int = 64 * 1024**2
    folder_bytes: int | None = None  # of the watched folder, all files together
    output_bytes: int = 8 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended, seen from outside."""

    returncode: int
    stdout: bytes
    stderr: str
    timed_out: bool = False
    too_large: bool = False
    too_much_output: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and well."""
        return self.returncode == 0 and not (self.timed_out or self.too_large or self.too_much_output)


def limited_argv(argv: Sequence[str], limits: ProcessLimits) -> list[str]:
    """Return `argv` wrapped so that it starts under `limits`; the arguments are never read by the shell."""
    return [
        _SHELL,
        "-c",
        _LIMITED,
        "limited",
        str(max(1, limits.file_bytes // 512)),
        str(max(1, limits.memory_bytes // 1024)),
        str(limits.cpu_seconds),
        *argv,
    ]


def git_environment(home: Path, config: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Return a whole environment for git: nothing of ours, nothing of the machine's configuration.

    Args:
        home: an empty folder.
        config: git settings, each a value or several.
    """
    environment = {
        "PATH": os.defpath + ":" + str(Path(GIT).parent),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": _FALSE,
        "SSH_ASKPASS": _FALSE,
        "GIT_SSH_COMMAND": _FALSE,
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": _FALSE,
        "GIT_TEMPLATE_DIR": "",
    }
    pairs = [
        (key, value) for key, values in config.items() for value in ([values] if isinstance(values, str) else values)
    ]
    environment["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (key, value) in enumerate(pairs):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def kill_group(leader: int) -> None:
    """Kill every process of a group we started; gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _file_sizes(folder: Path) -> Iterator[int]:
    """Yield the size of each file below a folder; files that vanish meanwhile are passed over."""
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield (Path(where) / name).lstat().st_size


def folder_size(folder: Path) -> int:
    """Return the bytes in a folder's files."""
    return sum(_file_sizes(folder))


def _was_cut(folder: Path, limits: ProcessLimits) -> bool:
    """Whether a file below `folder` is as large as the kernel let it become: a child of git's was stopped there."""
    return max(_file_sizes(folder), default=0) >= limits.file_bytes // 512 * 512


class _Watch:
    """Reads a running command's output and looks whether it keeps within its limits."""

    def __init__(self, process: subprocess.Popen[bytes], limits: ProcessLimits, watched: Path | None) -> None:
        self._process = process
        self._limits = limits
        self._watched = watched
        self._ends = time.monotonic() + limits.seconds
        self._look_again = 0.0
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.timed_out = False
        self.too_large = False
        self.too_much_output = False

    def _ended(self) -> bool:
        """Whether the command is over, without reaping it: its group can still be killed safely."""
        waited = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        return waited is not None

    def _over_limits(self) -> bool:
        limits = self._limits
        now = time.monotonic()
        self.timed_out = now > self._ends
        if self._watched is not None and limits.folder_bytes is not None and now >= self._look_again:
            self._look_again = now + _LOOK_EVERY
            self.too_large = folder_size(self._watched) > limits.folder_bytes
        return self.timed_out or self.too_large or self.too_much_output

    def _take(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        piece = os.read(key.fd, _READ)
        if not piece:
            selector.unregister(key.fileobj)
        elif key.data == "stderr":
            # What a hostile server says is kept only as far as it can matter.
            self.stderr += piece[: _MAX_STDERR - len(self.stderr)]
        else:
            self.stdout += piece
            self.too_much_output = len(self.stdout) > self._limits.output_bytes

    def run(self) -> None:
        """Read until the command has ended or passed a limit."""
        with selectors.DefaultSelector() as selector:
            for name in ("stdout", "stderr"):
                selector.register(getattr(self._process, name), selectors.EVENT_READ, data=name)
            while not self._over_limits():
                # Asked before looking: a busy machine may leave us no turn between the two, in which it says its last
                # words and ends.
                ended = self._ended()
                ready = selector.select(_LOOK_EVERY if selector.get_map() else _REAP_EVERY)
                for key, _ in ready:
                    self._take(key, selector)
                # A child that outlives git and holds its output open must not hold us as well.
                if not ready and ended:
                    return


def run_git(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    limits: ProcessLimits,
    stdin: bytes | IO[bytes] = b"",
    watched: Path | None = None,
) -> Finished:
    """Run one git command to its end and return how that was; its whole process group is gone afterwards.

    Args:
        arguments: after `git`; nothing in them is ever expanded or read by a shell.
        environment: all of it.
        cwd: where.
        limits: enforced by the kernel (size of a file, memory, CPU) and by a watch (time, output, folder).
        stdin: bytes to feed it, or an open file.
        watched: the folder whose growth `limits.folder_bytes` caps.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(stdin, bytes):
            feed: IO[bytes] = stack.enter_context(_as_file(stdin))
        else:
            feed = stdin
        process = stack.enter_context(
            subprocess.Popen(
                limited_argv([GIT, *arguments], limits),
                stdin=feed,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
            )
        )
        watch = _Watch(process, limits, watched)
        try:
            watch.run()
        finally:
            kill_group(process.pid)
            process.wait()
    cut = process.returncode != 0 and watched is not None and _was_cut(watched, limits)
    return Finished(
        returncode=process.returncode,
        stdout=bytes(watch.stdout),
        stderr=watch.stderr.decode("utf-8", "replace"),
        timed_out=watch.timed_out,
        too_large=cut or watch.too_large or process.returncode in _FILE_TOO_BIG,
        too_much_output=watch.too_much_output,
    )


def _as_file(data: bytes) -> IO[bytes]:
    """Return an open nameless file holding `data`: unlike a pipe it can be written whole before anyone reads."""
    if not data:
        return Path(os.devnull).open("rb")
    descriptor = os.memfd_create("git-input", os.MFD_CLOEXEC)
    file = os.fdopen(descriptor, "w+b")
    file.write(data)
    file.seek(0)
    return file
