"""A tree is an immutable set of regular files with names that mean the same on every machine."""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
import tarfile
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Control, format (zero-width, direction), surrogate, line and paragraph separators: they lie to a reader.
_LYING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_DRIVE = re.compile(r"[A-Za-z]:")
_MAX_COMPONENT_BYTES = 255


class BadTree(ValueError):
    """Bytes said to be one of our canonical tars are not: stored data is damaged or was not written by us."""


def _git_alias(component: str) -> bool:
    """Whether some file system would open git's own folder under this name."""
    bare = component.rstrip(" .").casefold()
    return bare in {".git", "git~1"} or bare.startswith(".git:")


def check_shape(path: str) -> None:
    """Refuse a path that is not a plain way down from the top.

    Raises:
        IngestRefused: the name is absolute, climbs, is not in its shortest form, is too long or too deep,
            or holds characters that cannot be seen.
    """
    if not path:
        raise IngestRefused(Refusal.EMPTY_NAME, "An entry has no name. Pack the files again.", path)
    if path.startswith("/") or _DRIVE.match(path):
        raise IngestRefused(
            Refusal.ABSOLUTE_PATH,
            "A path starts at the root of a disk. Paths must be relative to the repository's top.",
            path,
        )
    if "\\" in path or any(unicodedata.category(character) in _LYING_CATEGORIES for character in path):
        raise IngestRefused(
            Refusal.UNSAFE_NAME,
            "A name holds a backslash or a character that cannot be seen. Rename the file.",
            path,
        )
    components = path.split("/")
    if ".." in components:
        raise IngestRefused(
            Refusal.PATH_TRAVERSAL,
            "A path climbs out of its folder with '..'. Paths must stay inside the repository.",
            path,
        )
    if posixpath.normpath(path) != path:
        raise IngestRefused(
            Refusal.UNSAFE_NAME,
            "A path is not in its shortest form (it holds '.', '//' or a slash at its end).",
            path,
        )
    if len(path.encode()) > INGEST_LIMITS.path_bytes or any(
        len(component.encode()) > _MAX_COMPONENT_BYTES for component in components
    ):
        raise IngestRefused(
            Refusal.PATH_TOO_LONG,
            f"A path is longer than {INGEST_LIMITS.path_bytes} bytes. Shorten it.",
            path[: INGEST_LIMITS.path_bytes],
        )
    if len(components) > INGEST_LIMITS.depth:
        raise IngestRefused(
            Refusal.PATH_TOO_DEEP,
            f"A file lies more than {INGEST_LIMITS.depth} folders deep. Move it up.",
            path,
        )


def check_path(path: str) -> None:
    """Refuse a path that may not name a file in a tree.

    Raises:
        IngestRefused: as `check_shape` says, or it would be git's own folder on some machine.
    """
    check_shape(path)
    if any(_git_alias(component) for component in path.split("/")):
        raise IngestRefused(
            Refusal.GIT_METADATA,
            "A path lies in git's own folder. Hand in the files only, for example with `git archive`.",
            path,
        )


