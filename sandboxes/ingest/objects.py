"""Reads a commit and its files out of a bare repository, by its objects: nothing is ever checked out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.admission import admit, is_litter
from sandboxes.ingest.process import ProcessLimits, git_environment, run_git
from sandboxes.ingest.tree import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.process import Finished
    from sandboxes.ingest.tree import Tree

COMMIT = re.compile(r"[0-9a-f]{40}")
_ENTRY = re.compile(rb"(\d{6}) (blob|tree|commit) ([0-9a-f]{40}) +(\d+|-)\t(.+)", re.DOTALL)
_REGULAR, _EXECUTABLE, _SYMLINK, _SUBMODULE = b"100644", b"100755", b"120000", b"160000"
_GROUP_WRITABLE = b"100664"  # written by git before 1.5; reads as a regular file
_MAX_TEXT = 200
_FORMAT = "%H%x00%P%x00%an <%ae>%x00%ct%x00%s"

# For reading what is there and nothing else: no fetching, no hooks, no rewriting of what objects say.
READING = {
    "protocol.allow": "never",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "core.useReplaceRefs": "false",
    "core.commitGraph": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "i18n.logOutputEncoding": "UTF-8",
}


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
    sha: str
    size: int
    executable: bool


def one_line(text: str) -> str:
    """Return `text` as one short line without characters that cannot be seen."""
    kept = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    visible = "".join(each for each in kept if unicodedata.category(each) not in {"Cf", "Cs"})
    shortened = " ".join(visible.split())
    return shortened if len(shortened) <= _MAX_TEXT else shortened[: _MAX_TEXT - 1] + "…"


def _reading(git_dir: Path, *arguments: str, limits: ProcessLimits, stdin: bytes = b"") -> Finished:
    environment = git_environment(git_dir, {**READING, "safe.directory": str(git_dir)})
    environment["GIT_DIR"] = str(git_dir)
    return run_git(arguments, environment=environment, cwd=git_dir, limits=limits, stdin=stdin)


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


def _listed(listing: bytes) -> Iterator[_Listed]:
    """Yield the files of a listing; anything that is not a regular file is refused with its path."""
    for record in listing.split(b"\0")[:-1]:
        match = _ENTRY.fullmatch(record)
        try:
            path = match[5].decode() if match else ""
        except UnicodeDecodeError:
            shown = match[5].decode("ascii", "replace") if match else ""
            raise IngestRefused(Refusal.UNSAFE_NAME, "A name is not written in UTF-8. Rename it.", shown) from None
        if match is None:
            raise IngestRefused(Refusal.REPOSITORY_DAMAGED, "The commit's list of files cannot be read.")
        mode = match[1]
        if mode == _SYMLINK:
            raise IngestRefused(
                Refusal.SYMLINK, "The commit holds a symbolic link. Only regular files are taken.", path
            )
        if mode == _SUBMODULE:
            raise IngestRefused(Refusal.SUBMODULE, "The commit holds a submodule. Only regular files are taken.", path)
        if mode not in {_REGULAR, _EXECUTABLE, _GROUP_WRITABLE}:
            raise IngestRefused(Refusal.SPECIAL_FILE, "The commit holds something that is not a regular file.", path)
        check_shape(path)
        if not is_litter(path):
            yield _Listed(path, match[3].decode(), int(match[4]), mode == _EXECUTABLE)


def _blobs(batch: bytes, wanted: list[str]) -> Mapping[str, bytes]:
    """Take apart what `cat-file --batch` printed for `wanted`."""
    contents = {}
    position = 0
    for sha in wanted:
        end = batch.find(b"\n", position)
        words = batch[position : max(end, position)].split(b" ")
        if len(words) != 3 or words[0] != sha.encode() or words[1] != b"blob":  # noqa: PLR2004 - id, kind, size
            raise IngestRefused(Refusal.REPOSITORY_DAMAGED, "A file's content is missing. Push it again.")
        start, size = end + 1, int(words[2])
        contents[sha] = batch[start : start + size]
        position = start + size + 1
    return contents


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
    # A commit may list the same folder a million times over; the listing is cut where no honest one goes.
    room = 2 * limits.files * (limits.path_bytes + 64)
    listing = _reading(
        git_dir,
        "ls-tree", "-r", "-z", "--full-tree", "--long", commit,
        limits=ProcessLimits(seconds=seconds, output_bytes=room),
    )  # fmt: skip
    if listing.too_much_output:
        raise IngestRefused(
            Refusal.TOO_MANY_FILES, f"The commit lists far more than the {limits.files} files that are taken."
        )
    if not listing.ok:
        raise _failed(listing, "its list of files")
    files = list(_listed(listing.stdout))
    _check_listing(files, limits)
    wanted = sorted({each.sha for each in files})
    batch = _reading(
        git_dir,
        "cat-file", "--batch", "--buffer",
        stdin="".join(f"{sha}\n" for sha in wanted).encode(),
        limits=ProcessLimits(seconds=seconds, output_bytes=limits.tree_bytes + 128 * len(wanted) + 1024),
    )  # fmt: skip
    if not batch.ok:
        raise _failed(batch, "the content of its files")
    contents = _blobs(batch.stdout, wanted)
    return admit(
        {each.path: contents[each.sha] for each in files},
        executable={each.path for each in files if each.executable},
    )
