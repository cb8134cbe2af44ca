"""What one ingest may still take: files, bytes, seconds; every reader spends from one of these."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandboxes.ingest import IngestRefused, Refusal

if TYPE_CHECKING:
    from sandboxes.ingest import IngestLimits


class Budget:
    """Counts what comes out of one source and stops it at the limits.

    Args:
        limits: the table.
        packed_bytes: size of the source as it was sent; the ratio is measured against it.
    """

    def __init__(self, limits: IngestLimits, *, packed_bytes: int) -> None:
        self.limits = limits
        self._packed_bytes = max(packed_bytes, 1)
        self._files = 0
        self._bytes = 0
        self._ends = time.monotonic() + limits.seconds
        if packed_bytes > limits.upload_bytes:
            raise IngestRefused(
                Refusal.UPLOAD_TOO_LARGE,
                f"The upload has {packed_bytes} bytes; at most {limits.upload_bytes} are taken. "
                "Leave out data and environments.",
            )

    def count_entry(self) -> None:
        """Spend one entry; folders count too, so that a million empty ones are no way in."""
        self._files += 1
        # Folders are entries as well, so an honest tree has somewhat more entries than files.
        if self._files > 2 * self.limits.files:
            raise IngestRefused(
                Refusal.TOO_MANY_FILES,
                f"There are more than {2 * self.limits.files} entries. Leave out environments and caches.",
            )

    def check_file(self, size: int, path: str | None) -> None:
        """Refuse a file of `size` bytes that is larger than one file may be."""
        if size > self.limits.file_bytes:
            raise IngestRefused(
                Refusal.FILE_TOO_LARGE,
                f"A file has {size} bytes unpacked; at most {self.limits.file_bytes} are taken.",
                path,
            )

    def spend(self, size: int, path: str | None = None) -> None:
        """Spend `size` unpacked bytes and look at the time."""
        self._bytes += size
        if self._bytes > self.limits.tree_bytes:
            raise IngestRefused(
                Refusal.TREE_TOO_LARGE,
                f"Unpacked it is larger than {self.limits.tree_bytes} bytes, which is the most that is taken.",
                path,
            )
        if self._bytes > self.limits.ratio_floor_bytes and self._bytes > self.limits.ratio * self._packed_bytes:
            raise IngestRefused(
                Refusal.BOMB,
                f"It unpacks to more than {self.limits.ratio} times its size, as no source code does.",
                path,
            )
        self.check_time(path)

    def check_time(self, path: str | None = None) -> None:
        """Refuse to go on once the seconds are used up."""
        if time.monotonic() > self._ends:
            raise IngestRefused(
                Refusal.TOO_SLOW,
                f"Reading it took longer than {self.limits.seconds:g} seconds. Hand in something smaller.",
                path,
            )
