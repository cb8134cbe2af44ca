"""GitPython on a finished bare repository: every git that it starts is limited, knows nothing of ours, and is ended."""

from __future__ import annotations

import contextlib
import shutil
import threading
from typing import TYPE_CHECKING, Any

import git

from sandboxes.ingest import IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.process import ProcessLimits, git_environment, limited_argv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENV = shutil.which("env") or "/usr/bin/env"

# For reading what is there and nothing else: no fetching, no hooks, no rewriting of what objects say.
READING = {
    "protocol.allow": "never",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "core.useReplaceRefs": "false",
    "core.commitGraph": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "i18n.logOutputEncoding": "UTF-8",
}


def reading_environment(git_dir: Path) -> dict[str, str]:
    """Return the whole environment in which git reads the repository at `git_dir`."""
    found = git_environment(git_dir, {**READING, "safe.directory": str(git_dir)})
    found["GIT_DIR"] = str(git_dir)
    return found


class _LimitedGit(git.Git):
    """How GitPython starts git here: from an empty environment, under the kernel's limits, and not after the end."""

    def __init__(self, working_dir: Any = None) -> None:
        super().__init__(working_dir)
        self._prefix: list[str] = []
        self._limits = ProcessLimits(seconds=0)
        self._started: list[Any] = []
        self._over = threading.Event()

    def limit(self, git_dir: Path, limits: ProcessLimits) -> None:
        """Say what holds for every command from now on."""
        self._prefix = [_ENV, "-i", *(f"{name}={value}" for name, value in reading_environment(git_dir).items())]
        self._limits = limits

    def execute(self, command: Any, *arguments: Any, **options: Any) -> Any:
        """Start git as GitPython asks, but limited; what goes on running is remembered."""
        if self._over.is_set() or not self._prefix:
            raise ValueError("no git may be started here any more")
        started = super().execute([*self._prefix, *limited_argv(command, self._limits)], *arguments, **options)
        if isinstance(started, self.AutoInterrupt):
            self._started.append(started)
        return started

    @property
    def over(self) -> bool:
        """Whether the time was used up."""
        return self._over.is_set()

    def stop(self) -> None:
        """Kill what runs: whoever waits for its answer gets none."""
        self._over.set()
        for each in list(self._started):
            process = each.proc
            if process is not None:
                process.kill()

    def end(self) -> None:
        """End what was left running for the next question, and close its pipes."""
        self.clear_cache()  # type: ignore[no-untyped-call, unused-ignore]
        for each in self._started:
            with contextlib.suppress(OSError):
                each._terminate()  # noqa: SLF001 - what its finalizer does, at a known moment
        self._started.clear()


class _BareRepository(git.Repo):
    """A repository whose git commands are limited; GitPython provides this place for a type of one's own."""

    GitCommandWrapperType = _LimitedGit


def _damaged(what: str) -> IngestRefused:
    return IngestRefused(
        Refusal.REPOSITORY_DAMAGED, f"The repository is damaged: {what} cannot be read. Push it again."
    )


@contextlib.contextmanager
def reading(git_dir: Path, *, limits: ProcessLimits, what: str) -> Iterator[git.Repo]:
    """Give a bare repository to read from, for at most `limits.seconds`; nothing of it runs afterwards.

    Objects are read by git itself (`GitCmdObjectDB`), so that what a hostile pack makes of memory is the memory of a
    limited child. GitPython's own reader of packs would undo deltas in this process.

    Args:
        git_dir: the folder of a bare repository that nobody fetches into any more, or one of ours.
        limits: of every git process; `seconds` is for all of them together.
        what: the words for what is read, in what a failure says.

    Raises:
        IngestRefused: something in it is not as git has it.
        SourceUnreachable: it took too long.
    """
    try:
        repository = _BareRepository(git_dir, expand_vars=False, odbt=git.GitCmdObjectDB)
    except (git.GitError, OSError) as error:
        raise _damaged(what) from error
    commands = repository.git
    if not isinstance(commands, _LimitedGit):
        raise TypeError("GitPython did not take the limited commands")
    commands.limit(git_dir, limits)
    watchdog = threading.Timer(limits.seconds, commands.stop)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield repository
    except (git.GitError, git.ODBError, ValueError, TypeError, OSError) as error:
        if commands.over:
            raise SourceUnreachable(f"Reading {what} took too long.") from error
        raise _damaged(what) from error
    finally:
        watchdog.cancel()
        commands.end()
