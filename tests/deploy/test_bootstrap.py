"""The environment is made once, again when something changed, by one make at a time, with the Python it needs."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local import bootstrap
from deploy.local.places import ROOT
from deploy.local.trouble import Trouble

pytestmark = pytest.mark.xdist_group("bootstrap")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this page make one environment after another: making one takes seconds."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, place: Path) -> Path:
    """A project that needs no packages, whose environment is made without any registry."""
    (place / "requirements").mkdir(exist_ok=True)
    for name in ("base", "dev", "installer"):
        (place / "requirements" / f"{name}.txt").write_text("# nothing\n")
    monkeypatch.setattr(bootstrap, "ROOT", place)
    monkeypatch.setenv("HOTSEAT_STATE_DIR", str(place / "state"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return place


def _log(project: Path) -> str:
    log = project / "state" / "logs" / "install.log"
    return log.read_text() if log.exists() else ""


def test_the_environment_is_made_once_and_again_when_a_requirement_changes(project: Path) -> None:
    python = bootstrap.ensure("base")
    ran = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(project / "state" / "venv")
    once = _log(project)
    bootstrap.ensure("base")
    assert _log(project) == once
    (project / "requirements" / "base.txt").write_text("# something else\n")
    bootstrap.ensure("base")
    assert len(_log(project)) > len(once)


def test_what_is_installed_for_testing_serves_running_too(project: Path) -> None:
    bootstrap.ensure("dev")
    once = _log(project)
    bootstrap.ensure("base")
    assert _log(project) == once


def test_an_environment_whose_python_is_gone_is_made_anew(project: Path) -> None:
    python = bootstrap.ensure("base")
    python.unlink()
    assert bootstrap.ensure("base") == python
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_an_environment_whose_making_was_killed_half_way_is_made_anew(project: Path) -> None:
    python = bootstrap.ensure("base")
    (project / "state" / "venv" / "hotseat-installed.json").unlink()
    for script in (project / "state" / "venv" / "lib").glob("*/site-packages/pip/__main__.py"):
        script.unlink()
    assert bootstrap.ensure("base") == python
    assert subprocess.run([python, "-m", "pip", "--version"], check=False).returncode == 0


@pytest.mark.usefixtures("project")
def test_a_second_make_waits_for_the_first(capfd: pytest.CaptureFixture[str], project: Path) -> None:
    bootstrap.ensure("base")
    with (project / "state" / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=bootstrap.ensure, args=("base",))
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(30)
    assert not second.is_alive()
    assert "another make is preparing the environment" in capfd.readouterr().err


def test_a_package_that_cannot_be_had_is_said_with_the_log(project: Path) -> None:
    (project / "requirements" / "base.txt").write_text(f"no-such-package-of-hotseat==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Trouble, match=r"(?s)reaches its package registry.*install\.log"):
        bootstrap.ensure("base")
    again = _log(project)
    with pytest.raises(Trouble):  # a failure is no reason to believe that it is installed
        bootstrap.ensure("base")
    assert len(_log(project)) > len(again)


def test_without_a_python_3_11_the_remedy_is_named(tmp_path: Path) -> None:
    for name in ("dirname", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    ended = subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "local" / "run", "base", "status"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "apt-get install python3.11" in ended.stderr


def test_a_python_of_another_version_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYTHON", raising=False)
    assert bootstrap.interpreter() == sys.executable
    monkeypatch.setattr(sys, "executable", str(_python_3_12(tmp_path)))
    assert bootstrap.interpreter() != sys.executable


def _python_3_12(folder: Path) -> Path:
    other = folder / "python3.12"
    other.write_text(f'#!/bin/sh\ncase "$2" in *print*) echo "(3, 12)" ;; *) exec {sys.executable} "$@" ;; esac\n')
    other.chmod(0o755)
    return other


@pytest.mark.parametrize("named", ["/nonexistent", "of another version"])
def test_a_python_that_was_named_and_cannot_be_used_is_not_replaced_by_another(tmp_path: Path, named: str) -> None:
    python = named if named.startswith("/") else str(_python_3_12(tmp_path))
    ended = subprocess.run(
        [ROOT / "deploy" / "local" / "run", "base", "status"],
        env=os.environ | {"PYTHON": python, "HOTSEAT_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"PYTHON={python} is no Python 3.11 that runs here." in ended.stderr
    assert ended.returncode == 1


def test_a_package_that_apt_cannot_fetch_is_said_with_what_apt_said_of_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unresolved = "W: Failed to fetch http://archive.test/InRelease  Temporary failure resolving 'archive.test'"
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        f'  *update) echo "{unresolved}"; echo "W: Some index files failed to download." ;;\n'  # and ends well
        '  *) echo "E: Unable to locate package a-package"; echo "E: The last line"; exit 100 ;;\nesac\n'
    )
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    log = tmp_path / "install.log"
    log.write_text("E: of another day\n")
    with pytest.raises(Trouble) as refused:
        bootstrap.apt_get_install("a-package", log=log)
    said = str(refused.value).splitlines()[0]
    assert "(apt-get install a-package): W: Failed to fetch http://archive.test/InRelease Temporary" in said
    assert said.endswith("resolving 'archive.test' … E: Unable to locate package a-package")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_folder_of_another_user_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTSEAT_STATE_DIR", "/root/hotseat-state")
    with pytest.raises(Trouble, match="HOTSEAT_STATE_DIR"):
        bootstrap.ensure("base")
