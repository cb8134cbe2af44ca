"""Where measurements happen: a database, a broker and repositories of their own, and the platform's settings."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from deploy.local import engine, manage, places, sandbox_image
from deploy.local.disposable import parts
from deploy.local.saying import step

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def ready(*, containers: bool) -> Iterator[None]:
    """Start what is needed, and have Django and every child process find it, while the block runs.

    Raises:
        Trouble: a part could not be had.
    """
    home = places.benchmark()
    with ExitStack() as stack:
        if containers:
            stack.callback(engine.release)
            os.environ.update(sandbox_image.prepare())
        with step("PostgreSQL and Valkey", "starting two that are the benchmark's own"):
            found = stack.enter_context(parts(home, durable=True))
            database = stack.enter_context(_database_of_its_own(found.database))
        os.environ.update(
            found.as_env()
            | {
                "DATABASE_URL": database,
                "DJANGO_SETTINGS_MODULE": "config.settings.dev",
                "HOTSEAT_REPOSITORIES": stack.enter_context(tempfile.TemporaryDirectory(prefix="hotseat-bench-")),
                "LOG_LEVEL": "WARNING",
                "OPENBLAS_NUM_THREADS": "1",  # before numpy is loaded: its threads would measure each other
                "SECRET_KEY": secrets.token_hex(32),
            }
        )
        with step("Tables and twins"):
            manage.prepare(home, os.environ, "migrate", "--noinput")
            manage.prepare(home, os.environ, "load_twins")
        _set_up_django(stack)
        yield


def _set_up_django(stack: ExitStack) -> None:
    import django  # noqa: PLC0415 - the settings are read when it is set up, so not before they are there
    from django.db import connections  # noqa: PLC0415

    django.setup()
    stack.callback(connections.close_all)


@contextmanager
def _database_of_its_own(server: str) -> Iterator[str]:
    """A fresh database beside the one in `server`, which may be somebody's; dropped afterwards."""
    name = f"hotseat_bench_{secrets.token_hex(4)}"
    fresh = sql.Identifier(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(fresh))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(fresh))
