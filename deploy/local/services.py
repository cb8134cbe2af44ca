"""The database and the broker of one home: ours, or the ones whose addresses the environment gives."""

import os
import shutil
from dataclasses import dataclass

import psycopg

from deploy.local import postgres, valkey
from deploy.local.places import Home
from deploy.local.supervise import Program, Supervisor
from deploy.local.trouble import Trouble


@dataclass(frozen=True)
class Addresses:
    """Where the database and the broker are, as the settings read them."""

    database: str
    broker: str

    def as_env(self) -> dict[str, str]:
        """The environment variables of the same."""
        return {"DATABASE_URL": self.database, "BROKER_URL": self.broker}


def addresses(home: Home) -> Addresses:
    """What the processes of `home` use."""
    return Addresses(
        database=os.environ.get("DATABASE_URL") or postgres.url(home),
        broker=os.environ.get("BROKER_URL") or valkey.url(home),
    )


def programs(home: Home, *, durable: bool) -> list[Program]:
    """The servers that `home` has to run itself; none when the environment names both.

    Args:
        home: whose servers.
        durable: whether what is written must outlive a power cut. Data that is thrown away need not.

    Raises:
        Trouble: one of them cannot be prepared.
    """
    found = []
    if not os.environ.get("DATABASE_URL"):
        found.append(postgres.program(home, durable=durable))
    if not os.environ.get("BROKER_URL"):
        found.append(valkey.program(home))
    return found


def start_database(home: Home, supervisor: Supervisor) -> str:
    """Start the embedded database, or try the given one; return a word on which it is.

    Raises:
        Trouble: it does not answer.
    """
    if given := os.environ.get("DATABASE_URL"):
        try:
            with psycopg.connect(given, connect_timeout=10) as connection:
                version = connection.info.server_version // 10_000
        except psycopg.Error as error:
            raise Trouble(
                f"The database in DATABASE_URL does not answer ({' '.join(str(error).split())}). "
                "Start it or correct the address, or unset DATABASE_URL to use the embedded one."
            ) from error
        return f"yours, version {version}"
    supervisor.start("postgres")
    postgres.wait(home)
    return f"embedded, {postgres.binaries()}" if os.environ.get("PG_BIN") else "embedded"


def start_broker(home: Home, supervisor: Supervisor) -> str:
    """Start the embedded broker, or take the given one; return a word on which it is.

    Raises:
        Trouble: the embedded one does not answer. A given one is tried by `/readyz`, which knows every kind.
    """
    if os.environ.get("BROKER_URL"):
        return "yours"
    supervisor.start("valkey")
    valkey.wait(home)
    return "embedded"


def discard(home: Home) -> None:
    """Forget the data of a home that does not run: tests begin from nothing."""
    for folder in (home.postgres, home.valkey):
        shutil.rmtree(folder, ignore_errors=True)
