"""A push that git took in the instant in which we were killed: found, ledgered once, with the time of its arrival."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models import F

from exams import ledger, queries, receipts, submit, tasks
from exams.database_clock import database_now
from exams.live.lost_pushes import GRACE, find_lost_pushes
from exams.models import Attempt, Event, HandIn, LateWrite, Stage, Submission
from exams.queries import repository_path
from sandboxes import push_records, repository
from tests.attempts import live_attempt, move_windows
from tests.git_remotes import Work, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
AFTERWARDS = GRACE + timedelta(seconds=5)


@contextmanager
def doomed_server(repositories: Path) -> Iterator[str]:
    """A platform that does not live to ledger a push."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.set_inheritable(True)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.exams.api.killed_server",
            str(connection.settings_dict["NAME"]),
            str(repositories),
            str(listening.fileno()),
        ],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
        pass_fds=[listening.fileno()],
    )
    listening.close()  # else a client would wait here for the one that was killed
    try:
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def attempt(cast: Cast, settings: Settings, tmp_path: Path) -> Attempt:
    """Ada's live attempt, with its repository."""
    settings.HOTSEAT_REPOSITORIES = tmp_path / "repositories"
    return live_attempt(cast.learner, with_repository=True)


def push_into_the_crash(attempt: Attempt, folder: Path, settings: Settings) -> tuple[Work, str, datetime, datetime]:
    """Push to a platform that is killed when git has taken it; the commit, and moments just before and after."""
    with doomed_server(settings.HOTSEAT_REPOSITORIES) as address:
        settings.HOTSEAT_PUBLIC_URL = address
        own = queries.own_repository(attempt)
        url = own["clone_url"].replace("http://", f"http://learner:{own['token']}@")
        git("clone", "-q", url, str(folder / "clone"), cwd=folder)
        work = Work(folder / "clone", repository_path(attempt))
        commit = work.commit({"assistant/fix.py": b"fixed = True\n"})
        before = database_now()
        pushed = git("push", "origin", "HEAD:main", cwd=work.folder, check=False)
        assert pushed.returncode, "the platform was to be killed before it answered"
        return work, commit, before, database_now()


def ledgered(attempt: Attempt) -> list[Event]:
    return list(Event.objects.filter(attempt=attempt, kind="repository.pushed").order_by("seq"))


def test_a_push_that_landed_in_the_crash_is_ledgered_once(attempt: Attempt, tmp_path: Path, settings: Settings) -> None:
    first = repository.head(repository_path(attempt))
    work, commit, before, after = push_into_the_crash(attempt, tmp_path, settings)
    assert repository.head(work.bare) == commit
    assert ledgered(attempt) == []
    assert find_lost_pushes(database_now()) == 0, "the request that brought it may still be about to ledger it"
    assert find_lost_pushes(database_now() + AFTERWARDS) == 1
    (event,) = ledgered(attempt)
    assert {key: event.payload[key] for key in ("ref", "old", "new", "found_by")} == {
        "ref": "refs/heads/main", "old": first, "new": commit, "found_by": "sweep",
    }  # fmt: skip
    assert "the branch's log" in event.payload["time_from"]
    assert before <= event.at <= after
    assert event.is_receipt
    assert receipts.of(attempt)[-1].counts
    for _ in range(2):
        assert find_lost_pushes(database_now() + AFTERWARDS) == 0
    assert len(ledgered(attempt)) == 1
    assert ledger.verify(attempt.pk) is None


def test_found_after_the_deadline_it_is_what_was_handed_in(
    attempt: Attempt, tmp_path: Path, settings: Settings
) -> None:
    _, commit, _, after = push_into_the_crash(attempt, tmp_path, settings)
    move_windows(Stage.objects.filter(attempt=attempt, key="live"), closes_at=after + timedelta(seconds=1))
    submit.close_overdue(after + timedelta(seconds=2))
    assert not Submission.objects.exists()
    find_lost_pushes(after + AFTERWARDS)
    assert Submission.objects.get().pinned_commit == commit
    assert HandIn.objects.order_by("-number")[0].deliverables["hotfix"] == {"mode": "repo_url"}


