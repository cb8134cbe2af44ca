"""The process side of smart HTTP: bodies within limits, so many at a time, hooks that cannot be missing."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandboxes import git_server, repository, turnstile
from sandboxes.git_server import GitFailed, HooksMissing, RepositoryFull, Service, TooLarge
from sandboxes.turnstile import TooBusy
from tests.sandboxes.test_repository import history

ARRIVED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A repository to serve."""
    path = tmp_path / "a.git"
    repository.create(path, commits=history())
    return path


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_body_is_spooled_unpacked_from_its_start(gzipped: bool) -> None:
    body = b"0123456789" * 20_000
    sent = gzip.compress(body) if gzipped else body
    with git_server.spooled(io.BytesIO(sent), gzipped=gzipped, most=len(body)) as file:
        assert file.read() == body
    with pytest.raises(TooLarge):
        git_server.spooled(io.BytesIO(sent), gzipped=gzipped, most=len(body) - 1)


@pytest.mark.parametrize(
    "body", [b"", b"not gzip", gzip.compress(b"x" * 1000)[:-9]], ids=["nothing", "another format", "cut short"]
)
def test_a_body_that_is_not_the_gzip_it_says_is_refused(body: bytes) -> None:
    with pytest.raises(GitFailed):
        git_server.spooled(io.BytesIO(body), gzipped=True, most=10_000)


def test_what_is_advertised_holds_branches_and_nothing_hidden(served: Path) -> None:
    made = repository.head(served)
    (served / "refs" / "late").mkdir(parents=True)
    (served / "refs" / "late" / "x").write_text(made + "\n")
    for service in Service:
        answer = asyncio.run(git_server.advertise(served, service=service))
        assert f"# service={service}".encode() in answer
        assert f"{made} refs/heads/main".encode() in answer
        assert b"refs/late" not in answer
    assert b"version 2" in asyncio.run(git_server.advertise(served, service=Service.UPLOAD_PACK, protocol="version=2"))
    odd = asyncio.run(git_server.advertise(served, service=Service.UPLOAD_PACK, protocol="version=2:x\n$(touch y)"))
    assert b"version 2" not in odd


def test_what_is_no_repository_cannot_be_served(tmp_path: Path) -> None:
    with pytest.raises(GitFailed):
        asyncio.run(git_server.advertise(tmp_path, service=Service.UPLOAD_PACK))


def test_a_full_house_lets_nobody_wait_for_ever(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "AT_ONCE_PER_REPOSITORY", 1)
    monkeypatch.setattr(turnstile, "WAIT_SECONDS", 0.1)

    async def crowd() -> None:
        ours = turnstile.turnstile()
        async with ours.through(served):
            with pytest.raises(TooBusy):
                await git_server.advertise(served, service=Service.UPLOAD_PACK)
            async with ours.through(served.parent):  # another learner's is not held up
                pass
        assert await git_server.advertise(served, service=Service.UPLOAD_PACK)
        assert ours._per_repository == {}

    asyncio.run(crowd())


def processes_in(folder: Path) -> list[str]:
    """What runs with its working folder at `folder`."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (each / "cwd").readlink() == folder:
                found.append(each.name)
    return found


def test_a_reader_who_goes_away_leaves_no_process(served: Path) -> None:
    # A request that never ends keeps upload-pack waiting until its reader gives up.
    reading, writing = os.pipe()

    async def give_up() -> None:
        stream = git_server.upload(served, body=os.fdopen(reading, "rb"))
        waiting = asyncio.ensure_future(anext(stream))
        async with asyncio.timeout(20):
            while not processes_in(served):  # noqa: ASYNC110 - another program is waited for
                await asyncio.sleep(0.02)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        await stream.aclose()

    asyncio.run(give_up())
    os.close(writing)
    assert processes_in(served) == []


def test_without_its_hooks_no_push_is_taken(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-receive").write_text("#!/bin/sh\n")
    monkeypatch.setattr(git_server, "HOOKS", hooks)
    with pytest.raises(HooksMissing):
        asyncio.run(git_server.receive(served, body=io.BytesIO(b"0000"), arrived=ARRIVED))


def test_a_full_repository_takes_nothing_more(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_server, "MAX_REPOSITORY_BYTES", repository.MAX_PUSH_BYTES)
    with pytest.raises(RepositoryFull):
        asyncio.run(git_server.receive(served, body=io.BytesIO(b"0000"), arrived=ARRIVED))
