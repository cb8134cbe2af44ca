"""Repositories and addresses made to harm the one who fetches them: nothing runs, nothing inside is reached."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import struct
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandboxes.ingest import INGEST_LIMITS, MIB, IngestRefused, Refusal, SourceUnreachable, git
from sandboxes.ingest.objects import read_commit
from tests.git_remotes import GitHost, Work, git_host, make_work, write_files
from tests.git_remotes import git as run

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT = dataclasses.replace(INGEST_LIMITS, resolve_seconds=30.0)  # a busy machine is no failure


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The one folder a fetch may use; it must be empty again afterwards, and no process of it may be left."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_in(folder) == []


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that an attack would make."""
    return tmp_path / "canary"


@pytest.fixture
def host(tmp_path: Path, room: Path) -> Iterator[GitHost]:
    """A git host over `tmp_path`."""
    assert room
    with git_host(tmp_path) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A working copy with one harmless commit, pushed."""
    made = make_work(tmp_path)
    made.commit({"assistant/guard.py": b"x = 1\n"})
    made.push()
    return made


def processes_in(folder: Path) -> list[str]:
    """What still runs with its working folder below `folder`."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (each / "cwd").readlink().is_relative_to(folder):
                found.append(each.name)
    return found


def fetched(host: GitHost, path: str = "/served/work.git", **more: Any) -> git.Fetched:
    """Fetch from a host that the operator trusts."""
    arguments: dict[str, Any] = {"allowed_hosts": host.allowed, "resolver": host.resolver, "limits": PATIENT}
    return git.fetch(url=host.url(path), **(arguments | more))