def _folded(path: str) -> str:
    """Return the name as the most forgiving file system would see it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def check_distinct(paths: Iterable[str]) -> None:
    """Raise `IngestRefused` if two names would be one somewhere, or a file is also a folder."""
    spelling: dict[str, str] = {}  # folded prefix -> the one spelling seen
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        components = path.split("/")
        for depth in range(1, len(components) + 1):
            prefix = "/".join(components[:depth])
            key = _folded(prefix)
            if spelling.setdefault(key, prefix) != prefix:
                raise IngestRefused(
                    Refusal.DUPLICATE_NAME,
                    f"Two names differ only in case or in how a letter is written: "
                    f"{spelling[key]!r} and {prefix!r}. Rename one.",
                    path,
                )
            (files if depth == len(components) else folders).add(key)
    clash = files & folders
    if clash:
        name = spelling[min(clash)]
        raise IngestRefused(Refusal.DUPLICATE_NAME, "A name is both a file and a folder. Rename one.", name)


def _is_below(path: str, prefix: str) -> bool:
    folder = prefix.rstrip("/")
    return not folder or path == folder or path.startswith(folder + "/")


@dataclass(frozen=True)
class Tree:
    """An immutable set of regular files.

    Args:
        files: normalized POSIX relative path → content.
        executable: the paths among them that carry the executable bit.

    Raises:
        IngestRefused: a name is unsafe, two names clash, or the set is larger than `INGEST_LIMITS` allows.
    """

    files: Mapping[str, bytes]
    executable: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        limits = INGEST_LIMITS
        if len(self.files) > limits.files:
            raise IngestRefused(
                Refusal.TOO_MANY_FILES,
                f"There are {len(self.files)} files; at most {limits.files} are taken.",
            )
        total = 0
        for path, content in self.files.items():
            check_path(path)
            if len(content) > limits.file_bytes:
                raise IngestRefused(
                    Refusal.FILE_TOO_LARGE,
                    f"A file has {len(content)} bytes; at most {limits.file_bytes} are taken.",
                    path,
                )
            total += len(content)
        if total > limits.tree_bytes:
            raise IngestRefused(
                Refusal.TREE_TOO_LARGE,
                f"The files have {total} bytes together; at most {limits.tree_bytes} are taken.",
            )
        check_distinct(self.files)
        strangers = self.executable - self.files.keys()
        if strangers:
            raise ValueError(f"executable names no file: {min(strangers)!r}")
        ordered = {path: bytes(self.files[path]) for path in sorted(self.files)}
        object.__setattr__(self, "files", MappingProxyType(ordered))
        object.__setattr__(self, "executable", frozenset(self.executable))

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[type[Tree], tuple[dict[str, bytes], frozenset[str]]]:
        return (Tree, (dict(self.files), self.executable))

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"<Tree of {len(self.files)} files, {self.sha256[:12]}>"

    @cached_property
    def _tar(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path, content in self.files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                entry.mode = 0o755 if path in self.executable else 0o644
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    def to_tar(self) -> bytes:
        """Return the one tar of this tree: sorted, without times and owners; equal trees, equal bytes."""
        return self._tar

    @classmethod
    def from_tar(cls, data: bytes) -> Tree:
        """Return the tree whose `to_tar()` is `data`.

        Raises:
            BadTree: `data` is not exactly what `to_tar` writes. Never use this on bytes a learner sent.
        """
        files: dict[str, bytes] = {}
        executable = set()
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
                for entry in tar:
                    reader = tar.extractfile(entry) if entry.isreg() else None
                    if reader is None:
                        raise BadTree(f"not a regular file: {entry.name!r}")
                    files[entry.name] = reader.read()
                    if entry.mode & 0o100:
                        executable.add(entry.name)
            tree = cls(files, frozenset(executable))
        except (tarfile.TarError, OSError, UnicodeError, IngestRefused) as error:
            raise BadTree(f"not a canonical tar: {error}") from error
        if tree.to_tar() != data:
            raise BadTree("a tar, but not in our canonical form")
        return tree

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of `to_tar()`: the tree's identity."""
        return hashlib.sha256(self._tar).hexdigest()

    def under(self, prefix: str) -> Tree:
        """Return only the files at or below `prefix`, under the names they have."""
        return self._only(path for path in self.files if _is_below(path, prefix))

    def without(self, *prefixes: str) -> Tree:
        """Return the tree less everything at or below any of `prefixes`."""
        return self._only(path for path in self.files if not any(_is_below(path, prefix) for prefix in prefixes))

    def overlay(self, other: Tree, *, replacing: Sequence[str] = ()) -> Tree:
        """Return this tree less everything below `replacing`, with `other`'s files added; `other` wins.

        Raises:
            IngestRefused: a name kept from this tree clashes with one of `other`'s.
        """
        kept = self.without(*replacing)
        executable = (kept.executable - other.files.keys()) | other.executable
        return Tree({**kept.files, **other.files}, executable)

    def _only(self, paths: Iterable[str]) -> Tree:
        kept = {path: self.files[path] for path in paths}
        return Tree(kept, self.executable & kept.keys())
