"""Where the local platform keeps its state: one git-ignored folder, and sockets whose names fit the kernel's limit."""

import hashlib
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploy.local.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]

# A unix socket's name holds 107 bytes. The longest we make is supervisor's temporary "supervisor.sock.<pid>".
_SOCKET_FOLDER_MAX = 107 - len("/supervisor.sock.4194304")


def state_dir() -> Path:
    """The folder that holds everything Hotseat writes on this machine (`HOTSEAT_STATE_DIR`, else `.hotseat`)."""
    return Path(os.environ.get("HOTSEAT_STATE_DIR") or ROOT / ".hotseat").resolve()


def another_users(folder: Path, reason: str | None) -> Trouble:
    """What to say of a state folder that cannot be worked in."""
    return Trouble(
        f"The state folder {folder} cannot be written ({reason}): it probably belongs to another user. "
        "Run as that user, or set HOTSEAT_STATE_DIR to a folder of your own."
    )


@dataclass(frozen=True)
class Home:
    """The state of one set of processes that start and stop together."""

    name: str
    path: Path

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        """The database's data folder."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """The broker's append-only file."""
        return self.path / "valkey"

    @cached_property
    def run(self) -> Path:
        """The folder of the sockets: inside the state folder, or a short private one when that name is too long."""
        inside = self.path / "run"
        if len(os.fsencode(inside)) <= _SOCKET_FOLDER_MAX:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path("/tmp") / f"hotseat-{os.getuid()}-{digest}"  # noqa: S108 - claimed privately in `prepare`

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            Trouble: the state folder cannot be written, or somebody else has taken the short folder's name.
        """
        try:
            for folder in (self.path, self.logs, self.run):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise another_users(self.path, error.strerror) from error
        facts = self.run.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
            raise Trouble(
                f"{self.run} is not a folder of yours, so sockets in it could be somebody else's. "
                "Remove it, or set HOTSEAT_STATE_DIR to a folder with a short name."
            )
        # Root's database runs as another user and must be able to pass through; the sockets guard themselves.
        self.run.chmod(0o711 if os.getuid() == 0 else 0o700)


def platform() -> Home:
    """What `make up` runs."""
    return Home("platform", state_dir())


def testing() -> Home:
    """What `make test` runs beside it."""
    return Home("test", state_dir() / "test")


def development() -> Home:
    """The database and broker that `python -m deploy.local env` leaves running for engineers."""
    return Home("dev", state_dir() / "dev")


def checking() -> Home:
    """The database that `make check` compares migrations with."""
    return Home("check", state_dir() / "check")


def benchmark() -> Home:
    """What `make bench` measures on."""
    return Home("benchmark", state_dir() / "bench")


def engine() -> Home:
    """The Docker engine, where no one else runs one."""
    return Home("engine", state_dir() / "engine")


def every_home() -> tuple[Home, ...]:
    """All there can be in the state folder."""
    return platform(), testing(), checking(), development(), benchmark(), engine()
