"""The one clock: the database server's. Only doorways (views, tasks, commands) read it, once, and pass `now` on."""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.http import HttpRequest

ARRIVED = "hotseat.arrived_monotonic"


def database_now() -> datetime:
    """The database server's wall clock, to the microsecond, in UTC; within a transaction too the present moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)  # noqa: S101 - narrows the driver's Any
    return now


def received_at(request: HttpRequest) -> datetime:
    """When the last byte of the request had reached us: database time less the time the request has waited inside.

    The waiting is measured on this host's monotonic clock, so a host whose wall clock is wrong decides the same.
    """
    arrived = getattr(request, "scope", {}).get(ARRIVED)
    now = database_now()
    if arrived is None:
        return now
    return now - timedelta(seconds=max(0.0, time.monotonic() - arrived))
