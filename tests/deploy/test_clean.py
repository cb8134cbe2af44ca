"""`make clean` forgets the state folder and nothing else, and never without a yes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rich

from deploy.local.places import ROOT


def _clean(env: dict[str, str], *, says: str | None = None) -> subprocess.CompletedProcess[str]:
    # `script` gives it a terminal to ask at, as a person has.
    clean = [sys.executable, "-m", "deploy.local", "clean"]
    argv = clean if says is None else ["/usr/bin/script", "-qec", " ".join(clean), "/dev/null"]
    return subprocess.run(argv, cwd=ROOT, env=env, input=says or "", capture_output=True, text=True, check=False)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with something of everything in it."""
    found = tmp_path / "state"
    (found / "repositories" / "one.git").mkdir(parents=True)
    (found / "secret_key").write_text("secret")
    (found / "link").symlink_to(tmp_path)
    (tmp_path / "somebody's").write_text("precious")
    return found


def test_without_a_terminal_and_without_a_yes_nothing_is_touched(state: Path, env: dict[str, str]) -> None:
    ended = _clean(env | {"HOTSEAT_STATE_DIR": str(state)})
    assert ended.returncode == 1
    assert "make clean YES=1" in ended.stderr
    assert (state / "secret_key").exists()


@pytest.mark.parametrize(("answer", "stays"), [("no\n", True), ("\n", True), ("yes\n", False)])
def test_at_a_terminal_it_asks_and_only_yes_is_yes(state: Path, env: dict[str, str], answer: str, stays: bool) -> None:
    ended = _clean(env | {"HOTSEAT_STATE_DIR": str(state)}, says=answer)
    assert "Type yes to go on" in ended.stdout
    assert state.exists() is stays
    assert (state.parent / "somebody's").read_text() == "precious"


def test_a_yes_said_beforehand_is_enough_and_the_packages_it_runs_on_may_go_too(
    state: Path, env: dict[str, str]
) -> None:
    packages = state / "venv" / "packages"
    shutil.copytree(Path(rich.__file__).parent, packages / "rich")
    ended = _clean(env | {"HOTSEAT_STATE_DIR": str(state), "YES": "1", "PYTHONPATH": str(packages)})
    assert ended.returncode == 0, ended.stderr
    assert f"{state} is gone." in ended.stdout
    assert not state.exists()
