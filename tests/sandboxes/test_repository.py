"""The attempt's own repository: made whole and the same everywhere, read by its objects."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sandboxes import repository
from sandboxes.ingest import IngestRefused, Refusal
from sandboxes.ingest.tree import Tree
from tests.git_remotes import Work, git

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Commit:
    message: str
    tree: Tree
    at: datetime
    author: str = "Jo Maker"
    email: str = "jo@bank.example"


def history() -> list[Commit]:
    day = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
    first = Tree({"assistant/__init__.py": b"", "README.md": b"one\n", 'odd "name" é.txt': b"\x00\xff"})
    second = Tree({**first.files, "README.md": b"two\n", "run.sh": b"#!/bin/sh\n"}, frozenset({"run.sh"}))
    third = Tree({path: content for path, content in second.files.items() if path != "README.md"})
    return [
        Commit("Begin", first, day),
        Commit("Say two\n\nBecause one is not enough.", second, day + timedelta(days=1)),
        Commit("Drop the readme", third, day + timedelta(days=2), author="Al <x>\nEvil", email="al@bank.example"),
    ]


def test_a_repository_holds_the_history_it_was_made_from(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.git"
    made = repository.create(path, commits=history())

    assert repository.head(path) == made
    assert repository.branches(path) == {"main": made}
    log = repository.log(path)
    assert [each.subject for each in log] == ["Drop the readme", "Say two", "Begin"]
    assert log[0].author == "Al xEvil <al@bank.example>"
    assert log[1].committed_at == datetime(2026, 2, 2, 9, 30, tzinfo=UTC)
    assert log[0].parents == (log[1].commit,)
    assert log[2].parents == ()
    for facts, commit in zip(log, reversed(history()), strict=True):
        assert repository.read_tree(path, facts.commit) == commit.tree
    assert git("fsck", "--strict", cwd=path).returncode == 0


def test_equal_histories_have_equal_ids_whenever_and_wherever_they_are_made(tmp_path: Path) -> None:
    one = repository.create(tmp_path / "one.git", commits=history())
    two = repository.create(tmp_path / "elsewhere" / "two.git", commits=history())
    assert one == two


def test_making_it_again_after_a_crash_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    made = repository.create(path, commits=history())
    assert repository.create(path, commits=history()) == made
    assert [each.name for each in tmp_path.iterdir()] == ["a.git"]


def test_making_it_again_keeps_what_was_pushed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    made = repository.create(path, commits=history())
    git("clone", "-q", str(path), str(tmp_path / "work"), cwd=tmp_path)
    work = Work(tmp_path / "work", path)
    pushed = work.commit({"fix.py": b"1"})
    work.push()

    assert repository.create(path, commits=history()) == made
    assert repository.head(path) == pushed


def test_another_history_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    made = repository.create(path, commits=history())
    with pytest.raises(repository.RepositoryExists):
        repository.create(path, commits=history()[:1] + history()[2:])
    assert repository.head(path) == made
    assert [each.name for each in tmp_path.iterdir()] == ["a.git"]


def test_a_repository_made_ahead_is_the_same_wherever_it_is_unpacked(tmp_path: Path) -> None:
    piece = repository.packed(history())
    made = repository.create(tmp_path / "made.git", commits=history())
    path = tmp_path / "elsewhere" / "a.git"
    repository.unpack(path, piece)
    assert repository.head(path) == made
    assert repository.log(path) == repository.log(tmp_path / "made.git")
    git("clone", "-q", str(path), str(tmp_path / "work"), cwd=tmp_path)
    work = Work(tmp_path / "work", path)
    pushed = work.commit({"fix.py": b"1"})
    work.push()

    repository.unpack(path, piece)
    assert repository.head(path) == pushed, "unpacking again keeps what was pushed meanwhile"
    assert [each.name for each in path.parent.iterdir()] == ["a.git"]


def test_unpacking_never_writes_over_another_history_nor_leaves_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    made = repository.create(path, commits=history())
    with pytest.raises(repository.RepositoryExists):
        repository.unpack(path, repository.packed(history()[:1] + history()[2:]))
    assert repository.head(path) == made
    with pytest.raises(repository.RepositoryFault, match="cannot be unpacked"):
        repository.unpack(tmp_path / "b.git", repository.packed(history())[:5_000])
    assert [each.name for each in tmp_path.iterdir()] == ["a.git"]


@pytest.mark.parametrize("name", ["../outside", "/outside", "link"])
def test_nothing_is_unpacked_beside_the_repository(tmp_path: Path, name: str) -> None:
    piece = io.BytesIO()
    with tarfile.open(fileobj=piece, mode="w") as archive:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(member)
    with pytest.raises(repository.RepositoryFault, match="cannot be unpacked"):
        repository.unpack(tmp_path / "a.git", piece.getvalue())
    assert list(tmp_path.iterdir()) == []


def test_a_history_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        repository.create(tmp_path / "a.git", commits=[])


def test_a_name_means_a_branch_a_commit_on_one_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    made = repository.create(path, commits=history())
    first = repository.log(path)[-1].commit

    assert repository.resolve(path) == made
    assert repository.resolve(path, ref="main") == made
    assert repository.resolve(path, ref="refs/heads/main") == made
    assert repository.resolve(path, ref=first) == first
    for unknown in ("fix", "1" * 40, "--all", "HEAD~1", "refs/tags/main", "main^{tree}"):
        with pytest.raises(IngestRefused) as caught:
            repository.resolve(path, ref=unknown)
        assert caught.value.code == Refusal.REF_NOT_FOUND


def test_a_commit_that_no_branch_holds_cannot_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.git"
    repository.create(path, commits=history())
    loose = git(
        "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "-m", "loose", "HEAD^{tree}", cwd=path
    )  # fmt: skip
    with pytest.raises(IngestRefused):
        repository.resolve(path, ref=loose.stdout.decode().strip())


@pytest.mark.parametrize("commit", ["HEAD", "--output=/tmp/x", "main", "", "1" * 39, "1" * 40])
def test_only_a_commit_that_is_there_can_be_read(tmp_path: Path, commit: str) -> None:
    path = tmp_path / "a.git"
    repository.create(path, commits=history())
    with pytest.raises(IngestRefused):
        repository.read_tree(path, commit)
