"""State stays in one folder; sockets have names that the kernel takes and nobody else can claim."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.local import places
from deploy.local.places import Home
from deploy.local.trouble import Trouble


def test_sockets_lie_in_the_state_folder_when_their_name_fits() -> None:
    assert Home("x", Path("/srv/hotseat/.hotseat")).run == Path("/srv/hotseat/.hotseat/run")


def test_a_deep_clone_gets_a_short_socket_folder_of_its_own() -> None:
    deep, other = Home("x", Path("/srv") / ("d" * 100)), Home("x", Path("/srv") / ("e" * 100))
    assert len(str(deep.run)) < 60
    assert deep.run != other.run


@pytest.mark.parametrize("extra", [0, 1])
def test_the_longest_socket_name_that_is_used_fits_the_kernels_107_bytes(extra: int) -> None:
    longest = 107 - len("/run/supervisor.sock.4194304")
    home = Home("x", Path("/" + "p" * (longest - 1 + extra)))
    assert len(f"{home.run}/supervisor.sock.4194304") <= 107
    assert (home.run.parent == home.path) is (extra == 0)


def test_a_short_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    home = Home("x", tmp_path / ("d" * 100))
    (tmp_path / "elsewhere").mkdir()
    home.run.symlink_to(tmp_path / "elsewhere")
    try:
        with pytest.raises(Trouble, match="not a folder of yours"):
            home.prepare()
    finally:
        home.run.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_short_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    home = Home("x", tmp_path / ("d" * 100))
    home.run.mkdir()
    os.chown(home.run, 65534, 65534)
    try:
        with pytest.raises(Trouble, match="not a folder of yours"):
            home.prepare()
    finally:
        home.run.rmdir()


def test_a_state_folder_that_cannot_be_made_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="HOTSEAT_STATE_DIR"):
        Home("x", tmp_path / "file" / "state").prepare()


def test_the_state_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOTSEAT_STATE_DIR", str(tmp_path))
    assert places.platform().path == tmp_path
    assert places.testing().path == tmp_path / "test"
    shutil.rmtree(tmp_path)
