"""What a first second can tell about whether `make up` will get through, asked before its long steps.

It runs before the environment is made, so it has nothing but the interpreter's own library.
"""

import errno
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from deploy.local import places, processes, reach
from deploy.local.trouble import Trouble

_LAST_PORT = 65_535
_GIB = 1024**3
# The packages, the sandbox image and an empty database; then what a day of exams writes.
ROOM_TO_INSTALL = 3 * _GIB // 2
ROOM_TO_RUN = _GIB // 2


def refuse_hopeless_start() -> None:
    """Name everything at once that a person has to change before `make up` can work.

    A platform that runs, or a start that was killed, has the port itself: then `up` knows better, and nothing is said.

    1. `PORT` is a port, and the web server can have it.
    2. The folders for state and repositories can be written.
    3. There is room for what will be installed and written.
    4. A Docker engine answers, or this user may start one.

    Raises:
        Trouble: one sentence for each thing that stands in the way, each with what to do.
    """
    if processes.marked(places.platform().path):
        return
    found = []
    for look in (_port, _writable, _room, _engine):
        try:
            look()
        except Trouble as trouble:
            found.append(str(trouble))
    if found:
        raise Trouble("\n".join(found))


def listen_on() -> tuple[str, int]:
    """Host and port of the web server.

    Raises:
        Trouble: `PORT` is no port.
    """
    told = os.environ.get("PORT") or "8000"
    if not told.isdigit() or not 0 < int(told) <= _LAST_PORT:
        raise Trouble(
            f"PORT is {told!r}, which is no port. Give a number from 1 to 65535, for example: make up PORT=8001"
        )
    return os.environ.get("HOST") or "127.0.0.1", int(told)


def refuse_taken_port(host: str, port: int) -> None:
    """Find out whether the web server will be able to listen.

    Raises:
        Trouble: it will not.
    """
    error = _refused(host, port)
    if error is None:
        return
    because = {
        errno.EADDRINUSE: "another program has it",
        errno.EACCES: "your user may not have one so low",
        errno.EADDRNOTAVAIL: "HOST is no address of this machine",
    }.get(error.errno or 0, str(error.strerror))
    if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
        raise Trouble(f"Port {port} on {host} cannot be used: {because}. Unset HOST, or give another.") from error
    first = max(port, 8000) + 1
    free = next((each for each in range(first, min(first + 50, _LAST_PORT + 1)) if not _refused(host, each)), 8000)
    raise Trouble(
        f"Port {port} on {host} cannot be used: {because}. Choose another: make up PORT={free}"
        + (f", or see who has it: ss -ltnp 'sport = :{port}'" if error.errno == errno.EADDRINUSE else "")
    ) from error


def _refused(host: str, port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _port() -> None:
    refuse_taken_port(*listen_on())


def _writable() -> None:
    folders = {"HOTSEAT_STATE_DIR": places.state_dir()}
    if given := os.environ.get("HOTSEAT_REPOSITORIES"):
        folders["HOTSEAT_REPOSITORIES"] = Path(given).resolve()
    for name, folder in folders.items():
        there = _there(folder)
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise Trouble(
                f"{folder} cannot be written: {there} is another user's, or read-only. "
                f"Run as its owner, or set {name} to a folder of your own."
            )


def _room() -> None:
    state = places.state_dir()
    needed = ROOM_TO_RUN if _there(state / "venv") == state / "venv" else ROOM_TO_INSTALL
    free = shutil.disk_usage(_there(state)).free
    if free < needed:
        raise Trouble(
            f"{free / _GIB:.1f} GiB are free where {state} lies, and a start needs {needed / _GIB:.1f}. "
            "Make room, or set HOTSEAT_STATE_DIR to a folder on a larger disk."
        )


def _engine() -> None:
    if reach.find() is None:
        reach.refuse_without_remedy()


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    for each in (folder, *folder.parents):
        with suppress(OSError):  # below a folder that we may not enter
            if each.exists():
                return each
    return Path("/")
