"""Processes start in order, come back when they crash, and end together; strangers are left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.places import ROOT, Home
from deploy.local.supervise import Program, Supervisor

_SLEEPER = Program(name="sleeper", argv=("sleep", "600"))
# A process that has a child of its own and, like a shell in a hurry, does not take it along.
_PARENT = Program(name="parent", argv=("sh", "-c", "sleep 601 & wait"))


def _until(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def _launch(home: Home, *programs: Program) -> Supervisor:
    supervisor = Supervisor(home)
    supervisor.launch(programs, env=os.environ, with_parent=False)
    for program in programs:
        supervisor.start(program.name)
    _until(lambda: all(row.state == "RUNNING" for row in supervisor.statuses().values()))
    return supervisor


def test_a_process_killed_with_9_is_started_again(home: Home) -> None:
    supervisor = _launch(home, _SLEEPER)
    before = supervisor.statuses()["sleeper"].pid
    os.kill(before, signal.SIGKILL)
    _until(lambda: supervisor.statuses()["sleeper"].pid not in {0, before})
    assert processes.alive(supervisor.statuses()["sleeper"].pid)


def test_stop_ends_every_process_and_their_children(home: Home) -> None:
    supervisor = _launch(home, _SLEEPER, _PARENT)
    assert len(processes.marked(home.path)) >= 4
    supervisor.stop()
    assert processes.marked(home.path) == []
    assert not supervisor.running()


def test_stop_is_quiet_when_nothing_runs(home: Home) -> None:
    Supervisor(home).stop()
    assert Supervisor(home).statuses() == {}


def test_nothing_outlives_a_supervisor_killed_with_9_past_the_next_launch(home: Home) -> None:
    supervisor = _launch(home, _SLEEPER, _PARENT)
    victims = [row.pid for row in supervisor.statuses().values()]
    os.kill(supervisor.pid(), signal.SIGKILL)
    _until(lambda: not any(processes.alive(pid) for pid in victims))
    again = _launch(home, _SLEEPER)
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes.marked(home.path)]
    assert not any(b"601" in command for command in commands)
    assert again.statuses()["sleeper"].state == "RUNNING"


def test_a_sweep_touches_no_process_of_another_home(home: Home, tmp_path: Path) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "600"], env=os.environ | {processes.MARK: str(tmp_path / "state2")})
    try:
        Supervisor(home).sweep()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_everything_ends_when_the_command_that_launched_it_is_killed_with_9(home: Home) -> None:
    code = (
        "import os, time; from pathlib import Path; from deploy.local.places import Home\n"
        "from deploy.local.supervise import Program, Supervisor\n"
        f"s = Supervisor(Home('here', Path({str(home.path)!r})))\n"
        "s.launch([Program(name='sleeper', argv=('sleep', '600'))], env=os.environ, with_parent=True)\n"
        "s.start('sleeper'); print('up', flush=True); time.sleep(600)\n"
    )
    command = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert command.stdout
    assert command.stdout.readline() == b"up\n"
    assert Supervisor(home).running()
    command.kill()
    command.wait()
    command.stdout.close()
    _until(lambda: processes.marked(home.path) == [])


def test_a_process_that_keeps_ending_is_named(home: Home) -> None:
    supervisor = Supervisor(home)
    crasher = Program(name="crasher", argv=("sh", "-c", "echo last words; exit 3"))
    supervisor.launch([_SLEEPER, crasher], env=os.environ, with_parent=False)
    supervisor.start("sleeper")
    supervisor.start("crasher")
    _until(lambda: supervisor.failed(["sleeper", "crasher"]) == "crasher")
    assert "last words" in supervisor.log("crasher").read_text()


@pytest.mark.parametrize("word", ["100%", "%(ENV_HOME)s", "two words", "a;b", "exams@%h"])
def test_an_argument_reaches_the_process_as_it_was_written(home: Home, word: str) -> None:
    echo = Program(
        name="echo", argv=(sys.executable, "-c", "import sys, time; print(sys.argv[1]); time.sleep(600)", word)
    )
    supervisor = _launch(home, echo)
    _until(lambda: supervisor.log("echo").read_text() == f"{word}\n")


def test_a_process_knows_its_age_across_the_programs_it_becomes() -> None:
    asked = f"sleep 1; exec {sys.executable} -c 'from deploy.local import processes; print(processes.age())'"
    said = subprocess.run(["/bin/sh", "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert 1 <= float(said) < 30
