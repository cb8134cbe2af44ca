"""Where no environment is, what can only be nothing is said at once and nothing is installed to say it."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import bare, bootstrap, places, processes
from deploy.local.places import ROOT
from deploy.local.trouble import Trouble

RUN = ROOT / "deploy" / "local" / "run"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state folder of a clone in which nothing was started yet."""
    monkeypatch.setenv("HOTSEAT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("YES", raising=False)
    return tmp_path / "state"


def _run(*command: str, state: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOTSEAT_STATE_DIR": str(state)} | settings
    return subprocess.run([RUN, "base", *command], env=env, input="", capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("status", 1, "Hotseat is not ready. Start it: make up"),
        ("down", 0, "Hotseat was not running."),
        ("logs", 1, "There are no logs yet. Start Hotseat: make up"),
        ("demo", 1, "The platform is not running, or not ready. Start it with: make up (in another terminal)"),
        ("clean", 0, "nothing is to be forgotten."),
    ],
)
def test_a_clone_in_which_nothing_was_started_answers_and_stays_as_it_is(
    state: Path, command: str, status: int, said: str
) -> None:
    ended = _run(command, state=state)
    assert said in ended.stdout + ended.stderr
    assert ended.returncode == status
    assert not state.exists()


def test_the_answers_need_no_package() -> None:
    env = {"PATH": os.environ["PATH"], "HOTSEAT_STATE_DIR": "/nowhere/state"}
    asked = "import sys; from deploy.local import bare; sys.exit(bare.answer('down'))"
    subprocess.run([sys.executable, "-S", "-c", asked], cwd=ROOT, env=env, check=True)


def test_what_a_start_that_was_killed_while_installing_has_left_is_forgotten_when_meant(state: Path) -> None:
    (state / "venv" / "bin").mkdir(parents=True)
    (state / "venv" / "hotseat-installed.json").write_text("{}")
    (state / "link").symlink_to(state.parent)
    ended = _run("clean", state=state)
    assert "make clean YES=1" in ended.stderr
    assert ended.returncode == 1
    assert (state / "venv").exists()
    ended = _run("clean", state=state, YES="1")
    assert f"{state} is gone." in ended.stdout
    assert ended.returncode == 0
    assert not state.exists()
    assert state.parent.exists()


def test_where_an_environment_is_it_is_the_one_that_answers(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = state / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    assert not bootstrap.is_there()
    (venv / "hotseat-installed.json").write_text(json.dumps({"place": str(venv)}))
    assert bootstrap.is_there()
    became: list[object] = []
    monkeypatch.setattr(bootstrap, "ensure", lambda _: venv / "bin" / "python")
    monkeypatch.setattr(os, "execv", lambda python, argv: became.append((python, argv[1:])))
    bootstrap.main("base", "status")
    assert became == [(venv / "bin" / "python", ["-m", "deploy.local", "status"])]


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("command", ["up", "shell", "manage", "test"])
def test_what_needs_an_environment_gets_one(command: str) -> None:
    assert bare.answer(command) is None


@pytest.mark.parametrize("home", [home.name for home in places.every_home()])
@pytest.mark.usefixtures("state")
def test_what_runs_although_its_environment_was_removed_is_not_denied(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    runs = next(each.path for each in places.every_home() if each.name == home)
    monkeypatch.setattr(processes, "marked", lambda path: [1] if path == runs else [])
    assert [bare.answer(command) for command in ("down", "status", "clean")] == [None, None, None]


def test_while_another_make_prepares_the_environment_status_says_so_and_others_wait(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.mkdir()
    with (state / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert bare.answer("status") == 1
        assert "another make is preparing its environment" in capsys.readouterr().out
        assert bare.answer("down") is None
    assert bare.answer("down") == 0


def test_the_folder_of_another_user_is_not_said_to_hold_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != state)  # root, who may run this, is refused nothing
    with pytest.raises(Trouble, match="another user"):
        bare.answer("down")
