"""The form of an innocent change, and how the files here are read.

A change is written as a small patch: its subject (`Note:` where it touches tests, words or tools alone), then for each
file the passages it changes, apart by `@@`. A line that begins with a minus goes, one with a plus comes, and the others
only say where. A file of nothing but pluses is new.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination.edits import Edit

if TYPE_CHECKING:
    from pathlib import Path

HEAD = re.compile(r"^(Subject|Note): (.+)\n", re.MULTILINE)
FILE, PASSAGE = "--- ", "@@"


@dataclass(frozen=True)
class Innocent:
    """A change that no customer notices: the message of its commit, and what it does to the healthy tree.

    `note` when one sees at a glance that it cannot have done harm.
    """

    subject: str
    edits: tuple[Edit, ...]
    note: bool = False

    @property
    def files(self) -> frozenset[str]:
        """The files it touches, tests apart."""
        return frozenset(edit.path for edit in self.edits if not edit.path.startswith("tests/"))


def read(path: Path) -> tuple[Innocent, ...]:
    """Read the changes of a file."""
    _, *parts = HEAD.split(path.read_text(encoding="utf-8"))
    return tuple(
        Innocent(subject, tuple(_edits(patch.rstrip("\n").split("\n"))), kind == "Note")
        for kind, subject, patch in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def _edits(lines: list[str]) -> list[Edit]:
    passages: list[tuple[str, list[str]]] = []
    path = ""
    for line in lines:
        if line.startswith(FILE):
            path = line.removeprefix(FILE)
            passages.append((path, []))
        elif line == PASSAGE:
            passages.append((path, []))
        else:
            passages[-1][1].append(line)
    return [_edit(at, passage) for at, passage in passages]


def _edit(path: str, passage: list[str]) -> Edit:
    old = "\n".join(line[1:] for line in passage if not line.startswith("+"))
    new = "\n".join(line[1:] for line in passage if not line.startswith("-"))
    return Edit(path, old, new if old else f"{new}\n")
