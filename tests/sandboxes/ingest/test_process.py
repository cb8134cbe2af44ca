"""Whatever git does with what it is fed, it ends in time and within its limits, and takes its children along."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from sandboxes.ingest import process
from sandboxes.ingest.process import ProcessLimits, git_environment, run_git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in git's place, whose text a test writes."""
    program = tmp_path / "git"
    monkeypatch.setattr(process, "GIT", str(program))
    return program


def ran(program: Path, text: str, **limits: float) -> process.Finished:
    """Run a shell script in git's place, with its own folder watched."""
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    room = program.parent / "room"
    room.mkdir(exist_ok=True)
    return run_git(
        ["one", "$HOME", "*"],
        environment=git_environment(room, {"a.b": "c", "d.e": ["f", "g"]}),
        cwd=room,
        limits=ProcessLimits(**({"seconds": 30.0} | limits)),  # type: ignore[arg-type]
        watched=room,
    )


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel's
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_gone(pid: int) -> None:
    """A killed process may take a moment to go, on a busy machine."""
    ends = time.monotonic() + 10
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    assert not alive(pid)


def test_arguments_arrive_as_they_are_given(stand_in: Path) -> None:
    finished = ran(stand_in, 'printf "%s|" "$@"; echo oh >&2; exit 3')
    assert finished.stdout == b"one|$HOME|*|"
    assert (finished.stderr, finished.returncode, finished.ok) == ("oh\n", 3, False)


def test_the_environment_is_ours_alone(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    said = ran(stand_in, "env").stdout.decode()
    assert "SECRET_KEY" not in said
    assert "GIT_DIR" not in said
    for line in ("GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=3", "GIT_CONFIG_VALUE_2=g"):
        assert line in said.splitlines()


def test_time_is_cut_with_all_children(stand_in: Path) -> None:
    begun = time.monotonic()
    finished = ran(stand_in, "trap '' TERM HUP; (sleep 60 & echo $! >child; wait) & sleep 60", seconds=1.0)
    assert finished.timed_out
    assert time.monotonic() - begun < 20
    child = int((stand_in.parent / "room" / "child").read_text())
    assert_gone(child)


def test_a_child_that_outlives_git_is_killed_and_not_waited_for(stand_in: Path) -> None:
    begun = time.monotonic()
    finished = ran(stand_in, "sleep 60 & echo $!; exit 0")
    assert finished.ok
    assert time.monotonic() - begun < 20
    assert_gone(int(finished.stdout))


def test_the_last_words_are_heard_on_a_machine_too_busy_to_give_us_a_turn(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = process._Watch._ended

    def late(watch: process._Watch) -> bool:
        time.sleep(0.3)  # meanwhile it speaks and ends
        return ended(watch)

    monkeypatch.setattr(process._Watch, "_ended", late)
    for silence in (0.15, 0.35, 0.55):  # wherever we are in our round
        finished = ran(stand_in, f"sleep {silence}; echo landed")
        assert (finished.stdout, finished.ok) == (b"landed\n", True)


def test_output_is_cut(stand_in: Path) -> None:
    finished = ran(stand_in, "yes", output_bytes=100_000)
    assert finished.too_much_output
    assert len(finished.stdout) < 300_000


def test_complaints_are_kept_in_part(stand_in: Path) -> None:
    finished = ran(stand_in, "yes | head -c 1000000 >&2; echo done")
    assert finished.ok
    assert finished.stdout == b"done\n"
    assert len(finished.stderr) == 64 * 1024


def test_a_file_that_grows_is_cut_by_the_kernel(stand_in: Path) -> None:
    finished = ran(stand_in, "head -c 10000000 /dev/zero >big; exit 1", file_bytes=1_000_000)
    assert finished.too_large
    assert (stand_in.parent / "room" / "big").stat().st_size <= 1_000_000


def test_a_folder_that_fills_is_noticed(stand_in: Path) -> None:
    script = "n=0; while :; do head -c 100000 /dev/zero >f$n; n=$((n+1)); sleep 0.01; done"
    finished = ran(stand_in, script, folder_bytes=1_000_000)
    assert finished.too_large
    assert not finished.timed_out


def test_memory_is_limited(stand_in: Path) -> None:
    finished = ran(stand_in, "ulimit -v", memory_bytes=512 * 1024**2)
    assert finished.stdout.strip() == str(512 * 1024).encode()


def test_input_is_read_whole(stand_in: Path) -> None:
    stand_in.write_text("#!/bin/sh\nsleep 0.2; wc -c")
    stand_in.chmod(0o755)
    finished = run_git(
        [],
        environment=git_environment(stand_in.parent, {}),
        cwd=stand_in.parent,
        limits=ProcessLimits(seconds=30),
        stdin=os.urandom(1_000_000),
    )
    assert finished.stdout.strip() == b"1000000"
