"""The attempt's own repository as a learner's git meets it: clone, push, and every push that does not land."""

from __future__ import annotations

import gzip
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.db.models import F

from exams import queries
from exams.database_clock import database_now
from exams.models import Attempt, Event, LateWrite, Stage
from exams.queries import repository_path
from sandboxes import git_server, repository
from sandboxes.ingest import process
from tests import web_server
from tests.attempts import live_attempt, move_windows
from tests.git_remotes import Work, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from sandboxes.ingest.process import Finished
    from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVE = {"Content-Type": "application/x-git-receive-pack-request"}
UPLOAD = {"Content-Type": "application/x-git-upload-pack-request"}


@pytest.fixture
def server(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The platform on a port, with repositories of its own."""
    del transactional_db
    settings.HOTSEAT_REPOSITORIES = tmp_path / "repositories"
    with web_server.running() as address:
        settings.HOTSEAT_PUBLIC_URL = address
        yield address


@pytest.fixture
def attempt(server: str, cast: Cast) -> Attempt:
    """Ada's live attempt, with its repository."""
    assert server
    return live_attempt(cast.learner, with_repository=True)


def clone_url(attempt: Attempt, *, token: str | None = None, user: str = "learner") -> str:
    """The address with the token in it, as a learner would paste it."""
    own = queries.own_repository(attempt)
    return own["clone_url"].replace("http://", f"http://{user}:{token or own['token']}@")


@pytest.fixture
def work(attempt: Attempt, tmp_path: Path) -> Work:
    """Ada's clone."""
    git("clone", "-q", clone_url(attempt), str(tmp_path / "clone"), cwd=tmp_path)
    return Work(tmp_path / "clone", repository_path(attempt))


def push(work: Work, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Push, whether or not it lands."""
    return git("push", *(arguments or ("origin", "HEAD:main")), cwd=work.folder, check=False)


def pushed_events(attempt: Attempt) -> list[Event]:
    """What the ledger says was pushed, in order."""
    return list(Event.objects.filter(attempt=attempt, kind="repository.pushed").order_by("seq"))


def close_window(attempt: Attempt, *, ago: timedelta) -> Stage:
    """Let the live window have closed a while ago."""
    move_windows(Stage.objects.filter(attempt=attempt), opens_at=F("opens_at") - timedelta(hours=9))
    move_windows(Stage.objects.filter(attempt=attempt), closes_at=database_now() - ago)
    return Stage.objects.get(attempt=attempt, position=1)


def test_a_learner_clones_what_they_were_handed(attempt: Attempt, work: Work) -> None:
    assert work.head() == repository.head(repository_path(attempt))
    assert git("rev-list", "--count", "HEAD", cwd=work.folder).stdout.strip() == b"12"
    assert (work.folder / "assistant" / "server.py").exists()


def test_a_clone_is_noted_as_opening_the_repository_and_a_look_at_its_branches_is_not(
    attempt: Attempt, tmp_path: Path
) -> None:
    git("ls-remote", clone_url(attempt), cwd=tmp_path)
    assert not attempt.openings.exists()
    git("clone", "-q", clone_url(attempt), str(tmp_path / "clone"), cwd=tmp_path)
    git("-c", "protocol.version=0", "fetch", "-q", clone_url(attempt), cwd=tmp_path / "clone")
    (row,) = attempt.openings.all()
    assert (row.what, row.times) == ("repository", 1)


def test_a_push_lands_and_is_ledgered_with_its_commits(attempt: Attempt, work: Work) -> None:
    before = work.head()
    commit = work.commit({"assistant/fix.py": b"fixed = True\n"})
    done = push(work)
    assert done.returncode == 0, done.stderr
    assert repository.head(work.bare) == commit
    (event,) = pushed_events(attempt)
    assert event.payload["ref"] == "refs/heads/main"
    assert (event.payload["old"], event.payload["new"]) == (before, commit)
    assert event.is_receipt
    assert repository.read_tree(work.bare, commit).files["assistant/fix.py"] == b"fixed = True\n"


def test_several_branches_land_in_one_push(attempt: Attempt, work: Work) -> None:
    work.commit({"a": b"1"})
    assert push(work, "origin", "HEAD:main", "HEAD:refs/heads/second").returncode == 0
    assert {event.payload["ref"] for event in pushed_events(attempt)} == {"refs/heads/main", "refs/heads/second"}


@pytest.mark.parametrize("name", ["caf\u00e9\u00a0fix", "one\u2028two", "x" * 200, "a/" * 99 + "bc"])
def test_a_branch_of_any_name_that_git_takes_is_ledgered_at_once(attempt: Attempt, work: Work, name: str) -> None:
    commit = work.commit({"a": b"1"})
    done = push(work, "origin", f"HEAD:refs/heads/{name}")
    assert done.returncode == 0, done.stderr
    assert [(event.payload["ref"], event.payload["new"]) for event in pushed_events(attempt)] == [
        (f"refs/heads/{name}", commit)
    ]


@pytest.mark.parametrize("name", ["x" * 201, "a/" * 100 + "b"])
def test_a_branch_name_that_could_not_be_handed_in_is_refused(attempt: Attempt, work: Work, name: str) -> None:
    work.commit({"a": b"1"})
    done = push(work, "origin", f"HEAD:refs/heads/{name}")
    assert done.returncode != 0
    assert b"200" in done.stderr
    assert set(repository.branches(work.bare)) == {"main"}
    assert pushed_events(attempt) == []


def test_a_push_larger_than_one_buffer_lands(attempt: Attempt, work: Work) -> None:
    # Above a mebibyte git asks first with an empty request and then sends the pack in chunks.
    commit = work.commit({"large.bin": os.urandom(3 * 2**20)})
    assert push(work).returncode == 0
    assert repository.head(work.bare) == commit
    assert len(pushed_events(attempt)) == 1


def test_the_repository_of_somebody_who_may_not_sign_in_any_more_is_shut(
    attempt: Attempt, work: Work, cast: Cast
) -> None:
    work.commit({"a": b"1"})
    cast.learner.is_active = False
    cast.learner.save()
    assert push(work).returncode != 0
    assert git("fetch", cwd=work.folder, check=False).returncode != 0
    assert pushed_events(attempt) == []


def test_pushing_nothing_new_is_no_event(attempt: Attempt, work: Work) -> None:
    assert b"up-to-date" in push(work).stderr
    assert pushed_events(attempt) == []


def test_ten_clones_at_once_all_come_through(attempt: Attempt, tmp_path: Path) -> None:
    def clone(number: int) -> int:
        return git("clone", "-q", clone_url(attempt), f"c{number}", cwd=tmp_path, check=False).returncode

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(clone, range(10))) == [0] * 10


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_every_version_of_the_protocol_is_spoken(attempt: Attempt, tmp_path: Path, version: str) -> None:
    done = git("-c", f"protocol.version={version}", "clone", "-q", "--depth=2", clone_url(attempt), "c", cwd=tmp_path)
    assert done.returncode == 0
    work = Work(tmp_path / "c", repository_path(attempt))
    work.commit({"a": b"1"})
    assert (
        git("-c", f"protocol.version={version}", "push", "-q", "origin", "HEAD:main", cwd=work.folder).returncode == 0
    )


def test_a_force_push_is_refused(attempt: Attempt, work: Work) -> None:
    commit = work.commit({"a": b"1"})
    push(work)
    git("reset", "-q", "--hard", "HEAD~1", cwd=work.folder)
    work.commit({"b": b"2"})
    done = push(work, "--force", "origin", "HEAD:main")
    assert done.returncode
    assert b"non-fast-forward" in done.stderr
    assert repository.head(work.bare) == commit
    assert len(pushed_events(attempt)) == 1


def test_a_branch_cannot_be_deleted(attempt: Attempt, work: Work) -> None:
    head = repository.head(work.bare)
    done = push(work, "origin", ":main")
    assert done.returncode
    assert b"deletion" in done.stderr
    assert repository.head(work.bare) == head
    assert pushed_events(attempt) == []


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/notes/x", "refs/heads-up", "refs/replace/" + "1" * 40])
def test_only_branches_can_be_pushed(work: Work, ref: str) -> None:
    work.commit({"a": b"1"})
    done = push(work, "origin", f"HEAD:{ref}")
    assert done.returncode
    assert b"rejected" in done.stderr
    assert ref.encode() not in git("for-each-ref", cwd=work.bare).stdout


def test_a_repository_holds_twenty_branches(work: Work) -> None:
    assert push(work, "origin", *(f"HEAD:refs/heads/b{n}" for n in range(19))).returncode == 0
    done = push(work, "origin", "HEAD:refs/heads/one-too-many")
    assert b"can hold 20 branches" in done.stderr
    assert len(repository.branches(work.bare)) == 20


def test_a_push_after_the_deadline_is_told_when_that_was_and_kept_aside(attempt: Attempt, work: Work) -> None:
    head = repository.head(work.bare)
    commit = work.commit({"late.py": b"1"})
    stage = close_window(attempt, ago=timedelta(seconds=3))
    done = push(work)
    said = " ".join(done.stderr.decode().replace("remote:", "").split())
    assert done.returncode
    assert f"The window for code closed at {stage.closes_at:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "too late" in said
    assert repository.head(work.bare) == head
    assert pushed_events(attempt) == []
    (kept,) = (work.bare / "late").iterdir()
    assert "It is kept aside" in said
    assert list(kept.glob("*.pack"))
    late = LateWrite.objects.get(attempt=attempt)
    assert late.payload == {"moves": [{"ref": "refs/heads/main", "old": head, "new": commit}], "folder": kept.name}
    assert late.late_by >= timedelta(seconds=3)
    assert late.received_at == stage.closes_at + late.late_by


def test_late_pushes_are_kept_whatever_their_number(attempt: Attempt, work: Work) -> None:
    close_window(attempt, ago=timedelta(minutes=1))
    for number in range(12):
        work.commit({"late.py": b"%d" % number})
        assert b"It is kept aside" in push(work).stderr
    assert LateWrite.objects.filter(attempt=attempt, kind="push").count() == 12


def test_late_pushes_are_kept_until_their_bytes_are_used_up_and_the_next_is_told_so(
    attempt: Attempt, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_server, "LATE_BYTES", 2 * 2**20)
    close_window(attempt, ago=timedelta(minutes=1))
    work.commit({"large.bin": os.urandom(2**20)})
    assert b"It is kept aside" in push(work).stderr
    work.commit({"larger.bin": os.urandom(2**20)})
    said = " ".join(push(work).stderr.decode().replace("remote:", "").split())
    assert "It is not kept aside either: 2 MiB are kept of what is pushed late to one attempt" in said
    assert LateWrite.objects.filter(attempt=attempt, kind="push").count() == 1
    assert len(list((work.bare / "late").iterdir())) == 1


def test_the_same_late_push_again_is_kept_once(attempt: Attempt, work: Work) -> None:
    close_window(attempt, ago=timedelta(minutes=1))
    work.commit({"late.py": b"1"})
    assert b"It is kept aside" in push(work).stderr
    assert b"kept aside already" in push(work).stderr
    assert LateWrite.objects.filter(attempt=attempt, kind="push").count() == 1
    assert len(list((work.bare / "late").iterdir())) == 1


def test_a_clone_works_after_the_deadline(attempt: Attempt, tmp_path: Path) -> None:
    close_window(attempt, ago=timedelta(hours=1))
    assert git("clone", "-q", clone_url(attempt), "c", cwd=tmp_path, check=False).returncode == 0


def test_nothing_lands_in_a_void_attempt(attempt: Attempt, work: Work) -> None:
    work.commit({"a": b"1"})
    Attempt.objects.filter(pk=attempt.pk).update(state="void", void_reason="Network outage")
    done = push(work)
    assert done.returncode
    assert b"void" in done.stderr


@pytest.mark.parametrize("token", ["wrong", "0" * 40])
def test_a_wrong_token_opens_nothing(attempt: Attempt, tmp_path: Path, token: str) -> None:
    done = git("clone", clone_url(attempt, token=token), "c", cwd=tmp_path, check=False)
    assert done.returncode
    assert b"Authentication failed" in done.stderr or b"could not read" in done.stderr


def test_a_token_opens_its_own_repository_only(attempt: Attempt, cast: Cast) -> None:
    other = live_attempt(cast.other_learner, with_repository=True)
    mine, theirs = queries.own_repository(attempt), queries.own_repository(other)
    path = "/info/refs?service=git-upload-pack"
    assert httpx.get(mine["clone_url"] + path, auth=("learner", mine["token"])).status_code == 200
    crossed = httpx.get(theirs["clone_url"] + path, auth=("learner", mine["token"]))
    assert crossed.status_code == 401
    assert crossed.headers["WWW-Authenticate"].startswith("Basic")


def test_a_new_generation_of_the_token_closes_the_old_one(attempt: Attempt) -> None:
    old = queries.own_repository(attempt)
    Attempt.objects.filter(pk=attempt.pk).update(token_generation=2)
    path = "/info/refs?service=git-upload-pack"
    assert httpx.get(old["clone_url"] + path, auth=("learner", old["token"])).status_code == 401
    attempt.refresh_from_db()
    new = queries.own_repository(attempt)
    assert httpx.get(new["clone_url"] + path, auth=("learner", new["token"])).status_code == 200


def test_an_attempt_that_does_not_exist_looks_like_a_wrong_token(server: str) -> None:
    url = f"{server}/git/00000000-0000-4000-8000-000000000000.git/info/refs?service=git-upload-pack"
    assert httpx.get(url, auth=("learner", "x")).status_code == 401
    assert httpx.get(url).status_code == 401
    for odd in (b"Basic \xff\xfe", b"Basic !!", b"Basic", b"Bearer x", b"Basic /////w=="):
        assert httpx.get(url, headers=[(b"Authorization", odd)]).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/info/refs", {}, 403),
        ("GET", "/info/refs?service=git-upload-archive", {}, 403),
        ("GET", "/HEAD", {}, 404),
        ("GET", "/objects/info/packs", {}, 404),
        ("GET", "/../../x", {}, 404),
        ("POST", "/git-upload-archive", UPLOAD, 404),
        ("GET", "/git-upload-pack", {}, 405),
        ("POST", "/info/refs?service=git-upload-pack", {}, 405),
        ("POST", "/git-upload-pack", {"Content-Type": "text/plain"}, 415),
        ("POST", "/git-upload-pack", UPLOAD | {"Content-Encoding": "gzip"}, 400),
    ],
)
def test_nothing_else_is_served(attempt: Attempt, method: str, path: str, headers: dict[str, str], status: int) -> None:
    own = queries.own_repository(attempt)
    answer = httpx.request(
        method, own["clone_url"] + path, auth=("learner", own["token"]), headers=headers, content=b"0000"
    )
    assert answer.status_code == status


def test_a_request_that_unpacks_to_more_than_a_request_is_refused(attempt: Attempt) -> None:
    own = queries.own_repository(attempt)
    bomb = gzip.compress(bytes(64 * 2**20))
    said = {"git-upload-pack": "This request of a clone or fetch is", "git-receive-pack": "This push is"}
    for service, headers in (("git-upload-pack", UPLOAD), ("git-receive-pack", RECEIVE)):
        answer = httpx.post(
            f"{own['clone_url']}/{service}",
            auth=("learner", own["token"]),
            headers=headers | {"Content-Encoding": "gzip"},
            content=bomb,
            timeout=30,
        )
        assert answer.status_code == 413
        assert answer.text.startswith(f"{said[service]} larger than")


@pytest.mark.parametrize("path", ["/api/v1/me/", "/readyz", "/git/x.git/info/refs", "/nothing"])
def test_over_the_wire_a_host_that_is_not_ours_is_a_problem(server: str, settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    answer = httpx.get(server + path, headers={"Host": "evil.example"}, timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_a_push_larger_than_is_taken_does_not_land(
    attempt: Attempt, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(repository.HARDENED, "receive.maxInputSize", "100000")
    head = repository.head(work.bare)
    work.commit({"large.bin": os.urandom(200_000)})
    done = push(work)
    assert done.returncode
    assert b"exceeds maximum allowed size" in done.stderr
    assert repository.head(work.bare) == head
    assert pushed_events(attempt) == []


def test_when_git_fails_half_way_the_push_is_told_so_and_what_landed_is_ledgered(
    attempt: Attempt, work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = process.run_git

    def cut_short(arguments: list[str], **more: Any) -> Finished:
        finished = whole(arguments, **more)
        if "--advertise-refs" in arguments or arguments[0] != "receive-pack":
            return finished
        return replace(
            finished, stdout=finished.stdout[: len(finished.stdout) // 2], returncode=128, stderr="no memory"
        )

    monkeypatch.setattr(git_server, "run_git", cut_short)
    commit = work.commit({"assistant/fix.py": b"fixed = True\n"})
    done = push(work)
    assert done.returncode
    assert b"HTTP 500" in done.stderr
    (event,) = pushed_events(attempt)
    assert event.payload["new"] == commit == repository.head(work.bare)
    assert "git ended badly during a push" in caplog.text
    assert "no memory; refs/heads/main had landed" in caplog.text


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_clone_of_a_broken_repository_fails_in_words_that_tell_nothing_of_the_platform(
    attempt: Attempt, tmp_path: Path, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    bare = repository_path(attempt)
    for pack in list((bare / "objects" / "pack").iterdir()):
        moved = pack.rename(tmp_path / pack.name)
        if moved.suffix == ".pack":
            git("unpack-objects", "-q", cwd=bare, feed=moved.read_bytes())
    blob = git("rev-parse", "HEAD:assistant/server.py", cwd=bare).stdout.decode().strip()
    broken = bare / "objects" / blob[:2] / blob[2:]
    broken.unlink()
    broken.touch()
    done = git("-c", f"protocol.version={version}", "clone", clone_url(attempt), "c", cwd=tmp_path, check=False)
    assert done.returncode
    assert b"repository corruption on the remote side" in done.stderr
    assert str(bare).encode() not in done.stderr
    assert f"git ended badly during a clone or fetch of attempt {attempt.pk}" in caplog.text


@pytest.mark.parametrize("most", [0, 40, 3000])
def test_a_clone_whose_git_is_killed_fails(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, most: int
) -> None:
    killed = tmp_path / "git"
    killed.write_text(f'#!/bin/sh\n{process.GIT} "$@" | head -c {most}\nkill -9 $$\n')
    killed.chmod(0o700)
    monkeypatch.setattr(git_server, "GIT", str(killed))
    done = git("clone", clone_url(attempt), "c", cwd=tmp_path, check=False)
    assert done.returncode
    assert str(attempt.pk) in caplog.text


def test_broken_objects_do_not_land(work: Work) -> None:
    head = repository.head(work.bare)
    blob = git("hash-object", "-w", "--stdin", cwd=work.folder, feed=b"[submodule]").stdout.decode().strip()
    listing = f"120000 blob {blob}\t.gitmodules\n".encode()
    tree = git("mktree", cwd=work.folder, feed=listing).stdout.decode().strip()
    commit = git("commit-tree", "-p", "HEAD", "-m", "x", tree, cwd=work.folder).stdout.decode().strip()
    done = push(work, "origin", f"{commit}:main")
    assert done.returncode
    assert b"gitmodulesSymlink" in done.stderr
    assert repository.head(work.bare) == head


def test_hooks_in_the_repository_are_not_run(work: Work, tmp_path: Path) -> None:
    hook = work.bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    work.commit({"a": b"1"})
    assert push(work).returncode == 0
    assert not (tmp_path / "ran").exists()
