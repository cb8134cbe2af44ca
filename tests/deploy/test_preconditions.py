"""What stands in the way of a start is said in the first second, before anything is installed."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import preconditions, processes, reach
from deploy.local.places import ROOT
from deploy.local.trouble import Trouble

RUN = ROOT / "deploy" / "local" / "run"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state folder of somebody who has just cloned Hotseat, on a machine where nothing stands in the way."""
    monkeypatch.setenv("HOTSEAT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PORT", str(_free_port()))
    for name in ("HOST", "HOTSEAT_REPOSITORIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(reach, "find", lambda: ("unix:///docker.sock", "28"))
    return tmp_path / "state"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_make_up_says_in_the_first_seconds_that_its_port_is_taken(tmp_path: Path, taken: int) -> None:
    state = tmp_path / "state"
    begun = time.monotonic()
    ended = subprocess.run(
        [RUN, "base", "up"],
        env=os.environ | {"HOTSEAT_STATE_DIR": str(state), "PORT": str(taken), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Port {taken} on 127.0.0.1 cannot be used: another program has it." in ended.stderr
    assert ended.returncode == 1
    assert not state.exists()
    assert time.monotonic() - begun < 10  # on a busy machine; the environment alone would take longer


def test_nothing_is_said_where_nothing_stands_in_the_way(state: Path) -> None:
    preconditions.refuse_hopeless_start()
    assert not state.exists()


@pytest.mark.usefixtures("state")
def test_the_port_that_is_proposed_is_free(taken: int) -> None:
    with pytest.raises(Trouble) as refused:
        preconditions.refuse_taken_port("127.0.0.1", taken)
    proposed = int(str(refused.value).split("PORT=")[1].split(",")[0])
    assert proposed != taken
    preconditions.refuse_taken_port("127.0.0.1", proposed)


@pytest.mark.usefixtures("state")
def test_an_address_of_another_machine_is_not_blamed_on_the_port() -> None:
    with pytest.raises(Trouble, match="HOST is no address of this machine"):
        preconditions.refuse_taken_port("192.0.2.1", _free_port())


def test_a_platform_that_runs_has_its_own_port(state: Path, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    monkeypatch.setenv("PORT", str(taken))
    monkeypatch.setattr(processes, "marked", lambda path: [1] if path == state else [])
    preconditions.refuse_hopeless_start()


@pytest.mark.parametrize(("installed", "needs"), [(False, "1.5"), (True, "0.5")])
def test_a_full_disk_is_said_with_what_a_start_needs(
    state: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, needs: str
) -> None:
    if installed:
        (state / "venv").mkdir(parents=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300 * 1024**2))
    with pytest.raises(Trouble, match=rf"0\.3 GiB are free .* needs {needs}.* Make room, or set HOTSEAT_STATE_DIR"):
        preconditions.refuse_hopeless_start()


@pytest.mark.parametrize("name", ["HOTSEAT_STATE_DIR", "HOTSEAT_REPOSITORIES"])
@pytest.mark.usefixtures("state")
def test_a_folder_that_cannot_be_written_is_named_with_its_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    monkeypatch.setenv(name, str(others / "deep" / "down"))
    monkeypatch.setattr(os, "access", lambda path, _: path != others)
    with pytest.raises(Trouble, match=f"others is another user's, or read-only.*set {name}"):
        preconditions.refuse_hopeless_start()


@pytest.mark.usefixtures("state")
def test_a_folder_that_may_not_be_entered_is_said_beside_all_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setenv("HOTSEAT_STATE_DIR", str(closed / "x"))
    monkeypatch.setenv("PORT", "none")
    exists = Path.exists

    def refusing(path: Path) -> bool:
        if closed in path.parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", refusing)  # root, who may run this, is refused nothing
    monkeypatch.setattr(os, "access", lambda path, _: path != closed)
    with pytest.raises(Trouble, match=r"(?s)PORT is 'none'.*closed/x cannot be written: .*set HOTSEAT_STATE_DIR"):
        preconditions.refuse_hopeless_start()


@pytest.mark.usefixtures("state")
def test_no_engine_and_no_way_to_start_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(reach, "find", lambda: None)
    monkeypatch.setattr(reach, "SYSTEM_SOCKET", Path("/nowhere/docker.sock"))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    with pytest.raises(Trouble, match=r"apt-get install docker\.io"):
        preconditions.refuse_hopeless_start()
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/apt-get")
    preconditions.refuse_hopeless_start()  # root on Debian installs one
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Trouble, match="this is not Debian"):
        preconditions.refuse_hopeless_start()


@pytest.mark.usefixtures("state")
def test_all_that_stands_in_the_way_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "none")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(Trouble) as refused:
        preconditions.refuse_hopeless_start()
    assert [line.split()[0] for line in str(refused.value).splitlines()] == ["PORT", "0.0"]


def test_the_first_look_needs_no_package() -> None:
    asked = "import deploy.local.bootstrap as b; b.preconditions.listen_on()"
    subprocess.run([sys.executable, "-S", "-c", asked], cwd=ROOT, env={"PATH": os.environ["PATH"]}, check=True)


def test_a_python_too_old_to_read_us_is_passed_over_with_the_remedy(tmp_path: Path) -> None:
    for name in ("dirname", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 1 ;; esac\necho it ran >&2\n')
    old.chmod(0o755)
    ended = subprocess.run(
        ["/bin/sh", RUN, "base", "up"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "make PYTHON=" in ended.stderr
    assert "it ran" not in ended.stderr
