"""One commit of a stranger's repository: pinned, fetched, read; and whose fault it is when it cannot be."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable, git
from sandboxes.ingest.tree import Tree
from tests.git_remotes import GitHost, Work, git_host, make_work, throwaway_certificate
from tests.git_remotes import git as run

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "assistant/__init__.py": b"",
    "assistant/guard.py": b"x = 1\n",
    "tests/regression/test_a.py": b"def test(): 1\n",
}
PATIENT = dataclasses.replace(INGEST_LIMITS, resolve_seconds=30.0)  # a busy machine is no failure
QUICK = dataclasses.replace(INGEST_LIMITS, resolve_seconds=1.0)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A learner's working copy with one commit pushed."""
    made = make_work(tmp_path)
    made.commit(FILES, "Repair the guard\n\nIt let through what it should not.")
    made.push()
    return made


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    """A git host that serves what is below `served/`."""
    with git_host(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_left_behind(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("ingest")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def trusting(host: GitHost, path: str = "/served/work.git", **more: Any) -> dict[str, Any]:
    """The arguments with which the operator trusts this host."""
    return {
        "url": host.url(path),
        "allowed_hosts": host.allowed,
        "resolver": host.resolver,
        "ca_file": host.ca_file,
        "limits": PATIENT,
        **more,
    }


def test_a_commit_is_pinned_and_fetched(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host))
    assert (pinned.commit, pinned.ref) == (work.head(), "HEAD")

    fetched = git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit)
    assert fetched.commit == work.head()
    assert fetched.tree == Tree(FILES)
    assert fetched.author == "Ada Learner <ada@example.org>"
    assert fetched.committed_at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert fetched.subject == "Repair the guard"
    assert fetched.force_pushed is False


def test_it_works_over_https_with_a_checked_certificate(tmp_path: Path, work: Work) -> None:
    certificate = throwaway_certificate(tmp_path)
    if certificate is None:
        pytest.skip("openssl is not on this machine")
    with git_host(tmp_path, tls=certificate) as secure:
        assert git.fetch(**trusting(secure)).commit == work.head()
        with pytest.raises(IngestRefused) as caught:
            git.fetch(**trusting(secure, ca_file=None))
        assert caught.value.code == Refusal.BAD_CERTIFICATE


def test_every_pinned_address_of_either_kind_is_tried(host: GitHost, work: Work) -> None:
    both = trusting(host, resolver=lambda _host, _port: ["::1", "127.0.0.1"])
    assert git.resolve(**both).commit == work.head()


@pytest.mark.parametrize("ref", ["fix/guard-2", "refs/heads/fix/guard-2", "v1.0", "refs/tags/v1.0", "light"])
def test_branches_and_tags_are_found_by_name(host: GitHost, work: Work, ref: str) -> None:
    commit = work.commit({"assistant/guard.py": b"x = 2\n"}, "Repair it better")
    run("tag", "-a", "-m", "One", "v1.0", cwd=work.folder)
    run("tag", "light", cwd=work.folder)
    work.push("origin", "HEAD:refs/heads/fix/guard-2", "refs/tags/v1.0", "refs/tags/light")

    pinned = git.resolve(**trusting(host), ref=ref)
    assert pinned.commit == commit
    fetched = git.fetch(**trusting(host), ref=ref)
    assert (fetched.commit, fetched.tree.files["assistant/guard.py"]) == (commit, b"x = 2\n")


def test_a_full_commit_id_is_a_name_too(host: GitHost, work: Work) -> None:
    first = work.head()
    work.commit({"b": b"2"})
    work.push()
    assert git.resolve(**trusting(host), ref=first).commit == first
    assert git.fetch(**trusting(host), ref=first).tree == Tree(FILES)


@pytest.mark.parametrize("ref", ["none", "refs/heads/none", "ain", "heads/main"])
def test_a_name_that_is_not_there_is_refused(host: GitHost, work: Work, ref: str) -> None:
    assert work.head()
    with pytest.raises(IngestRefused) as caught:
        git.resolve(**trusting(host), ref=ref)
    assert caught.value.code == Refusal.REF_NOT_FOUND


def test_an_empty_repository_is_refused(host: GitHost, tmp_path: Path) -> None:
    make_work(tmp_path, "empty")
    with pytest.raises(IngestRefused) as caught:
        git.fetch(**trusting(host, "/served/empty.git"))
    assert caught.value.code == Refusal.REF_NOT_FOUND


def test_work_that_goes_on_is_no_force_push(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host), ref="main")
    work.commit({"later": b"1"})
    work.push()
    fetched = git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit)
    assert (fetched.commit, fetched.force_pushed) == (pinned.commit, False)
    assert "later" not in fetched.tree.files


def test_a_force_push_changes_nothing_and_is_noted(host: GitHost, work: Work) -> None:
    work.commit({"second": b"1"})
    work.push()
    pinned = git.resolve(**trusting(host), ref="main")
    run("reset", "-q", "--hard", "HEAD~1", cwd=work.folder)
    work.commit({"rewritten": b"1"})
    work.push("--force", "origin", "HEAD:main")
    fetched = git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit)
    assert (fetched.commit, fetched.force_pushed) == (pinned.commit, True)
    assert set(fetched.tree.files) == {*FILES, "second"}


