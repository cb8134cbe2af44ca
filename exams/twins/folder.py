"""A twin's folder: `twin.toml`, `brief.md`, `visible/` and `hidden/`, read and checked as a whole."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exams.twins import consistency, lines, wording
from exams.twins.definition import Twin

CONTENT = Path(__file__).parent
TOML = "twin.toml"
_MOST_PARENTS = 3
_LARGEST_FILE = 4 * 1024 * 1024
_CONTENT_FOLDERS = ("visible/", "hidden/")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


_Places = dict[lines.Path, tuple[str, int]]


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with a twin: where, and what to write instead."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class NotATwin(ValueError):
    """A folder does not hold a usable twin; `faults` names everything wrong with it."""

    def __init__(self, folder: Path, faults: list[Fault]) -> None:
        super().__init__(f"{folder.name} has {len(faults)} fault(s): " + "; ".join(map(str, faults)))
        self.faults = faults


@dataclass
class _Source:
    """A document with its parents laid under it, and for every path the file and line that said it."""

    document: dict[str, Any]
    places: _Places
    folders: list[Path]
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: lines.Path, message: str) -> None:
        """Note a fault at the line of `path`, or of what it stands in."""
        while path and path not in self.places:
            path = path[:-1]
        file, line = self.places.get(path, (TOML, 1))
        self.faults.append(Fault(file, line, message))

    def find(self, name: str) -> Path | None:
        """A content file: the twin's own, else its parent's."""
        for folder in self.folders:
            file = folder / name
            if file.is_file() and not file.is_symlink():
                return file
        return None


def slugs() -> list[str]:
    """Every twin among the content of this installation."""
    return sorted(file.parent.name for file in CONTENT.glob(f"*/{TOML}"))


def load(slug: str) -> Twin:
    """The twin of that slug among the content of this installation.

    Raises:
        NotATwin: there is none, or it has faults.
    """
    return Twin.from_json(read(CONTENT / slug))


def read(folder: Path) -> dict[str, Any]:
    """The definition as it is published: the whole document, the brief's text and the hash of every content file.

    Raises:
        NotATwin: it has faults.
    """
    source = _examine(folder)
    if source.faults:
        raise NotATwin(folder, sorted(source.faults))
    return source.document


def extended(folder: Path) -> list[str]:
    """The twins that the one in this folder extends, the nearest first."""
    return [each.name for each in _parse(folder, depth=0).folders[1:]]


def check(folder: Path) -> list[Fault]:
    """Everything wrong with the twin in a folder, by file and line; empty when it can be published."""
    return sorted(set(_examine(folder).faults))


def _examine(folder: Path) -> _Source:
    """Read and check a folder.

    1. Parse `twin.toml` and lay it over the twin it extends.
    2. Check every table and key against the format.
    3. Check the files: those named exist, none lies outside `visible/` and `hidden/`, none is a link.
    4. Check that the parts fit each other.
    """
    source = _parse(folder, depth=0)
    if source.faults:
        return source
    source.document.pop("extends", None)
    slug = source.document.get("slug")
    if isinstance(slug, str) and slug != folder.name:
        source.fault(("slug",), f"the slug is {slug!r} but the folder is {folder.name!r}; make them the same")
    _read_content(source, folder)
    try:
        twin = Twin.from_json(source.document)
    except ValidationError as invalid:
        for path, message in wording.faults(invalid):
            source.fault(path, message)
        return source
    for path, message in consistency.faults(twin, exists=lambda name: source.find(name) is not None):
        source.fault(path, message)
    return source


def _parse(folder: Path, *, depth: int) -> _Source:
    file = folder / TOML
    name = _shown(file)
    if not file.is_file():
        return _Source({}, {}, [folder], [Fault(name, 1, "there is no such file; a twin is a folder with a twin.toml")])
    text = file.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as unreadable:
        said = str(unreadable)
        at = _AT_LINE.search(said)
        line = int(at[1]) if at else max(1, len(text.splitlines()))
        return _Source({}, {}, [folder], [Fault(name, line, f"this is not TOML: {_AT_LINE.sub('', said)}")])
    places = {path: (name, line) for path, line in lines.locate(text).items()}
    own = _Source(document, places, [folder])
    parent_slug = document.get("extends")
    if parent_slug is None:
        return own
    if not isinstance(parent_slug, str) or not re.fullmatch(r"[a-z][a-z0-9-]+", parent_slug) or depth >= _MOST_PARENTS:
        own.fault(("extends",), "extends names the folder of one other twin, beside this one, and not in a circle")
        return own
    parent = _parse(folder.parent / parent_slug, depth=depth + 1)
    if parent.faults:
        own.fault(("extends",), f"the twin it extends has faults: {parent.faults[0]}")
        return own
    return _laid_over(parent, own)


def _laid_over(parent: _Source, child: _Source) -> _Source:
    """The child's document over the parent's: tables merge, entries with a `key` merge with their namesake."""
    places = dict(parent.places)
    document = _Merge(child.places, places).over(parent.document, child.document, (), ())
    return _Source(document, places, [*child.folders, *parent.folders])


@dataclass(frozen=True)
class _Merge:
    """Lays a child's values over its parent's; `places` learns where each part of the result was said."""

    said: _Places
    places: _Places

    def over(self, under: Any, value: Any, old: lines.Path, new: lines.Path) -> Any:
        """`value`, at `old` in the child's document and at `new` in the result, laid over `under`."""
        if old in self.said:
            self.places[new] = self.said[old]
        if isinstance(under, dict) and isinstance(value, dict):
            laid = {key: self.over(under.get(key), each, (*old, key), (*new, key)) for key, each in value.items()}
            return under | laid
        if _keyed(under) and _keyed(value):
            entries = list(under)
            positions = {entry["key"]: position for position, entry in enumerate(entries)}
            for index, entry in enumerate(value):
                position = positions.setdefault(entry["key"], len(entries))
                if position == len(entries):
                    entries.append({})
                entries[position] = self.over(entries[position], entry, (*old, index), (*new, position))
            return entries
        for path, place in self.said.items():
            if path[: len(old)] == old:
                self.places[new + path[len(old) :]] = place
        return value


