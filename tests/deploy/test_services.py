"""The embedded database and broker really start: as root, as an ordinary user, after crashes, in deep folders."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.local import postgres, processes, services, valkey
from deploy.local.places import ROOT, Home
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "PG_BIN"):
        monkeypatch.delenv(name, raising=False)


def _start(home: Home) -> Supervisor:
    supervisor = Supervisor(home)
    supervisor.launch(services.programs(home, durable=True), env=os.environ, with_parent=False)
    services.start_database(home, supervisor)
    services.start_broker(home, supervisor)
    return supervisor


def _write_a_row(home: Home) -> None:
    with psycopg.connect(postgres.url(home)) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")


def _read_the_row(home: Home) -> str:
    with psycopg.connect(postgres.url(home)) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
        assert row
        return str(row[0])


def _broker(home: Home) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(valkey.socket(home)))


def test_both_start_and_what_was_written_survives_a_restart(home: Home) -> None:
    supervisor = _start(home)
    _write_a_row(home)
    with _broker(home) as broker:
        broker.rpush("queue", "message")
    supervisor.stop()
    _start(home)
    assert _read_the_row(home) == "still here"
    with _broker(home) as broker:
        assert broker.lrange("queue", 0, -1) == [b"message"]


def test_the_server_is_what_the_schema_needs(home: Home) -> None:
    _start(home)
    with psycopg.connect(postgres.url(home)) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int >= 150000, current_setting('server_encoding'),"
            " current_setting('listen_addresses'), current_setting('TimeZone')"
        ).fetchone()
    assert row == (True, "UTF8", "", "UTC")


def test_kill_9_of_the_database_is_followed_by_a_restart_with_the_data(home: Home) -> None:
    supervisor = _start(home)
    _write_a_row(home)
    before = supervisor.statuses()["postgres"].pid
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while supervisor.statuses()["postgres"].pid in {0, before}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    postgres.wait(home)
    assert _read_the_row(home) == "still here"


def test_kill_9_of_the_supervisor_leaves_a_state_that_starts_again(home: Home) -> None:
    supervisor = _start(home)
    _write_a_row(home)
    os.kill(supervisor.pid(), signal.SIGKILL)
    _start(home)
    assert _read_the_row(home) == "still here"


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(home: Home) -> None:
    _start(home).stop()
    stranger = subprocess.Popen(["/bin/sleep", "600"])
    try:
        (home.postgres / "postmaster.pid").write_text(f"{stranger.pid}\n{home.postgres}\n1\n5432\n/tmp\n\n  1 1\n")
        _start(home)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_outlived_everything_is_ended_before_another_starts(home: Home) -> None:
    _start(home).stop()
    program = postgres.program(home, durable=True)
    # Neither our mark nor our supervisor: as after a crash in the middle of an older version's start.
    old = subprocess.Popen(program.argv, stderr=subprocess.DEVNULL, cwd="/")
    try:
        postgres.wait(home)
        _start(home)
        assert old.wait(timeout=10) == 0
    finally:
        if old.poll() is None:
            old.kill()
            old.wait()


def test_a_clone_in_a_very_deep_folder_works(tmp_path: Path) -> None:
    deep = Home("deep", tmp_path.joinpath(*["a-rather-long-folder-name"] * 6))
    deep.prepare()
    try:
        _start(deep)
        _write_a_row(deep)
        assert _read_the_row(deep) == "still here"
    finally:
        Supervisor(deep).stop()
        shutil.rmtree(deep.run)


@pytest.mark.skipif(os.getuid() != 0, reason="shows how root does it")
def test_root_runs_the_database_as_nobody_and_widens_no_folder(home: Home) -> None:
    modes = {folder: folder.stat().st_mode for folder in (home.path, *home.path.parents)}
    supervisor = _start(home)
    status = Path(f"/proc/{supervisor.statuses()['postgres'].pid}/status").read_text()
    assert "Uid:\t65534\t65534\t65534\t65534" in status
    assert {folder: folder.stat().st_mode for folder in modes} == modes


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else; an ordinary user shows this always")
def test_an_ordinary_user_can_run_both() -> None:
    user = pwd.getpwnam("daemon")  # PostgreSQL wants a user with a name; every Debian has this one
    python, path = _interpreter_for_everyone()
    code = (
        "import os, sys, tempfile; from pathlib import Path; from deploy.local.places import Home\n"
        "from deploy.local import services, postgres; from deploy.local.supervise import Supervisor\n"
        "home = Home('here', Path(tempfile.mkdtemp())); home.prepare(); s = Supervisor(home)\n"
        "try:\n"
        "    s.launch(services.programs(home, durable=True), env=os.environ, with_parent=True)\n"
        "    print(os.getuid(), services.start_database(home, s), services.start_broker(home, s))\n"
        "finally:\n"
        "    s.stop()\n"
        "    __import__('shutil').rmtree(home.path)\n"
    )
    ended = subprocess.run(
        [python, "-c", code],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin:/usr/sbin", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == f"{user.pw_uid} embedded embedded\n", ended.stderr


def _interpreter_for_everyone() -> tuple[str, str]:
    """A Python that a stranger may run, and the path on which it finds this project and its packages."""
    packages = sysconfig.get_paths()["purelib"]
    for needed in (ROOT, Path(packages)):
        if not all(folder.stat().st_mode & 0o001 for folder in (needed, *needed.parents)):
            pytest.skip(f"another user may not enter {needed}")
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3.11"):
        found = Path(python)
        if found.exists() and all(folder.stat().st_mode & 0o001 for folder in (found, *found.parents)):
            return python, f"{ROOT}{os.pathsep}{packages}"
    pytest.skip("no Python 3.11 here that another user may run")


def test_a_broken_pg_bin_is_said_with_the_remedy(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(Trouble, match=r"PG_BIN is .* which has no initdb"):
        services.programs(home, durable=True)


def test_data_of_another_major_version_is_refused_not_touched(home: Home) -> None:
    _start(home).stop()
    (home.postgres / "PG_VERSION").write_text("9\n")
    with pytest.raises(Trouble, match="made by PostgreSQL 9"):
        services.programs(home, durable=True)


def test_given_addresses_replace_the_embedded_parts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db.example/hotseat")
    monkeypatch.setenv("BROKER_URL", "redis://broker.example/0")
    assert services.programs(home, durable=True) == []
    assert services.addresses(home).as_env() == {
        "DATABASE_URL": "postgresql://someone@db.example/hotseat",
        "BROKER_URL": "redis://broker.example/0",
    }


def test_a_given_database_that_does_not_answer_is_said_with_the_remedy(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://someone@/hotseat?host={home.run}")
    with pytest.raises(Trouble, match=r"DATABASE_URL does not answer .* unset DATABASE_URL"):
        services.start_database(home, Supervisor(home))


def test_nothing_is_left_when_the_parts_are_stopped(home: Home) -> None:
    _start(home).stop()
    assert processes.marked(home.path) == []
