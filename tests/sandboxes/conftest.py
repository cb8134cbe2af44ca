"""Sandboxes for tests: the real one and the fake, each made once."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from docker.transport.unixconn import UnixHTTPConnection

from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.fake_sandbox import FakeSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandboxes.sandbox import Sandbox


@pytest.fixture(scope="session")
def docker_sandbox(sandbox_image: str) -> Iterator[DockerSandbox]:
    """The real sandbox with two containers waiting."""
    made = DockerSandbox(image=sandbox_image, pool_size=2)
    made.warm()
    yield made
    made.close()


@pytest.fixture(scope="session")
def fake_sandbox() -> FakeSandbox:
    """The one that does not isolate."""
    return FakeSandbox()


@pytest.fixture(params=["fake_sandbox", pytest.param("docker_sandbox", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each implementation in turn."""
    made: Sandbox = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody listens at the engine's address.

    docker-py leaves a socket that could not connect to the collector, which warns of it in whichever test that runs.
    """

    def connect(self: UnixHTTPConnection) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.connect(self.unix_socket)
        except OSError:
            self.sock.close()
            raise

    monkeypatch.setattr(UnixHTTPConnection, "connect", connect)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
