"""GitPython on a bare repository: what it starts is limited, knows nothing of ours, and is gone afterwards."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandboxes import repository
from sandboxes.ingest import INGEST_LIMITS, MIB, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.objects import read_commit
from sandboxes.ingest.process import ProcessLimits
from sandboxes.ingest.reading import reading
from tests.git_remotes import Work, git, make_work

if TYPE_CHECKING:
    import git as gitpython

LIMITS = ProcessLimits(seconds=20, memory_bytes=512 * MIB, cpu_seconds=7)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A bare repository with one commit, and the working copy it came from."""
    made = make_work(tmp_path)
    made.commit({"assistant/a.py": b"x = 1\n", "run.sh": b"#!/bin/sh\n"})
    made.push()
    return made


def process_of(opened: gitpython.Repo) -> Path:
    """What the kernel says of the git that answers for sizes."""
    opened.odb.info(bytes.fromhex(opened.heads[0].dereference_recursive(opened, "refs/heads/main")))
    command: Any = opened.git.cat_file_header
    return Path("/proc", str(command.proc.pid))


def test_git_is_started_with_an_empty_environment_and_under_limits(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "only-for-tests")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "touch /tmp/never")
    with reading(work.bare, limits=LIMITS, what="it") as opened:
        process = process_of(opened)
        environment = (process / "environ").read_bytes()
        limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}
    assert b"only-for-tests" not in environment
    assert b"GIT_EXTERNAL_DIFF" not in environment
    assert b"GIT_CONFIG_NOSYSTEM=1" in environment.split(b"\0")
    assert limits["Max address space"] == str(512 * MIB)
    assert limits["Max cpu time"] == "7"
    assert limits["Max core file size"] == "0"


def test_nothing_runs_when_the_reading_is_over_however_it_ended(work: Work) -> None:
    seen = []
    with reading(work.bare, limits=LIMITS, what="it") as opened:
        seen.append(process_of(opened))
    with contextlib.suppress(KeyboardInterrupt), reading(work.bare, limits=LIMITS, what="it") as opened:
        seen.append(process_of(opened))
        raise KeyboardInterrupt
    assert [each.exists() for each in seen] == [False, False]


def test_a_git_that_does_not_answer_is_waited_for_as_long_as_was_said(work: Work) -> None:
    begun = time.monotonic()
    with (
        pytest.raises(SourceUnreachable, match="Reading it took too long"),
        reading(work.bare, limits=ProcessLimits(seconds=0.3), what="it") as opened,
    ):
        silent: Any = opened.git.execute(["sleep", "30"], as_process=True)
        if not silent.stdout.read():
            raise ValueError("no answer")
    assert time.monotonic() - begun < 10


def test_once_the_time_is_used_up_nothing_is_started_any_more(work: Work) -> None:
    with (
        pytest.raises(SourceUnreachable),
        reading(work.bare, limits=ProcessLimits(seconds=0.05), what="it") as opened,
    ):
        time.sleep(0.3)
        opened.git.execute(["true"])


def test_what_is_no_repository_is_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(IngestRefused) as caught, reading(tmp_path, limits=LIMITS, what="it"):
        pass
    assert caught.value.code == Refusal.REPOSITORY_DAMAGED


def test_the_bits_of_a_file_are_kept_and_its_content_is_exact(work: Work) -> None:
    git("update-index", "--chmod=+x", "run.sh", cwd=work.folder)
    commit = work.commit({"empty": b"", "bytes": bytes(range(256)) * 300, "a\nb é": b"odd", "deep/er/still": b"1"})
    work.push()
    with pytest.raises(IngestRefused) as caught:  # a name with a line's end is shown, not taken
        read_commit(work.bare, commit)
    assert (caught.value.code, caught.value.path) == (Refusal.UNSAFE_NAME, "a\nb é")
    (work.folder / "a\nb é").unlink()
    commit = work.commit({})
    work.push()
    tree = read_commit(work.bare, commit)
    assert tree.files == {
        "assistant/a.py": b"x = 1\n",
        "bytes": bytes(range(256)) * 300,
        "deep/er/still": b"1",
        "empty": b"",
        "run.sh": b"#!/bin/sh\n",
    }
    assert "assistant/a.py" not in tree.executable


def test_a_name_that_is_not_utf_8_is_refused_in_words_that_can_be_stored(work: Work) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=work.folder, feed=b"x").stdout.decode().strip()
    listing = f"100644 blob {blob}\t".encode() + b"caf\xe9.txt\0"
    tree = git("mktree", "-z", cwd=work.folder, feed=listing).stdout.decode().strip()
    commit = git("commit-tree", "-m", "x", tree, cwd=work.folder).stdout.decode().strip()
    work.push("origin", f"+{commit}:refs/heads/main")
    with pytest.raises(IngestRefused) as caught:
        read_commit(work.bare, commit)
    assert (caught.value.code, caught.value.path) == (Refusal.UNSAFE_NAME, "caf?.txt")


def test_a_push_under_way_is_no_branch(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    commit = work.commit({"a": b"1"})
    work.push()
    (work.bare / "refs/heads/main.lock").write_text("")
    (work.bare / "refs/heads/fix.lock").write_text("1" * 40 + "\n")
    assert repository.branches(work.bare) == {"main": commit}


def test_branches_are_found_packed_or_loose(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    first = work.commit({"a": b"1"})
    work.push("origin", "HEAD:refs/heads/main", "HEAD:refs/heads/fix/guard")
    git("pack-refs", "--all", cwd=work.bare)
    second = work.commit({"a": b"2"})
    work.push()
    assert repository.branches(work.bare) == {"main": second, "fix/guard": first}


def test_sizes_are_looked_at_before_any_content(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = work.commit({"zeros.bin": bytes(INGEST_LIMITS.file_bytes + 1)})
    work.push()
    read: list[bytes] = []
    monkeypatch.setattr("sandboxes.ingest.objects._content", lambda _repository, listed: read.append(listed.sha))
    with pytest.raises(IngestRefused) as caught:
        read_commit(work.bare, commit)
    assert caught.value.code == Refusal.FILE_TOO_LARGE
    assert read == []
