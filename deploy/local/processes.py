"""Processes of this machine: which are ours, and how they end."""

import os
import shutil
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

MARK = "HOTSEAT_HOME"
"""Every process we start carries this variable, so that those which outlive a crash can be told from all others."""

# Bit numbers from linux/capability.h.
_CAPABILITIES = {"dac_override": 1, "dac_read_search": 2, "setpcap": 8}


def dying_with_parent(sent: str = "TERM") -> tuple[str, ...]:
    """The words before a command that end it when its parent dies, even by kill -9; none where util-linux lacks.

    A command that then becomes another user has to ask again: the kernel forgets the wish with the change.
    """
    return ("setpriv", f"--pdeathsig={sent}", "--") if shutil.which("setpriv") else ()


def capable(capability: str) -> bool:
    """Whether this process holds a Linux capability: root inside a container may lack some."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAPABILITIES[capability] & 1)
    return False


def marked(home: Path) -> list[int]:
    """Processes that were started for the set of processes in `home`, this one and its ancestors left out."""
    return told(MARK, str(home))


def told(name: str, value: str) -> list[int]:
    """Processes that were begun with an environment variable of that value, this one and its ancestors left out."""
    wanted = f"{name}={value}".encode()
    ours = set(_ancestry())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in ours:
            with suppress(OSError):  # ended meanwhile, or somebody else's
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def _ancestry() -> Iterator[int]:
    pid = os.getpid()
    while pid > 1:
        yield pid
        # The command's name is in brackets and may hold anything, so count fields from the last bracket.
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def age() -> float:
    """For how many seconds this process has been there, whatever programs it has been since: a shell, perhaps."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def kill_and_wait(pids: Collection[int], *, first: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
    """Ask processes to end, and after `seconds` make them."""
    for sent in (first, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, sent)
        deadline = time.monotonic() + seconds
        while any(alive(pid) for pid in pids):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return