def test_a_late_push_that_was_kept_aside_in_the_crash_is_found_too(
    attempt: Attempt, tmp_path: Path, settings: Settings
) -> None:
    move_windows(Stage.objects.filter(attempt=attempt), opens_at=F("opens_at") - timedelta(hours=9))
    move_windows(Stage.objects.filter(attempt=attempt), closes_at=database_now() - timedelta(seconds=3))
    _, commit, before, after = push_into_the_crash(attempt, tmp_path, settings)
    assert not LateWrite.objects.exists()
    tasks.find_lost_pushes()
    assert not LateWrite.objects.exists()
    assert find_lost_pushes(database_now() + AFTERWARDS) == 1
    late = LateWrite.objects.get()
    assert late.payload["moves"][0]["new"] == commit
    assert before <= late.received_at <= after
    assert find_lost_pushes(database_now() + AFTERWARDS) == 0
    assert ledgered(attempt) == []


def test_a_log_entry_whose_branch_did_not_move_is_no_push(attempt: Attempt) -> None:
    path = repository_path(attempt)
    head = repository.head(path)
    with (path / "logs" / "refs" / "heads" / "main").open("a") as log:
        log.write(f"{head} {'b' * 40} hotseat <20260302T120000000001Z@arrived.hotseat> 1772452800 +0000\tpush\n")
    assert [each.move.new for each in push_records.logged(path)] == ["b" * 40]
    assert find_lost_pushes(database_now()) == 0
    assert ledgered(attempt) == []


def test_a_log_without_our_moment_gives_the_hosts_time_and_says_so(attempt: Attempt) -> None:
    path = repository_path(attempt)
    head = repository.head(path)
    (path / "logs" / "refs" / "heads" / "old").write_text(
        f"{'0' * 40} {head} hotseat <somebody@host> 1772452800 +0000\tpush\n"
    )
    (path / "refs" / "heads" / "old").write_text(head + "\n")
    assert find_lost_pushes(database_now()) == 1
    (event,) = ledgered(attempt)
    assert event.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert "clock of the host" in event.payload["time_from"]


def test_branches_whose_names_are_not_utf_8_are_found_each_by_itself(attempt: Attempt) -> None:
    path = repository_path(attempt)
    head = repository.head(path)
    for minute, name in enumerate([b"caf\xe9", b"caf\xe8"]):  # both are shown as caf\ufffd
        arrived = database_now() - AFTERWARDS - timedelta(minutes=minute)
        stamp = push_records.folder_of(arrived)
        old = "0" * 40 if minute else "f" * 40
        (path / "logs" / "refs" / "heads" / os.fsdecode(name)).write_text(
            f"{old} {head} hotseat <{stamp}@arrived.hotseat> 1 +0000\tpush\n"
        )
        (path / "refs" / "heads" / os.fsdecode(name)).write_text(head + "\n")
    assert find_lost_pushes(database_now()) == 2
    assert [event.payload["ref"] for event in ledgered(attempt)] == ["refs/heads/caf\ufffd"] * 2
    assert find_lost_pushes(database_now()) == 0


@pytest.mark.parametrize("fault", [PermissionError, ValueError])
def test_one_repository_that_cannot_be_read_does_not_hide_the_others(
    attempt: Attempt, cast: Cast, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    other = live_attempt(cast.other_learner, with_repository=True)
    logged = push_records.logged

    def broken(path: Path) -> tuple[push_records.Logged, ...]:
        if path == repository_path(attempt):
            raise fault(path)
        return logged(path)

    monkeypatch.setattr(push_records, "logged", broken)
    path = repository_path(other)
    head = repository.head(path)
    arrived = database_now() - AFTERWARDS
    (path / "logs" / "refs" / "heads" / "second").write_text(
        f"{'0' * 40} {head} hotseat <{push_records.folder_of(arrived)}@arrived.hotseat> 1 +0000\tpush\n"
    )
    (path / "refs" / "heads" / "second").write_text(head + "\n")
    assert find_lost_pushes(database_now()) == 1
    (event,) = ledgered(other)
    assert event.at == arrived