def asked_again(host: GitHost, pinned: git.Pinned, **more: Any) -> bool | None:
    """What asking once more says of a commit that was pinned."""
    assert pinned.ref is not None
    return git.was_rewritten(**trusting(host, **more), ref=pinned.ref, commit=pinned.commit)


def test_asked_again_later_a_force_push_is_told_from_work_going_on(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host), ref="main")
    assert asked_again(host, pinned) is False
    work.commit({"later": b"1"})
    work.push()
    assert asked_again(host, pinned) is False
    run("reset", "-q", "--hard", pinned.commit, cwd=work.folder)
    run("commit", "-q", "--amend", "-m", "Rewritten", cwd=work.folder)
    work.push("--force", "origin", "HEAD:main")
    assert asked_again(host, pinned) is True
    run("reflog", "expire", "--expire=now", "--all", cwd=work.bare)
    run("gc", "-q", "--prune=now", cwd=work.bare)  # the commit is nowhere any more
    assert asked_again(host, pinned) is True
    host.protocol_zero = True
    assert asked_again(host, pinned) is True


def test_a_host_that_does_not_answer_again_says_nothing_about_a_force_push(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host), ref="main")
    assert work.head() == pinned.commit
    for url in (host.url("/status/503/x"), host.url("/served/none.git"), "http://git.test:9/a.git"):
        assert asked_again(host, pinned, url=url, allowed_hosts=["git.test"], limits=PATIENT) is None


def test_a_branch_that_is_gone_counts_as_force_pushed(host: GitHost, work: Work) -> None:
    work.push("origin", "HEAD:refs/heads/fix")
    pinned = git.resolve(**trusting(host), ref="fix")
    work.push("origin", ":refs/heads/fix")
    assert git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit).force_pushed is True


def test_a_server_that_gives_out_no_bare_commits_is_asked_by_name(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host), ref="main")
    work.commit({"later": b"1"})
    work.push()
    host.protocol_zero = True
    fetched = git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit)
    assert (fetched.commit, fetched.tree) == (pinned.commit, Tree(FILES))


def test_a_commit_that_is_gone_is_refused_with_what_to_do(host: GitHost, work: Work) -> None:
    pinned = git.resolve(**trusting(host), ref="main")
    run("commit", "-q", "--amend", "-m", "Rewritten", cwd=work.folder)
    work.push("--force", "origin", "HEAD:main")
    run("reflog", "expire", "--expire=now", "--all", cwd=work.bare)
    run("gc", "-q", "--prune=now", cwd=work.bare)
    with pytest.raises(IngestRefused) as caught:
        git.fetch(**trusting(host), ref=pinned.ref, commit=pinned.commit)
    assert caught.value.code == Refusal.COMMIT_GONE
    assert pinned.commit[:12] in caught.value.message


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/served/none.git", Refusal.REPOSITORY_NOT_FOUND),
        ("/status/404/x", Refusal.REPOSITORY_NOT_FOUND),
        ("/status/403/x", Refusal.SIGN_IN_NEEDED),
        ("/sign-in/x", Refusal.SIGN_IN_NEEDED),
        ("/redirect/x", Refusal.REDIRECTED),
        ("/page/x", Refusal.REF_NOT_FOUND),
    ],
)
def test_what_the_learner_can_change_is_refused(host: GitHost, path: str, code: Refusal) -> None:
    with pytest.raises(IngestRefused) as caught:
        git.resolve(**trusting(host, path))
    assert caught.value.code == code


@pytest.mark.parametrize("path", ["/status/500/x", "/status/503/x", "/status/429/x"])
def test_what_time_can_change_is_tried_again(host: GitHost, path: str) -> None:
    with pytest.raises(SourceUnreachable) as caught:
        git.resolve(**trusting(host, path))
    assert str(host.port) not in caught.value.message


@pytest.mark.parametrize("path", ["/slow/x", "/drip/x"])
def test_a_slow_server_is_waited_for_as_long_as_the_table_says(host: GitHost, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceUnreachable):
        git.resolve(**trusting(host, path, limits=QUICK))
    assert time.monotonic() - begun < 10  # the server would go on for twenty


def test_a_closed_port_is_tried_again(host: GitHost) -> None:
    url = "http://git.test:9/a.git"
    with pytest.raises(SourceUnreachable):
        git.resolve(**trusting(host) | {"url": url, "allowed_hosts": ["git.test"]})


@pytest.mark.parametrize(
    "ref",
    [
        "", "-x", "--upload-pack=touch x", "a..b", "a b", "a~1", "a^", "a:b", "*", "x.lock", "/a", "a/", "a//b", "@{u}",
        "é", "a" * 201, "a\nb",
    ],
)  # fmt: skip
def test_names_that_mean_more_than_a_name_are_refused_before_anything_is_asked(host: GitHost, ref: str) -> None:
    with pytest.raises(IngestRefused) as caught:
        git.resolve(**trusting(host), ref=ref)
    assert caught.value.code == Refusal.BAD_REF
    assert host.asked == []


@pytest.mark.parametrize("commit", ["", "HEAD", "-x", "1" * 39, "--all"])
def test_a_commit_is_named_by_its_full_id(host: GitHost, commit: str) -> None:
    with pytest.raises(IngestRefused):
        git.fetch(**trusting(host), commit=commit)
    assert host.asked == []
