"""`make up` from start to stop, on a state folder of its own: whole, once, mended when killed, gone when stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import places, processes, programs, ready, up
from deploy.local.places import ROOT, Home
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("make-up")]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person who has just cloned Hotseat, with a state folder and a port of their own."""
    # These are the test run's own.
    ours = {"DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "HOTSEAT_TEST_DB", "HOTSEAT_REPOSITORIES"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    state = tmp_path_factory.mktemp("clone") / "state"
    kept = {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("PYTEST_")}
    return kept | {"HOTSEAT_STATE_DIR": str(state), "PORT": port}


@pytest.fixture(scope="module")
def home(env: dict[str, str]) -> Iterator[Home]:
    """Where that platform lives; whatever a test leaves running ends with the module."""
    found = Home("platform", Path(env["HOTSEAT_STATE_DIR"]))
    yield found
    Supervisor(found).stop()


@contextmanager
def _local(env: dict[str, str], *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A command of the Makefile, which does not outlive the block whatever a test finds."""
    command = [sys.executable, "-m", "deploy.local", *argv]
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _said(env: dict[str, str], *argv: str, seconds: float = 90) -> tuple[int, str]:
    """How such a command ended, and what it printed."""
    with _local(env, *argv) as process:
        printed = process.communicate(timeout=seconds)[0]
        return process.returncode, printed


def _read_until(process: subprocess.Popen[str], mark: str) -> str:
    """What a process has said once `mark` is in it; all that it said if that never comes."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if mark in line:
            break
    return said


def _parts(home: Home) -> set[str]:
    """The names of all that runs."""
    ours = {program.name for program in programs.platform(home, host="127.0.0.1", port=1)}
    return ours | {"postgres", "valkey"}


def _until(true: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def twice(env: dict[str, str], home: Home) -> tuple[str, str]:
    """What two people see who start the same clone at the same moment, the one who did start it first."""
    with _local(env, "up", "--detach") as one, _local(env, "up", "--detach") as other:
        said = [each.communicate(timeout=240)[0] for each in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], "\n".join(said)
    assert Supervisor(home).running()
    first, second = sorted(said, key=lambda words: "already running" in words)
    return first, second


def test_two_starts_at_once_start_one_platform(twice: tuple[str, str], env: dict[str, str], home: Home) -> None:
    first, second = twice
    address = f"http://127.0.0.1:{env['PORT']}"
    assert f"Hotseat is ready at {address}" in first
    assert f"Hotseat is already running at {address}" in second
    assert "jt-incident-4 v1 published" in first
    assert sorted(Supervisor(home).statuses()) == sorted(_parts(home))
    assert ready.missing(address) == {}


@pytest.mark.usefixtures("twice")
def test_a_start_when_it_runs_says_where_and_is_content(env: dict[str, str]) -> None:
    status, said = _said(env, "up")
    assert "already running" in said
    assert status == 0


def test_sign_ins_are_printed_once_and_stored_nowhere(twice: tuple[str, str], home: Home) -> None:
    passwords = re.findall(r"@hotseat\.test +(\S{12})\n", twice[0])
    assert len(set(passwords)) == 4
    kept = [
        file
        for file in home.path.rglob("*")
        if file.is_file() and any(password.encode() in file.read_bytes() for password in passwords)
    ]
    assert kept == []


@pytest.mark.usefixtures("twice")
def test_every_part_killed_with_9_comes_back_and_the_platform_is_ready_again(env: dict[str, str], home: Home) -> None:
    supervisor = Supervisor(home)
    before = {name: row.pid for name, row in supervisor.statuses().items()}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    _until(
        lambda: all(row.pid not in {0, before[name]} for name, row in supervisor.statuses().items()),
        seconds=30,
    )
    _until(lambda: ready.missing(f"http://127.0.0.1:{env['PORT']}") == {}, seconds=60)


@pytest.mark.usefixtures("twice")
def test_down_stops_all_of_it(env: dict[str, str], home: Home) -> None:
    assert "Hotseat is stopped." in _said(env, "down")[1]
    assert processes.marked(home.path) == []
    status, said = _said(env, "down")
    assert "was not running" in said
    assert status == 0


def test_a_taken_port_is_said_before_anything_starts(env: dict[str, str], home: Home) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the platform has just left it
        taken.bind(("127.0.0.1", int(env["PORT"])))
        taken.listen()
        status, said = _said(env, "up")
    assert status == 1
    assert f"Port {env['PORT']} on 127.0.0.1 cannot be used" in said
    assert "make up PORT=" in said
    assert processes.marked(home.path) == []


@pytest.mark.parametrize("port", ["x", "0", "70000"])
def test_a_port_that_is_none_is_refused(env: dict[str, str], port: str) -> None:
    status, said = _said(env | {"PORT": port}, "up")
    assert "which is no port" in said
    assert status == 1


@pytest.mark.timeout(420)
def test_after_a_start_killed_with_9_at_any_step_the_next_one_works_and_ctrl_c_ends_it(
    env: dict[str, str], home: Home
) -> None:
    for mark, options in (
        ("• PostgreSQL", []),
        ("• Database tables", ["--detach"]),  # nothing dies by itself with a start that was to leave it all running
        ("• Web, workers", ["--detach"]),
    ):
        with _local(env, "up", *options) as half:
            said = _read_until(half, mark)
            assert mark in said, said
            half.kill()
    with _local(env, "up") as up:
        said = _read_until(up, "Ctrl-C")
        assert f"Hotseat is ready at http://127.0.0.1:{env['PORT']}" in said
        assert ready.missing(f"http://127.0.0.1:{env['PORT']}") == {}
        assert Supervisor(home).statuses().keys() == _parts(home)
        up.send_signal(signal.SIGINT)
        assert "Stopped." in up.communicate(timeout=90)[0]
    assert up.returncode == 0
    assert processes.marked(home.path) == []


@pytest.mark.parametrize(("mark", "options"), [("✓ PostgreSQL", []), ("• Web, workers", ["--detach"])])
def test_down_stops_what_a_start_killed_with_9_has_left(
    env: dict[str, str], home: Home, mark: str, options: list[str]
) -> None:
    _said(env, "down")
    with _local(env, "up", *options) as half:
        assert mark in _read_until(half, mark)
        half.kill()
    assert "Hotseat is stopped." in _said(env, "down")[1]
    assert processes.marked(home.path) == []


def test_down_stops_a_start_under_way(env: dict[str, str], home: Home) -> None:
    with _local(env, "up") as half:
        assert "• Database tables" in _read_until(half, "• Database tables")
        assert "Hotseat is stopped." in _said(env, "down")[1]
        assert "Stopped before it was ready." in half.communicate(timeout=90)[0]
    assert half.returncode == 130
    assert processes.marked(home.path) == []


def test_the_state_lies_in_the_one_folder(env: dict[str, str], home: Home) -> None:
    assert places.state_dir() != home.path
    assert {path.name for path in Path(env["HOTSEAT_STATE_DIR"]).iterdir()} >= {"postgres", "valkey", "logs"}


def test_a_start_at_another_port_when_it_runs_says_that_the_port_was_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home("platform", tmp_path)
    ready.remember(home, "http://127.0.0.1:8123")
    monkeypatch.setattr(ready, "missing", lambda _: {})
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.setenv("PORT", "8124")
    with pytest.raises(Trouble, match=r"running at http://127\.0\.0\.1:8123, so PORT=8124 was not used.* make down"):
        up._already(home, {"HOST": "127.0.0.1", "PORT": "8124"})
    monkeypatch.setenv("PORT", "8123")
    assert up._already(home, {"HOST": "127.0.0.1", "PORT": "8123"}) == 0
    monkeypatch.delenv("PORT")  # nobody asked for the port that is usual
    assert up._already(home, {"HOST": "127.0.0.1", "PORT": "8000"}) == 0


def test_passwords_are_told_when_a_later_step_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(up, "say", told.append)
    with up._told_all_the_same("  Learner learner@hotseat.test abc\n"):
        pass
    assert told == []
    with pytest.raises(Trouble), up._told_all_the_same("  Learner learner@hotseat.test abc\n"):
        raise Trouble("the worker did not start")
    assert told == ["\n  Learner learner@hotseat.test abc\n"]
