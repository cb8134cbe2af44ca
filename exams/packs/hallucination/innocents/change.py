"""The form of an innocent change."""

from __future__ import annotations

from dataclasses import dataclass

from exams.packs.hallucination.edits import Edit


@dataclass(frozen=True)
class Innocent:
    """A change that no customer notices: the message of its commit, and what it does to the healthy tree."""

    subject: str
    edits: tuple[Edit, ...]

    @property
    def files(self) -> frozenset[str]:
        """The files it touches, tests apart."""
        return frozenset(edit.path for edit in self.edits if not edit.path.startswith("tests/"))


def added(path: str, content: str) -> Edit:
    """A file of its own."""
    return Edit(path, "", content)
