"""A Docker engine is found, refused with a remedy, or run by us and brought back when it is killed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import engine, places, processes, reach
from deploy.local.places import Home
from deploy.local.supervise import Program, Supervisor
from deploy.local.trouble import Trouble
from sandboxes import sweep


@pytest.mark.docker
def test_an_engine_that_answers_is_used_as_it_is() -> None:
    notes: list[str] = []
    found = engine.ensure(notes.append)
    assert found.version[0].isdigit()
    assert notes == []


def test_a_named_engine_that_does_not_answer_is_said_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(Trouble, match="unset DOCKER_HOST"):
        engine.ensure(lambda _: None)


def test_an_ordinary_user_without_an_engine_is_told_what_to_ask_root_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(reach, "SYSTEM_SOCKET", tmp_path / "none.sock")
    monkeypatch.setattr(os, "getuid", lambda: pwd.getpwnam("nobody").pw_uid)
    with pytest.raises(Trouble, match=r"apt-get install docker\.io && usermod -aG docker nobody; .* root run make up"):
        engine.ensure(lambda _: None)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)  # a container's user may have no name
    with pytest.raises(Trouble, match=r"usermod -aG docker 4000000; "):
        engine.ensure(lambda _: None)


def test_a_user_whom_the_socket_refuses_is_told_which_group_to_join(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(reach, "SYSTEM_SOCKET", socket)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "getuid", lambda: pwd.getpwnam("nobody").pw_uid)
    with pytest.raises(Trouble, match="usermod -aG docker nobody;"):
        engine.ensure(lambda _: None)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: the engine puts sockets below it and does not watch their length."""
    with tempfile.TemporaryDirectory(prefix="he-", dir="/tmp") as name:
        yield Path(name)
        # An engine that was killed leaves its data folder mounted upon itself.
        subprocess.run(["/bin/umount", "--quiet", "--lazy", f"{name}/data"], check=False)


@pytest.mark.docker
@pytest.mark.skipif(os.getuid() != 0, reason="only root can run an engine")
@pytest.mark.skipif(not shutil.which("dockerd"), reason="no engine is installed to be run")
def test_an_engine_of_our_own_starts_without_a_network_and_comes_back_after_kill_9(home: Home, short: Path) -> None:
    address = f"unix://{short}/d.sock"
    supervisor = Supervisor(home)
    supervisor.launch([engine.program(address, folder=short)], env=os.environ, with_parent=False)
    supervisor.start("dockerd")
    assert engine.wait(address, seconds=60), supervisor.log("dockerd").read_text()
    before = supervisor.statuses()["dockerd"].pid
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while supervisor.statuses()["dockerd"].pid in {0, before}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert engine.wait(address, seconds=60), supervisor.log("dockerd").read_text()
    supervisor.stop()
    assert engine.wait(address, seconds=0.5) is None


class _Kept:
    """What `release` would do, with an engine that tells of `containers`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Home, containers: list[dict[str, object]]) -> None:
        monkeypatch.setenv("HOTSEAT_STATE_DIR", str(home.path / "clone"))
        monkeypatch.setattr(reach, "SYSTEM_SOCKET", home.path / "d.sock")
        monkeypatch.setattr(reach, "get", lambda *_: containers)
        places.engine().prepare()
        self.supervisor = Supervisor(places.engine())
        sleeper = Program(name="dockerd", argv=("sleep", "600"))
        self.supervisor.launch([sleeper], env=os.environ, with_parent=True)


@pytest.fixture
def _no_clone_left(home: Home) -> Iterator[None]:
    yield
    Supervisor(Home("engine", home.path / "clone" / "engine")).stop()


@pytest.mark.usefixtures("_no_clone_left")
@pytest.mark.parametrize("labels", [{}, {sweep.SWEEP_LABEL: "1", sweep.OWNER_LABEL: sweep.owner_token()}])
def test_an_engine_goes_on_while_somebody_else_has_a_container(
    monkeypatch: pytest.MonkeyPatch, home: Home, labels: dict[str, str]
) -> None:
    kept = _Kept(monkeypatch, home, [{"Labels": labels}])
    assert "goes on: it runs 1 container(s) of somebody else" in engine.release()
    assert kept.supervisor.running()


@pytest.mark.usefixtures("_no_clone_left")
def test_an_engine_goes_on_while_another_clone_was_told_to_use_it(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    kept = _Kept(monkeypatch, home, [])
    env = {"DOCKER_HOST": f"unix://{home.path}/d.sock"}
    with subprocess.Popen(["/bin/sleep", "600"], env=env) as other:
        _until_told(env["DOCKER_HOST"])
        assert "goes on: 1 process(es), of another clone perhaps" in engine.release()
        assert kept.supervisor.running()
        other.kill()
    assert "is stopped" in engine.release()
    assert not kept.supervisor.running()


@pytest.mark.usefixtures("_no_clone_left")
def test_a_container_whose_owner_has_ended_keeps_no_engine(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    owner = sweep.owner_token().rpartition(".")[0] + ".1"  # our number, but a process that began at another time
    kept = _Kept(monkeypatch, home, [{"Labels": {sweep.SWEEP_LABEL: "1", sweep.OWNER_LABEL: owner}}])
    assert "is stopped" in engine.release()
    assert not kept.supervisor.running()


def _until_told(address: str) -> None:
    deadline = time.monotonic() + 10
    while not processes.told("DOCKER_HOST", address):
        assert time.monotonic() < deadline
        time.sleep(0.05)
