"""One table of every limit submitted code runs under, each with the name that messages and guides use."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

KIB = 1024
MIB = 1024 * KIB


def _limit(default: float, name: str, unit: str) -> Any:
    return field(default=default, metadata={"name": name, "unit": unit})


@dataclass(frozen=True)
class Limits:
    """What one container, and the code in it, may use. Sizes are bytes, times are seconds.

    The first group shapes the container and is fixed when it starts; runs that share the group can share a
    pool of waiting containers. The second group is applied to the one run that a container is used for.
    """

    memory_bytes: int = _limit(512 * MIB, "memory", "bytes")
    processes: int = _limit(64, "processes and threads", "")
    cpus: float = _limit(1.0, "processors", "")
    work_bytes: int = _limit(128 * MIB, "disk space in /work", "bytes")
    tmp_bytes: int = _limit(32 * MIB, "disk space in /tmp", "bytes")
    shared_memory_bytes: int = _limit(1 * MIB, "shared memory", "bytes")
    file_bytes: int = _limit(64 * MIB, "size of one file", "bytes")
    open_files: int = _limit(256, "open files", "")

    wall_seconds: float = _limit(60.0, "running time", "seconds")
    cpu_seconds: float = _limit(45.0, "processor time", "seconds")
    load_seconds: float = _limit(15.0, "time to load the assistant", "seconds")
    answer_seconds: float = _limit(10.0, "time to answer one question", "seconds")
    output_bytes: int = _limit(1 * MIB, "printed output", "bytes")
    output_tail_bytes: int = _limit(16 * KIB, "printed output kept", "bytes")
    frames: int = _limit(5_000, "messages to the platform", "")
    frame_bytes: int = _limit(512 * KIB, "size of one message", "bytes")
    relay_bytes: int = _limit(32 * MIB, "size of all messages together", "bytes")
    frame_depth: int = _limit(24, "nesting of one message", "levels")
    question_bytes: int = _limit(8 * KIB, "size of one question", "bytes")
    reply_bytes: int = _limit(128 * KIB, "size of one reply", "bytes")
    questions: int = _limit(400, "questions in one test run", "")
    nodes: int = _limit(200, "test nodes", "")
    node_id_bytes: int = _limit(512, "length of a test's name", "bytes")
    message_bytes: int = _limit(8 * KIB, "explanation kept per test", "bytes")
    tree_bytes: int = _limit(64 * MIB, "size of the tree handed in", "bytes")

    @property
    def shape(self) -> tuple[float, ...]:
        """What a container is started with; equal shapes can be taken from one pool."""
        return (
            self.memory_bytes,
            self.processes,
            self.cpus,
            self.work_bytes,
            self.tmp_bytes,
            self.shared_memory_bytes,
            self.file_bytes,
            self.open_files,
        )

    def says(self, limit: str) -> str:
        """The limit in words, for a message: `says("wall_seconds")` is "running time of 60 seconds"."""
        entry = next(each for each in fields(self) if each.name == limit)
        return f"{entry.metadata['name']} of {_amount(getattr(self, limit), entry.metadata['unit'])}"

    def table(self) -> list[tuple[str, str, str]]:
        """Every limit as (field, name, amount), in the order of this page."""
        return [
            (each.name, each.metadata["name"], _amount(getattr(self, each.name), each.metadata["unit"]))
            for each in fields(self)
        ]


def _amount(value: float, unit: str) -> str:
    if unit == "bytes":
        for size, word in ((MIB, "MiB"), (KIB, "KiB")):
            if value >= size and value % size == 0:
                return f"{value // size:g} {word}"
    return f"{value:g} {unit}".strip()
