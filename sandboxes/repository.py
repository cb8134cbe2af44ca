"""The attempt's own repository: made from a known history, read by its objects, hardened for pushes."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sandboxes.ingest import INGEST_LIMITS, MIB, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.objects import COMMIT, CommitFacts, history, read_commit
from sandboxes.ingest.process import Finished, ProcessLimits, git_environment, run_git
from sandboxes.ingest.reading import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from git import Head, Repo

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.tree import Tree

BRANCH = "main"
MAX_PUSH_BYTES = 32 * MIB
MAX_REPOSITORY_BYTES = 256 * MIB
_MAX_HISTORY = 1_000
_SECONDS = 60.0
_NAME_UNSAFE = re.compile(r"[<>\x00-\x1f\x7f]")

HARDENED = {
    # Whoever runs git here, on whichever host: these hold for every command of ours on an attempt's repository.
    "core.bare": "true",
    "core.logAllRefUpdates": "always",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "4m",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "protocol.allow": "never",
    "transfer.fsckObjects": "true",
    "transfer.unpackLimit": "1",
    "transfer.hideRefs": ["refs", "!refs/heads"],
    "transfer.advertiseSID": "false",
    "receive.fsckObjects": "true",
    "receive.unpackLimit": "1",
    "receive.denyNonFastForwards": "true",
    "receive.denyDeletes": "true",
    "receive.denyCurrentBranch": "ignore",
    "receive.advertisePushOptions": "false",
    "receive.autogc": "false",
    "receive.updateServerInfo": "false",
    "receive.maxInputSize": str(MAX_PUSH_BYTES),
    "uploadpack.allowFilter": "false",
    "uploadpack.allowAnySHA1InWant": "false",
    "uploadpack.allowRefInWant": "false",
    "uploadarchive.allowUnreachable": "false",
}


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


class RepositoryFault(Exception):
    """The platform could not make or read a repository of its own: our fault, to be tried again."""


class RepositoryExists(RepositoryFault):
    """Another repository lies where this one was to be made."""


def environment(path: Path) -> dict[str, str]:
    """Return the environment in which git serves the repository at `path`."""
    found = git_environment(path, {**HARDENED, "safe.directory": str(path)})
    found["GIT_DIR"] = str(path)
    return found


def _run(path: Path, *arguments: str, stdin: bytes = b"", output_bytes: int = 4 * MIB) -> Finished:
    return run_git(
        arguments,
        environment=environment(path),
        cwd=path,
        stdin=stdin,
        limits=ProcessLimits(seconds=_SECONDS, file_bytes=MAX_REPOSITORY_BYTES, output_bytes=output_bytes),
    )


def _told(finished: Finished, what: str) -> bytes:
    if not finished.ok:
        raise RepositoryFault(f"git could not {what}: {finished.stderr.strip()[:500]}")
    return finished.stdout


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
        _told(
            _run(making, "init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}", str(making)),
            "make a repository",
        )
        # What comes from a remote is counted; this comes from us and may be larger than one push.
        _told(
            _run(making, "fast-import", "--quiet", "--done", stdin=b"".join(_import_stream(commits))),
            "import the history",
        )
        yield making


def _place(making: Path, path: Path) -> None:
    if not path.exists():
        making.rename(path)
    elif not _holds(path, head(making)):
        raise RepositoryExists(f"another repository lies at {path.name}")


def _holds(path: Path, commit: str) -> bool:
    return _run(path, "merge-base", "--is-ancestor", commit, f"refs/heads/{BRANCH}").ok


def branches(path: Path) -> dict[str, str]:
    """Return every branch (short name) with the commit it is at.

    Raises:
        RepositoryFault: they cannot be read.
    """
    try:
        with reading(path, limits=ProcessLimits(seconds=_SECONDS), what="its branches") as repository:
            return {each.name: each.dereference_recursive(repository, each.path) for each in _heads(repository)}
    except (IngestRefused, SourceUnreachable) as error:
        raise RepositoryFault(f"the branches of {path.name} cannot be read: {error}") from error


def _heads(repository: Repo) -> list[Head]:
    # A push under way keeps a file beside the branch it will move, called `.lock`; no branch can be called that.
    return [each for each in repository.heads if not each.name.endswith(".lock")]


def head(path: Path, *, branch: str = BRANCH) -> str:
    """Return the commit that `branch` is at.

    Raises:
        IngestRefused: there is no such branch.
    """
    found = branches(path)
    if branch not in found:
        raise IngestRefused(
            Refusal.REF_NOT_FOUND, f"The repository has no branch called {branch[:80]!r}. Push it first."
        )
    return found[branch]


def resolve(path: Path, *, ref: str | None = None) -> str:
    """Return the commit that a learner means by `ref`: a branch, a full commit id, or None for the main branch.

    Raises:
        IngestRefused: there is no such branch, or no branch holds that commit.
    """
    if ref is None or COMMIT.fullmatch(ref) is None:
        return head(path, branch=(ref or BRANCH).removeprefix("refs/heads/"))
    holding = _run(path, "for-each-ref", "--count=1", f"--contains={ref}", "refs/heads")
    if not holding.ok or not holding.stdout:
        raise IngestRefused(
            Refusal.REF_NOT_FOUND, f"No branch here holds commit {ref[:12]}. Push it first, or check the id."
        )
    return ref


def read_tree(path: Path, commit: str, *, limits: IngestLimits = INGEST_LIMITS) -> Tree:
    """Return the files of a commit.

    Raises:
        IngestRefused: something in it is not a regular file, is too large, or may not be called that.
        SourceUnreachable: reading took too long.
    """
    return read_commit(path, commit, limits=limits)


def log(path: Path, *, start: str = BRANCH, most: int = _MAX_HISTORY) -> tuple[CommitFacts, ...]:
    """Return the commits from `start` (a branch or a full id) backwards, newest first, at most `most`.

    Raises:
        IngestRefused: there is no such branch or commit.
        SourceUnreachable: reading took too long.
    """
    return history(path, start if COMMIT.fullmatch(start) else head(path, branch=start), most=most)
