"""Looks into a repository by its objects: its branches, the commit a learner means, its history and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.objects import COMMIT, CommitFacts, history, read_commit
from sandboxes.ingest.process import ProcessLimits
from sandboxes.ingest.reading import reading
from sandboxes.repository.hardening import BRANCH, SECONDS, RepositoryFault, run

if TYPE_CHECKING:
    from pathlib import Path

    from git import Head, Repo

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.tree import Tree

_MAX_HISTORY = 1_000


def branches(path: Path) -> dict[str, str]:
    """Return every branch (short name) with the commit it is at.

    Raises:
        RepositoryFault: they cannot be read.
    """
    try:
        with reading(path, limits=ProcessLimits(seconds=SECONDS), what="its branches") as repository:
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
    holding = run(path, "for-each-ref", "--count=1", f"--contains={ref}", "refs/heads")
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
