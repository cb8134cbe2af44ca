"""Reads a commit and its files out of a bare repository, by its objects: nothing is ever checked out."""

from __future__ import annotations

import re
import unicodedata
from binascii import unhexlify
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import git

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.admission import admit, is_litter
from sandboxes.ingest.process import ProcessLimits, run_git
from sandboxes.ingest.reading import reading, reading_environment
from sandboxes.ingest.tree import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.process import Finished
    from sandboxes.ingest.tree import Tree

COMMIT = re.compile(r"[0-9a-f]{40}")
_REGULAR, _EXECUTABLE, _SYMLINK, _SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
_GROUP_WRITABLE = 0o100664  # written by git before 1.5; reads as a regular file
_FOLDER = 0o040000
_LISTED_BYTES = 64  # what an entry counts for beside its path
_MAX_TEXT = 200
_FORMAT = "%H%x00%P%x00%an <%ae>%x00%ct%x00%s"


@dataclass(frozen=True, kw_only=True)
class CommitFacts:
    """What a commit says of itself. The author and the time are claims, not facts.

    Attributes:
        commit: its full id.
        author: name and address, one line, control characters taken out.
        committed_at: as the commit says, in UTC.
        subject: the first line of its message, one line, shortened to 200 characters.
        parents: full ids.
    """

    commit: str
    author: str
    committed_at: datetime
    subject: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class _Listed:
    """One file as the commit's tree lists it."""

    path: str
    sha: bytes
    size: int
    executable: bool


def one_line(text: str) -> str:
    """Return `text` as one short line without characters that cannot be seen."""
    kept = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    visible = "".join(each for each in kept if unicodedata.category(each) not in {"Cf", "Cs"})
    shortened = " ".join(visible.split())
    return shortened if len(shortened) <= _MAX_TEXT else shortened[: _MAX_TEXT - 1] + "…"


def _reading(git_dir: Path, *arguments: str, limits: ProcessLimits) -> Finished:
    return run_git(arguments, environment=reading_environment(git_dir), cwd=git_dir, limits=limits)


def _failed(finished: Finished, what: str) -> Exception:
    if finished.timed_out:
        return SourceUnreachable(f"Reading {what} took too long.")
    return IngestRefused(
        Refusal.REPOSITORY_DAMAGED, f"The repository is damaged: {what} cannot be read. Push it again."
    )