def _keyed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and "key" in each for each in value)


def _read_content(source: _Source, folder: Path) -> None:
    """Add the brief and the hash of every file to the document, and look for files that should not be there."""
    for file in _files(folder):
        source.faults += _misplaced(folder, file)
    name = source.document.get("brief", "brief.md")
    brief = source.find(name) if isinstance(name, str) else None
    if brief is not None:
        text = brief.read_text(encoding="utf-8")
        source.document["brief_markdown"] = text
        for number, line in enumerate(text.splitlines(), start=1):
            if "hidden/" in line:
                source.faults.append(
                    Fault(_shown(brief), number, "the brief is public and must not name hidden/ files")
                )
    content: dict[str, str] = {}
    for each in reversed(source.folders):
        for file in _files(each):
            inside = file.relative_to(each).as_posix()
            if inside.startswith(_CONTENT_FOLDERS) and file.is_file() and not file.is_symlink():
                content[inside] = hashlib.sha256(file.read_bytes()).hexdigest()
    source.document["content"] = content


def _files(folder: Path) -> list[Path]:
    """Files and links below a folder, in order, without what Python leaves behind."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if (file.is_file() or file.is_symlink()) and "__pycache__" not in file.parts
    ]


def _misplaced(folder: Path, file: Path) -> list[Fault]:
    shown = _shown(file)
    if file.is_symlink():
        return [Fault(shown, 1, "a link: content is copied, so put the file itself here")]
    inside = file.relative_to(folder).as_posix()
    faults = []
    if inside not in {TOML, "brief.md"} and not inside.startswith(_CONTENT_FOLDERS):
        faults.append(Fault(shown, 1, "move it to visible/ (learners may see it) or hidden/ (they may not)"))
    if file.stat().st_size > _LARGEST_FILE:
        faults.append(Fault(shown, 1, "larger than 4 MiB; generate it from the seed instead"))
    return faults


def _shown(file: Path) -> str:
    """A file as a person at the repository's top would write it."""
    root = CONTENT.parent.parent
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
