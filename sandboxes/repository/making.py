"""Makes a repository from a known history, whole or not at all: the same commits give the same ids everywhere."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sandboxes.repository.hardening import BRANCH, RepositoryExists, RepositoryFault, run, told
from sandboxes.repository.looking import head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sandboxes.ingest.tree import Tree

_NAME_UNSAFE = re.compile(r"[<>\x00-\x1f\x7f]")


class CommitToMake(Protocol):
    """What `create` needs to know of a commit; `exams.packs.Commit` is one."""

    @property
    def message(self) -> str:
        """The whole message."""

    @property
    def author(self) -> str:
        """The author's name."""

    @property
    def email(self) -> str:
        """The author's address."""

    @property
    def at(self) -> datetime:
        """When, aware."""

    @property
    def tree(self) -> Tree:
        """The whole tree after it."""


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _person(name: str, email: str, at: datetime) -> bytes:
    clean_name, clean_email = _NAME_UNSAFE.sub("", name).strip(), _NAME_UNSAFE.sub("", email).strip()
    return f"{clean_name} <{clean_email}> {int(at.timestamp())} +0000".encode()


def _import_stream(commits: Sequence[CommitToMake]) -> Iterator[bytes]:
    """Yield the history in the form that `git fast-import` reads; equal histories give equal bytes."""
    marks: dict[bytes, int] = {}
    for commit in commits:
        for content in commit.tree.files.values():
            if content not in marks:
                marks[content] = len(marks) + 1
                yield b"blob\nmark :%d\n" % marks[content] + _data(content)
        person = _person(commit.author, commit.email, commit.at)
        yield b"commit refs/heads/%s\n" % BRANCH.encode()
        yield b"author %s\ncommitter %s\n" % (person, person)
        yield _data(commit.message.strip().encode() + b"\n")
        yield b"deleteall\n"
        for path, content in commit.tree.files.items():
            mode = b"100755" if path in commit.tree.executable else b"100644"
            quoted = path.replace('"', '\\"').encode()
            yield b'M %s :%d "%s"\n' % (mode, marks[content], quoted)
    yield b"done\n"


def create(path: Path, *, commits: Sequence[CommitToMake]) -> str:
    """Make a bare repository holding `commits` on one branch and return the id of the last.

    The same commits give the same ids everywhere. The repository appears at `path` whole or not at all; making it
    again with the same commits changes nothing, so a start that crashed can be repeated.

    Raises:
        RepositoryExists: a repository with another history lies at `path`.
        RepositoryFault: git failed.
    """
    with _making(path.parent, commits) as making:
        made = head(making)
        _place(making, path)
        return made


def packed(commits: Sequence[CommitToMake]) -> bytes:
    """Return a whole repository of `commits` as one piece for `unpack`, made ahead of the moment it is needed.

    Raises:
        RepositoryFault: git failed.
    """
    with tempfile.TemporaryDirectory(prefix="hotseat-repository-") as folder, _making(Path(folder), commits) as made:
        piece = io.BytesIO()
        with tarfile.open(fileobj=piece, mode="w") as archive:
            archive.add(made, arcname=".")
        return piece.getvalue()


def unpack(path: Path, piece: bytes) -> None:
    """Put what `packed` made at `path`, whole or not at all; again changes nothing. No git runs for it.

    Raises:
        RepositoryExists: a repository with another history lies at `path`.
        RepositoryFault: these are not the bytes of a repository.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _folder(path.parent) as making:
        try:
            with tarfile.open(fileobj=io.BytesIO(piece)) as archive:
                _extract(archive, making)
        except tarfile.TarError as error:
            raise RepositoryFault(f"the repository made ahead for {path.name} cannot be unpacked: {error}") from error
        _place(making, path)


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write its files and folders; by hand, since Debian 12's Python has no filters of `extractall` yet."""
    for member in archive:
        target = folder / member.name
        if ".." in target.parts or not target.is_relative_to(folder):
            raise tarfile.TarError(f"{member.name} is outside")
        if member.isdir():
            target.mkdir(exist_ok=True)
        elif content := archive.extractfile(member) if member.isfile() else None:
            target.write_bytes(content.read())
        else:
            raise tarfile.TarError(f"{member.name} is neither a file nor a folder")


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """A folder beside those of the attempts, gone afterwards unless it was moved into its place."""
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=parent))
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def _making(parent: Path, commits: Sequence[CommitToMake]) -> Iterator[Path]:
    if not commits:
        raise ValueError("a repository needs at least one commit")
    parent.mkdir(parents=True, exist_ok=True)
    with _folder(parent) as making:
        told(
            run(making, "init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}", str(making)),
            "make a repository",
        )
        # What comes from a remote is counted; this comes from us and may be larger than one push.
        told(
            run(making, "fast-import", "--quiet", "--done", stdin=b"".join(_import_stream(commits))),
            "import the history",
        )
        yield making


def _place(making: Path, path: Path) -> None:
    if not path.exists():
        making.rename(path)
    elif not _holds(path, head(making)):
        raise RepositoryExists(f"another repository lies at {path.name}")


def _holds(path: Path, commit: str) -> bool:
    return run(path, "merge-base", "--is-ancestor", commit, f"refs/heads/{BRANCH}").ok