def refusal_of(host: GitHost, path: str = "/served/work.git", **more: Any) -> IngestRefused:
    """The refusal that fetching gives."""
    with pytest.raises(IngestRefused) as caught:
        fetched(host, path, **more)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% {canary}", "ext::touch {canary}", "EXT::touch {canary}", "fd::7", "file://{canary}",
        "file:///etc", "{canary}", "-c core.sshCommand=touch", "--upload-pack=touch {canary}", "-u touch",
        "ssh://-oProxyCommand=touch/x", "ssh://git@127.0.0.1/x", "git@127.0.0.1:x", "git://127.0.0.1/x",
        "http::ext::touch", "transport::ext::sh", "https::ext::touch", "https://a.org/`touch {canary}`",
        "https://a.org/$(touch${{IFS}}{canary})", "https://a.org/x;touch {canary}", "https://a.org/x\ntouch {canary}",
        "https://a.org/x%0atouch", "ftp://127.0.0.1/x", "rsync://127.0.0.1/x", "git+ssh://127.0.0.1/x",
    ],
)  # fmt: skip
def test_an_address_that_is_a_command(url: str, canary: Path, room: Path) -> None:
    assert room
    for call in (git.resolve, git.fetch):
        with pytest.raises(IngestRefused) as caught:
            call(url=url.format(canary=canary), allowed_hosts=["127.0.0.1", "a.org"], limits=PATIENT)
        assert caught.value.code == Refusal.BAD_URL or "@" in url
    assert not canary.exists()


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch {canary}", "-h", "--output={canary}", "+refs/heads/*:refs/heads/*", "HEAD:x"]
)
def test_a_branch_that_is_an_option(host: GitHost, work: Work, canary: Path, ref: str) -> None:
    assert work.head()
    assert refusal_of(host, ref=ref.format(canary=canary)).code == Refusal.BAD_REF
    assert not canary.exists()
    assert host.asked == []


def test_a_variable_of_ours_in_the_address_is_never_filled_in(
    host: GitHost, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work.head()
    monkeypatch.setenv("SECRET_KEY", "only-for-tests")
    for path in ("/served/$SECRET_KEY", "/served/${SECRET_KEY}", "/served/%SECRET_KEY%", "/~/x", "/served/~root"):
        with pytest.raises(IngestRefused):
            fetched(host, path)
    assert not any("only-for-tests" in asked for asked in host.asked)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "169.254.169.254", "10.0.0.1", "100.100.100.200", "::1", "::ffff:127.0.0.1", "fd00:ec2::254"],
)
def test_a_name_that_resolves_to_an_inner_address(host: GitHost, address: str) -> None:
    refusal = refusal_of(host, allowed_hosts=["somebody.else"], resolver=lambda _h, _p: [address])
    assert refusal.code in {Refusal.FORBIDDEN_ADDRESS, Refusal.BAD_URL}
    with pytest.raises(IngestRefused) as caught:
        git.resolve(url=f"https://git.test:{host.port}/served/work.git", resolver=lambda _h, _p: ["8.8.8.8", address])
    assert caught.value.code == Refusal.FORBIDDEN_ADDRESS
    assert host.asked == []


@pytest.mark.parametrize(
    "written",
    ["127.0.0.1", "[::1]", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localhost.", "[::ffff:7f00:1]"],
)
def test_an_inner_address_in_disguise(host: GitHost, written: str) -> None:
    with pytest.raises(IngestRefused) as caught:
        git.resolve(url=f"https://{written}:{host.port}/served/work.git", limits=PATIENT)
    assert caught.value.code in {Refusal.FORBIDDEN_ADDRESS, Refusal.BAD_URL}
    assert host.asked == []


def test_localhost_by_its_name(host: GitHost) -> None:
    with pytest.raises(IngestRefused) as caught:
        git.resolve(url=f"https://localhost:{host.port}/served/work.git", limits=PATIENT)
    assert caught.value.code == Refusal.FORBIDDEN_ADDRESS
    assert host.asked == []


def test_a_name_that_answers_differently_the_second_time(host: GitHost, work: Work) -> None:
    # The name does not exist for the system's resolver: git reaches the host only through the address we pinned,
    # and a second answer is never asked for.
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked = []

    def rebinding(name: str, _port: int) -> list[str]:
        asked.append(name)
        return next(answers)

    assert fetched(host, resolver=rebinding).commit == work.head()
    assert asked == ["git.test"]


def test_a_redirect_to_an_inner_address_is_not_followed(host: GitHost) -> None:
    assert refusal_of(host, "/redirect/x").code == Refusal.REDIRECTED
    assert not any("secret" in asked for asked in host.asked)


def test_alternates_of_a_dumb_server_are_not_followed(host: GitHost, work: Work, tmp_path: Path) -> None:
    run("update-server-info", cwd=work.bare)
    plain = tmp_path / "plain" / "work.git"
    write_files(plain, {"info/refs": f"{'1' * 40}\trefs/heads/main\n".encode(), "HEAD": b"ref: refs/heads/main\n"})
    write_files(plain, {"objects/info/http-alternates": host.url("/secret/objects").encode()})
    host.plain = tmp_path / "plain"
    with pytest.raises((IngestRefused, SourceUnreachable)):
        fetched(host, "/plain/work.git", ref="main")
    assert not any("secret" in asked for asked in host.asked)


def test_a_proxy_of_the_machine_is_not_used(host: GitHost, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetched(host).commit == work.head()


def test_configuration_of_the_machine_is_not_used(
    host: GitHost, work: Work, tmp_path: Path, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    evil = f'[core]\n\tsshCommand = touch {canary}\n[credential]\n\thelper = "!touch {canary}"\n'
    evil += '[url "ext::sh -c touch% ' + str(canary) + '"]\n\tinsteadOf = http://\n'
    write_files(
        home,
        {".gitconfig": evil.encode(), ".config/git/config": evil.encode(), ".netrc": b"default login a password b\n"},
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {canary}")
    monkeypatch.setenv("GIT_ASKPASS", f"touch {canary}")
    assert fetched(host).commit == work.head()
    assert refusal_of(host, "/sign-in/x").code == Refusal.SIGN_IN_NEEDED
    assert not canary.exists()


def test_a_server_that_asks_for_a_password_gets_none_and_does_not_hang(host: GitHost) -> None:
    begun = time.monotonic()
    assert refusal_of(host, "/sign-in/x").code == Refusal.SIGN_IN_NEEDED
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("path", ["/slow/x", "/drip/x", "/endless/x"])
def test_a_server_that_never_ends(host: GitHost, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises((SourceUnreachable, IngestRefused)):
        fetched(host, path, limits=dataclasses.replace(PATIENT, seconds=1.5))
    assert time.monotonic() - begun < 12  # they would go on for twenty seconds, or for ever


@pytest.mark.parametrize(
    ("mode", "code"), [("120000", Refusal.SYMLINK), ("160000", Refusal.SUBMODULE)], ids=["symlink", "gitlink"]
)
def test_an_entry_that_is_no_file(host: GitHost, work: Work, mode: str, code: Refusal) -> None:
    work.commit_entry(mode, "assistant/evil", b"/etc/passwd")
    work.push()
    refusal = refusal_of(host)
    assert (refusal.code, refusal.path) == (code, "assistant/evil")


def test_submodules_are_not_fetched(host: GitHost, work: Work) -> None:
    work.commit({".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = {host.url("/secret/x.git")}\n'.encode()})
    work.commit_entry("160000", "x")
    work.push()
    assert refusal_of(host).code == Refusal.SUBMODULE
    assert not any("secret" in asked for asked in host.asked)


def test_filters_attributes_and_hooks_of_the_repository_do_nothing(host: GitHost, work: Work, canary: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
    files = {
        ".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs\n*.py ident export-subst text eol=crlf\n",
        ".lfsconfig": f"[lfs]\n\turl = {host.url('/secret/lfs')}\n".encode(),
        "weights.bin": pointer,
        "assistant/a.py": b"# $Id$ $Format:%H$\n",
        ".githooks/post-checkout": f"#!/bin/sh\ntouch {canary}\n".encode(),
    }
    write_files(work.folder, files)
    run("add", "-A", "--chmod=+x", cwd=work.folder)
    for path, content in files.items():  # as they are, whatever the attributes say
        sha = run("hash-object", "-w", "--no-filters", "--stdin", cwd=work.folder, feed=content).stdout.decode().strip()
        run("update-index", "--add", "--cacheinfo", f"100755,{sha},{path}", cwd=work.folder)
    run("commit", "-q", "-m", "Filters", cwd=work.folder)
    work.push()
    tree = fetched(host).tree
    assert tree.files["weights.bin"] == pointer
    assert tree.files["assistant/a.py"] == b"# $Id$ $Format:%H$\n"
    assert not canary.exists()
    assert not any("secret" in asked for asked in host.asked)


@pytest.mark.parametrize(
    ("listing", "codes"),
    [
        ("100644 blob {blob}\t..\n", {Refusal.REPOSITORY_DAMAGED, Refusal.PATH_TRAVERSAL}),
        ("100644 blob {blob}\t.git\n", {Refusal.REPOSITORY_DAMAGED, Refusal.GIT_METADATA}),
        ("100644 blob {blob}\t.GIT\n", {Refusal.REPOSITORY_DAMAGED, Refusal.GIT_METADATA}),
        ("100644 blob {blob}\tgit~1\n", {Refusal.REPOSITORY_DAMAGED, Refusal.GIT_METADATA}),
        ("100644 blob {blob}\ta\\..\\b\n", {Refusal.REPOSITORY_DAMAGED, Refusal.UNSAFE_NAME}),
        ("100644 blob {blob}\ta\n100644 blob {blob}\tA\n", {Refusal.DUPLICATE_NAME}),
        ("100644 blob {blob}\tpytest.py\n", {Refusal.SHADOWS_PYTHON}),
        ("120000 blob {blob}\t.gitmodules\n", {Refusal.REPOSITORY_DAMAGED, Refusal.SYMLINK}),
    ],
)
def test_names_that_a_working_copy_could_not_hold(host: GitHost, work: Work, listing: str, codes: set[Refusal]) -> None:
    blob = run("hash-object", "-w", "--stdin", cwd=work.folder, feed=b"x").stdout.decode().strip()
    tree = run("mktree", cwd=work.folder, feed=listing.format(blob=blob).encode()).stdout.decode().strip()
    commit = run("commit-tree", "-m", "x", tree, cwd=work.folder).stdout.decode().strip()
    work.push("origin", f"+{commit}:refs/heads/main")
    assert refusal_of(host).code in codes


def test_a_commit_whose_few_objects_are_a_million_files(host: GitHost, work: Work) -> None:
    sha = run("hash-object", "-w", "--stdin", cwd=work.folder, feed=b"x" * 100).stdout.decode().strip()
    kind = "100644 blob"
    for _ in range(6):
        listing = "".join(f"{kind} {sha}\tn{n}\n" for n in range(10)).encode()
        sha = run("mktree", cwd=work.folder, feed=listing).stdout.decode().strip()
        kind = "040000 tree"
    commit = run("commit-tree", "-m", "bomb", sha, cwd=work.folder).stdout.decode().strip()
    work.push("origin", f"+{commit}:refs/heads/main")
    begun = time.monotonic()
    assert refusal_of(host).code == Refusal.TOO_MANY_FILES
    assert time.monotonic() - begun < 40


def test_a_pack_larger_than_is_taken(host: GitHost, work: Work) -> None:
    work.commit({f"{n}.bin": os.urandom(MIB) for n in range(6)})
    work.push()
    limits = dataclasses.replace(PATIENT, repository_bytes=2 * MIB)
    assert refusal_of(host, limits=limits).code == Refusal.REPOSITORY_TOO_LARGE


def test_a_blob_that_unpacks_to_more_than_a_file_may_be(host: GitHost, work: Work) -> None:
    work.commit({"zeros.bin": bytes(40 * MIB)})
    work.push()
    refusal = refusal_of(host)
    assert (refusal.code, refusal.path) == (Refusal.FILE_TOO_LARGE, "zeros.bin")


def pack_with_a_delta(base: bytes, *, taking: int) -> bytes:
    """A pack of two blobs: `base`, and its first `taking` bytes, written as a change to it."""
    base_id = hashlib.sha1(b"blob %d\0" % len(base) + base, usedforsecurity=False).digest()
    delta = size_in_sevens(len(base)) + size_in_sevens(taking) + bytes([0b10010000, taking])  # copy from offset 0
    entries = entry(3, len(base), b"", base) + entry(7, len(delta), base_id, delta)
    packed = b"PACK" + struct.pack(">II", 2, 2) + entries
    return packed + hashlib.sha1(packed, usedforsecurity=False).digest()


def size_in_sevens(size: int) -> bytes:
    """A number as packs have it: seven bits a byte, the lowest first."""
    head, rest = size & 0x7F, size >> 7
    return bytes([head | 0x80]) + size_in_sevens(rest) if rest else bytes([head])


def entry(kind: int, size: int, before: bytes, content: bytes) -> bytes:
    """One object of a pack."""
    low, rest = size & 0x0F, size >> 4
    head = bytes([kind << 4 | low | (0x80 if rest else 0)]) + (size_in_sevens(rest) if rest else b"")
    return head + before + zlib.compress(content)


def most_memory() -> int:
    """The most bytes this process has held since the last `forget_memory`."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def forget_memory() -> None:
    """Begin measuring anew."""
    Path("/proc/self/clear_refs").write_text("5")


def test_a_small_file_that_is_a_change_to_a_huge_one(work: Work) -> None:
    huge = bytes(192 * MIB)
    run("index-pack", "--stdin", cwd=work.bare, feed=pack_with_a_delta(huge, taking=10))
    del huge
    small = run("hash-object", "--stdin", cwd=work.folder, feed=bytes(10)).stdout.decode().strip()
    tree = run("mktree", cwd=work.bare, feed=f"100644 blob {small}\tsmall.bin\n".encode()).stdout.decode().strip()
    commit = run("commit-tree", "-m", "x", tree, cwd=work.bare).stdout.decode().strip()
    assert run("cat-file", "-s", small, cwd=work.bare).stdout == b"10\n"

    forget_memory()
    before = most_memory()
    assert read_commit(work.bare, commit).files == {"small.bin": bytes(10)}
    assert most_memory() - before < 32 * MIB


def test_words_in_a_commit_that_a_terminal_would_obey(host: GitHost, work: Work) -> None:
    write_files(work.folder, {"a": b"1"})
    run("add", "-A", cwd=work.folder)
    run("commit", "-q", "-m", "\x1b[2Jgone\u202e\u200b " + "long " * 100, "--author=E\x07vil <e@x>", cwd=work.folder)
    work.push()
    found = fetched(host)
    assert found.subject.startswith("[2Jgone long long")
    assert len(found.subject) == 200
    assert found.author == "E vil <e@x>"


def test_a_password_is_never_written_anywhere(room: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert room
    with pytest.raises(IngestRefused) as caught:
        git.fetch(url="https://ada:hunter2@git.example.org/a.git", limits=PATIENT)
    assert caught.value.code == Refusal.CREDENTIALS_IN_URL
    assert "hunter2" not in caplog.text + repr(caught.value) + str(caught.value)
