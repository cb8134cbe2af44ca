"""Sums up what a hotfix changes against the tree that was handed out. Plain values only."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandboxes.ingest.tree import Tree

MOST_DIFF_CHARACTERS = 60_000
MOST_COMPARED_BYTES = 256 * 1024


@dataclass(frozen=True)
class Change:
    """One changed file. Line counts are None where the content is no text or too large to compare."""

    path: str
    how: str  # added | removed | changed
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class Changes:
    """All changed files, and a unified diff of them that ends after `MOST_DIFF_CHARACTERS`."""

    files: tuple[Change, ...]
    diff: str
    cut: bool


def between(base: Tree, submitted: Tree) -> Changes:
    """What `submitted` changes in `base`, by path."""
    files: list[Change] = []
    diff: list[str] = []
    length = 0
    cut = False
    for path in sorted(base.files.keys() | submitted.files.keys()):
        old, new = base.files.get(path), submitted.files.get(path)
        if old == new:
            continue
        how = "added" if old is None else "removed" if new is None else "changed"
        before, after = _lines(old), _lines(new)
        if before is None or after is None:
            files.append(Change(path, how, None, None))
            continue
        lines = list(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm=""))
        body = lines[2:]
        files.append(
            Change(
                path,
                how,
                added=sum(line.startswith("+") for line in body),
                removed=sum(line.startswith("-") for line in body),
            )
        )
        for line in lines:
            length += len(line) + 1
            if length > MOST_DIFF_CHARACTERS:
                cut = True
                break
            diff.append(line)
    return Changes(tuple(files), "\n".join(diff), cut)


def _lines(content: bytes | None) -> list[str] | None:
    if content is None:
        return []
    if len(content) > MOST_COMPARED_BYTES or b"\0" in content:
        return None
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        return None
