"""Watches a set of processes while something is measured: their memory, that of containers, and the machine's load."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grading.beside import Beside

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERY_SECONDS = 3.0
CONTAINERS = "sandbox containers"
_SHIM = "containerd-shim"
_MIB = 1024


class Watch(Beside):
    """Looks every few seconds while the `with` block runs.

    `roots` are the processes by name whose children count with them. Memory is what would be free without them
    (proportional set size), in MiB. Containers are whatever the engine runs, whoever started it.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        super().__init__(every=EVERY_SECONDS, name="watch")
        self._roots = {pid: name for name, pid in roots.items()}
        self.most: dict[str, float] = {}
        self.most_together = 0.0
        self.most_taken = 0.0
        self.loads: list[float] = []
        self._free_before = _available()

    def again(self) -> None:
        """Look once."""
        now: dict[str, float] = {}
        parents, names = _processes()
        for pid in parents:
            group = self._group(pid, parents, names)
            if group is not None:
                now[group] = now.get(group, 0.0) + _memory(pid)
        for group, size in now.items():
            self.most[group] = max(self.most.get(group, 0.0), size)
        self.most_together = max(self.most_together, sum(now.values()))
        self.most_taken = max(self.most_taken, self._free_before - _available())
        self.loads.append(os.getloadavg()[0])

    def _group(self, pid: int, parents: Mapping[int, int], names: Mapping[int, str]) -> str | None:
        at = pid
        while at > 1:
            if at in self._roots:
                return self._roots[at]
            if names.get(at, "").startswith(_SHIM):
                return CONTAINERS
            at = parents.get(at, 0)
        return None


def _processes() -> tuple[dict[int, int], dict[int, str]]:
    """Each process's parent and name."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # ended meanwhile
                head, _, rest = (entry / "stat").read_text().rpartition(")")
                parents[int(entry.name)] = int(rest.split()[1])
                names[int(entry.name)] = head.partition("(")[2]
    return parents, names


def _memory(pid: int) -> float:
    with suppress(OSError):  # ended meanwhile, or somebody else's
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / _MIB
    return 0.0


def _available() -> float:
    line = next(each for each in Path("/proc/meminfo").read_text().splitlines() if each.startswith("MemAvailable:"))
    return int(line.split()[1]) / _MIB