def _facts(fields: list[str]) -> CommitFacts:
    commit, parents, author, seconds_since, subject = fields
    try:
        committed_at = datetime.fromtimestamp(int(seconds_since), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise IngestRefused(
            Refusal.REPOSITORY_DAMAGED, "A commit's date is not one. Commit again with a right clock."
        ) from None
    return CommitFacts(
        commit=commit,
        author=one_line(author),
        committed_at=committed_at,
        subject=one_line(subject),
        parents=tuple(parents.split()),
    )


def history(git_dir: Path, commit: str, *, most: int, seconds: float = 20.0) -> tuple[CommitFacts, ...]:
    """Return what `commit` and at most `most` - 1 commits before it say of themselves, newest first.

    Raises:
        IngestRefused: there is no such commit, or one of them says nonsense.
        SourceUnreachable: reading took longer than `seconds`.
    """
    if COMMIT.fullmatch(commit) is None:
        raise IngestRefused(Refusal.BAD_REF, "A commit is named by its full id of 40 hexadecimal digits.")
    finished = _reading(
        git_dir,
        "log", "-z", "--topo-order", f"--max-count={most}", "--no-decorate", f"--format={_FORMAT}", commit, "--",
        limits=ProcessLimits(seconds=seconds, output_bytes=8 * 1024 * 1024),
    )  # fmt: skip
    if not finished.ok:
        raise _failed(finished, f"commit {commit[:12]}")
    fields = finished.stdout.decode("utf-8", "replace").split("\0")
    wide = _FORMAT.count("%x00") + 1
    commits = [fields[start : start + wide] for start in range(0, len(fields) - len(fields) % wide, wide)]
    if not commits or commits[0][0] != commit:
        raise _failed(finished, f"commit {commit[:12]}")
    return tuple(_facts(each) for each in commits)


def describe(git_dir: Path, commit: str) -> CommitFacts:
    """Return what `commit` says of itself; raises as `history` does."""
    return history(git_dir, commit, most=1)[0]


def _too_many(limits: IngestLimits) -> IngestRefused:
    return IngestRefused(
        Refusal.TOO_MANY_FILES, f"The commit lists far more than the {limits.files} files that are taken."
    )


def _check_entry(path: str, mode: int) -> None:
    """Refuse an entry that is neither a regular file nor a folder, or that may not be called that."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="replace").decode()
        raise IngestRefused(Refusal.UNSAFE_NAME, "A name is not written in UTF-8. Rename it.", shown) from None
    if mode == _SYMLINK:
        raise IngestRefused(Refusal.SYMLINK, "The commit holds a symbolic link. Only regular files are taken.", path)
    if mode == _SUBMODULE:
        raise IngestRefused(Refusal.SUBMODULE, "The commit holds a submodule. Only regular files are taken.", path)
    if mode not in {_REGULAR, _EXECUTABLE, _GROUP_WRITABLE, _FOLDER}:
        raise IngestRefused(Refusal.SPECIAL_FILE, "The commit holds something that is not a regular file.", path)
    check_shape(path)


def _entries(repository: git.Repo, commit: str, limits: IngestLimits) -> Iterator[git.IndexObject]:
    """Yield the files that the commit's tree lists; a folder is looked at before it is read.

    A commit may list the same folder a million times over; the walk is cut where no honest one goes.
    """
    top, _, _ = repository.git.get_object_header(f"{commit}^{{tree}}")
    room = 2 * limits.files * (limits.path_bytes + _LISTED_BYTES)
    folders = [git.Tree(repository, unhexlify(top), _FOLDER, "")]
    while folders:
        folder = folders.pop()
        if repository.odb.info(folder.binsha).size > room:
            raise _too_many(limits)
        for entry in folder:
            path = str(entry.path)
            room -= len(path) + _LISTED_BYTES
            if room < 0:
                raise _too_many(limits)
            _check_entry(path, entry.mode)
            if isinstance(entry, git.Tree):
                folders.append(entry)
            else:
                yield entry


def _files(repository: git.Repo, commit: str, limits: IngestLimits) -> list[_Listed]:
    """Return the commit's files with their sizes, which git tells without undoing what it packed."""
    sizes: dict[bytes, int] = {}
    files = []
    for entry in _entries(repository, commit, limits):
        path = str(entry.path)
        if is_litter(path):
            continue
        if entry.binsha not in sizes:
            about = repository.odb.info(entry.binsha)
            if about.type != b"blob":
                raise ValueError(f"a file that is a {about.type!r}")
            sizes[entry.binsha] = about.size
        files.append(_Listed(path, entry.binsha, sizes[entry.binsha], entry.mode == _EXECUTABLE))
    return files


def _content(repository: git.Repo, listed: _Listed) -> bytes:
    stream = repository.odb.stream(listed.sha)
    content = bytes(stream.read()) if stream.size == listed.size else b""
    if len(content) != listed.size:
        raise ValueError("a content that is not as large as was said")
    return content


def _check_listing(files: list[_Listed], limits: IngestLimits) -> None:
    total = 0
    seen = set()
    for each in files:
        if each.path in seen:
            raise IngestRefused(Refusal.DUPLICATE_NAME, "The commit lists a name twice.", each.path)
        seen.add(each.path)
        total += each.size
        if each.size > limits.file_bytes:
            raise IngestRefused(
                Refusal.FILE_TOO_LARGE,
                f"A file has {each.size} bytes; at most {limits.file_bytes} are taken.",
                each.path,
            )
    if len(files) > limits.files:
        raise IngestRefused(Refusal.TOO_MANY_FILES, f"There are {len(files)} files; at most {limits.files} are taken.")
    if total > limits.tree_bytes:
        raise IngestRefused(
            Refusal.TREE_TOO_LARGE,
            f"The files have {total} bytes together; at most {limits.tree_bytes} are taken.",
        )


def read_commit(git_dir: Path, commit: str, *, limits: IngestLimits = INGEST_LIMITS, seconds: float = 30.0) -> Tree:
    """Return the files of `commit` as a tree: sizes are looked at before any content is read.

    Raises:
        IngestRefused: something in it is not a regular file, is too large, or may not be called that.
        SourceUnreachable: reading took longer than `seconds`.
    """
    if COMMIT.fullmatch(commit) is None:
        raise IngestRefused(Refusal.BAD_REF, "A commit is named by its full id of 40 hexadecimal digits.")
    within = ProcessLimits(seconds=seconds)
    with reading(git_dir, limits=within, what=f"commit {commit[:12]}") as repository:
        files = _files(repository, commit, limits)
        _check_listing(files, limits)
        contents = {each.sha: _content(repository, each) for each in {each.sha: each for each in files}.values()}
    return admit(
        {each.path: contents[each.sha] for each in files},
        executable={each.path for each in files if each.executable},
    )
