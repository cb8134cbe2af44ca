"""Puts changes to the same tree together, whoever made them: each is what it does to whole lines of the tree before.

An exact replacement (`edits.py`) asks for its own surroundings word for word, so two changes to neighbouring lines
could not be made in either order. What is woven is the outcome of each change on the healthy tree, as hunks: as long as
no two of them take the same line, the tree is the same whichever of them came first, and any of them can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exams.packs.hallucination.edits import Edit

APART = 2  # two hunks with no more lines between them than this are one: somebody changed a passage


class Tangled(ValueError):
    """Two changes take the same line: they cannot both be made."""


@dataclass(frozen=True)
class Hunk:
    """Lines `start` to `end` of a file become `lines`; none of them, and it is an insertion before `start`."""

    path: str
    start: int
    end: int
    lines: tuple[str, ...]

    def meets(self, other: Hunk) -> bool:
        """Whether both take a line, so that only one of them can be made."""
        return (self.path == other.path and self.start < other.end and other.start < self.end) or self._inside(other)

    def _inside(self, other: Hunk) -> bool:
        """Whether one puts lines where the other takes them away."""
        return self.path == other.path and (
            self.start < other.start == other.end < self.end or other.start < self.start == self.end < other.end
        )


def hunks(before: Tree, after: Tree) -> tuple[Hunk, ...]:
    """What a change did to text files; files that it took away count as emptied.

    Only files that differ are looked at.
    """
    found: list[Hunk] = []
    for path in sorted({*before.files, *after.files}):
        old, new = before.files.get(path, b""), after.files.get(path, b"")
        if old is not new and old != new:
            found += _differing(path, old, new)
    return tuple(found)


@lru_cache(maxsize=4096)
def _differing(path: str, old: bytes, new: bytes) -> tuple[Hunk, ...]:
    before, after = old.decode().splitlines(keepends=True), new.decode().splitlines(keepends=True)
    found: list[list[int]] = []
    for what, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        if found and start - found[-1][1] <= APART:
            found[-1][1], found[-1][3] = end, last
        else:
            found.append([start, end, first, last])
    return tuple(Hunk(path, start, end, tuple(after[first:last])) for start, end, first, last in found)


def taken(tree: Tree, edits: Iterable[Edit]) -> tuple[Hunk, ...]:
    """The hunks of exact replacements, each with all the lines it names but those it leaves as they are at its ends.

    Unlike `hunks` it takes what lies between the lines it changes, so that nothing is woven into a passage that was
    rewritten as a whole.

    Raises:
        Tangled: the words to be replaced are not in the file exactly once.
    """
    found = []
    for edit in edits:
        text = tree.files.get(edit.path, b"").decode()
        if edit.old == "" and edit.path not in tree.files:  # a file of its own
            found.append(Hunk(edit.path, 0, 0, tuple(edit.new.splitlines(keepends=True))))
            continue
        if text.count(edit.old) != 1:
            raise Tangled(f"{edit.path} holds {edit.old!r} {text.count(edit.old)} times, not once")
        at = text.index(edit.old)
        begin = text.rfind("\n", 0, at) + 1
        stop = text.find("\n", at + len(edit.old) - 1) + 1 or len(text)
        old = text[begin:stop].splitlines(keepends=True)
        new = (text[begin:at] + edit.new + text[at + len(edit.old) : stop]).splitlines(keepends=True)
        start, end = text.count("\n", 0, begin), text.count("\n", 0, begin) + len(old)
        while old and new and old[0] == new[0]:
            start, old, new = start + 1, old[1:], new[1:]
        while old and new and old[-1] == new[-1]:
            end, old, new = end - 1, old[:-1], new[:-1]
        found.append(Hunk(edit.path, start, end, tuple(new)))
    return tuple(found)


def size(change: Iterable[Hunk]) -> int:
    """How many lines a change takes away and adds."""
    return sum(hunk.end - hunk.start + len(hunk.lines) for hunk in change)


def apart(one: Iterable[Hunk], other: Sequence[Hunk]) -> bool:
    """Whether two changes can both be made."""
    return not any(hunk.meets(met) for hunk in one for met in other)


def beside(one: Iterable[Hunk], other: Sequence[Hunk]) -> bool:
    """Whether two changes take lines next to each other, so that git takes back neither alone without being asked."""
    return any(
        hunk.path == met.path and hunk.start <= met.end + 1 and met.start <= hunk.end + 1
        for hunk in one
        for met in other
    )


def woven(tree: Tree, *changes: Sequence[Hunk]) -> Tree:
    """The tree with all these changes made; where several insert at one place, in the order they are given.

    Raises:
        Tangled: two of them take the same line.
    """
    by_path: dict[str, list[Hunk]] = {}
    for change in changes:
        for hunk in change:
            by_path.setdefault(hunk.path, []).append(hunk)
    files = dict(tree.files)
    for path, made in by_path.items():
        made.sort(key=lambda hunk: (hunk.start, hunk.end))
        before = tree.files.get(path, b"").decode().splitlines(keepends=True)
        after: list[str] = []
        done = 0
        for hunk in made:
            if hunk.start < done:
                raise Tangled(f"{path}: two changes take line {hunk.start + 1}")
            after += before[done : hunk.start]
            after += hunk.lines
            done = hunk.end
        after += before[done:]
        files[path] = "".join(after).encode()
    return Tree(files, tree.executable)
