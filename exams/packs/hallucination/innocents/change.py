"""The form of an innocent change, and how the files here are read.

A change is written as a small patch: its subject, then for each file the passages it changes, apart by `@@`. A line
that begins with a minus goes, one with a plus comes, and the others only say where. A file of nothing but pluses is
new. What stands before the subject says of what sort it is:

``Subject``    code is written otherwise and does the same
``Behaviour``  the assistant does something otherwise that one can see, and answers all the same
``Prompt``     the same, and the model is asked otherwise
``Suspect``    the assistant does something otherwise, and it looks like harm: a check is moved, loosened or gone, and
               only code that the change does not show makes it safe; ``Suspect prompt`` if the model is asked otherwise
``Note``       tests, words or tools alone

Lines below may say more:

``Also: …``              other words for its subject, one of which is drawn
``Not with: H2, H7``     the failure classes whose harm it would add to or take from, or whose evidence it would spoil
``After: …``             the subject of another innocent change without which it would do harm: that is there before it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination.edits import Edit

if TYPE_CHECKING:
    from pathlib import Path

HEAD = re.compile(
    r"^(Subject|Behaviour|Prompt|Suspect(?: prompt)?|Note): (.+)\n((?:(?:Also|Not with|After): .+\n)*)", re.MULTILINE
)
FILE, PASSAGE = "--- ", "@@"


@dataclass(frozen=True)
class Innocent:
    """A change that does no harm: the message of its commit, and what it does to the healthy tree.

    `behaves` when the assistant does something otherwise, so that one has to think or to try before it can be ruled
    out; `asks` when that shows in prompts; `suspect` when it looks like harm, and other code makes it safe. `note` when
    one sees at a glance that it cannot have done harm. `not_with` are the failure classes in whose incidents it would
    make a difference. `after` is the subject of another change that must be there before it; none if empty.
    """

    subject: str
    edits: tuple[Edit, ...]
    note: bool = False
    behaves: bool = False
    asks: bool = False
    not_with: frozenset[str] = frozenset()
    suspect: bool = False
    also: tuple[str, ...] = ()
    after: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the message of its commit may be; the first names it here."""
        return (self.subject, *self.also)

    @property
    def files(self) -> frozenset[str]:
        """The files it touches, tests apart."""
        return frozenset(edit.path for edit in self.edits if not edit.path.startswith("tests/"))


def read(path: Path) -> tuple[Innocent, ...]:
    """Read the changes of a file."""
    _, *parts = HEAD.split(path.read_text(encoding="utf-8"))
    return tuple(
        _innocent(kind, subject, more, patch)
        for kind, subject, more, patch in zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
    )


def _innocent(kind: str, subject: str, more: str, patch: str) -> Innocent:
    said = [line.split(": ", 1) for line in more.splitlines()]
    return Innocent(
        subject,
        tuple(_edits(patch.rstrip("\n").split("\n"))),
        note=kind == "Note",
        behaves=kind not in {"Subject", "Note"},
        asks=kind in {"Prompt", "Suspect prompt"},
        not_with=frozenset(key for name, value in said if name == "Not with" for key in value.split(", ")),
        suspect=kind.startswith("Suspect"),
        also=tuple(value for name, value in said if name == "Also"),
        after=next((value for name, value in said if name == "After"), ""),
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
