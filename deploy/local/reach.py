"""Which Docker engine this user reaches, asked over plain HTTP: it must work before any package is installed."""

import http.client
import json
import os
import pwd
import shlex
import shutil
import socket
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.local.trouble import Trouble

SYSTEM_SOCKET = Path("/var/run/docker.sock")


def find() -> tuple[str, str] | None:
    """The address, as `DOCKER_HOST` says it, and the version of an engine that answers; None when none does."""
    for address in _addresses():
        if found := version(address):
            return address, found
    return None


def refuse_without_remedy() -> None:
    """Where no engine answers: refuse unless this user may start or install one.

    Raises:
        Trouble: the message says what this user can do about it.
    """
    given = os.environ.get("DOCKER_HOST")
    if not given and SYSTEM_SOCKET.exists() and not os.access(SYSTEM_SOCKET, os.W_OK):
        raise Trouble(
            f"A Docker engine is here, but your user may not use it ({SYSTEM_SOCKET} refuses you). Ask root to run: "
            f"usermod -aG docker {_asker()}; then sign in again (or run: newgrp docker)."
        )
    if given:
        raise Trouble(
            f"No Docker engine answers at DOCKER_HOST={given}. Start it or correct the address, "
            "or unset DOCKER_HOST to use this machine's own."
        )
    if os.getuid() != 0:
        raise Trouble(
            "No Docker engine is running here, and starting one needs root. Ask root to run: apt-get install docker.io "
            f"&& usermod -aG docker {_asker()}; then sign in again. Or let root run make up once instead of you, in a "
            "clone of root's own: that installs an engine and starts it."
        )
    if not shutil.which("dockerd") and not shutil.which("apt-get"):
        raise Trouble(
            "No Docker engine is installed, and this is not Debian. Install Docker as your system does, then run again."
        )


def _asker() -> str:
    """This user's name, spelled out: what root pastes into root's own shell must not mean root."""
    try:
        return shlex.quote(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container's user may have a number only
        return str(os.getuid())


def _addresses() -> list[str]:
    if given := os.environ.get("DOCKER_HOST"):
        return [given]
    rootless = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "docker.sock"
    return [f"unix://{path}" for path in (SYSTEM_SOCKET, rootless)]


def version(address: str) -> str | None:
    """The version an engine at `address` tells; None when none answers."""
    answer = get(address, "/version")
    return str(answer["Version"]) if isinstance(answer, dict) and "Version" in answer else None


def get(address: str, path: str) -> Any:
    """What an engine answers; None when none does."""
    parts = urlsplit(address)
    connection = (
        _OverSocket(parts.path)
        if parts.scheme == "unix"
        else http.client.HTTPConnection(parts.hostname or "", parts.port or 2375, timeout=5)
    )
    with closing(connection):
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == http.HTTPStatus.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            return None


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # closed with the connection, connected or not
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
