"""Reads one uploaded file, archive or patch, into the tree that it hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS
from sandboxes.ingest.archive import MEANINGFUL_FOLDERS, read_archive
from sandboxes.ingest.patch import apply_patch

if TYPE_CHECKING:
    from collections.abc import Collection

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.tree import Tree


def is_patch(name: str) -> bool:
    """Whether a file of this name is taken for a patch."""
    return name.lower().endswith((".patch", ".diff"))


def read_upload(
    data: bytes,
    *,
    name: str,
    base: Tree,
    keep: Collection[str] = MEANINGFUL_FOLDERS,
    limits: IngestLimits = INGEST_LIMITS,
) -> Tree:
    """Return the tree that an uploaded file hands in.

    A patch is applied to `base`; an archive stands for itself. `keep` is as in `read_archive`.

    Raises:
        IngestRefused: with the reason.
    """
    if is_patch(name):
        return apply_patch(data, base=base, limits=limits)
    return read_archive(data, name=name, keep=keep, limits=limits)
