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

    The waiting is measured on this host's monotonic clock, so a host whose wall clock is wrong decides the same. It is
    measured *before* the database is asked, so that with A the moment at which this process had read the last byte,
    and R the time from there being a connection to the database reading its clock (less than one round trip):

        A <= received_at <= A + R

    Never earlier, which would give a learner time they did not have; later by no more than R, however long the request
    waited before or waits afterwards. What A itself may lack: a byte waits in the kernel for as long as the event loop
    of a busy process is held up, and a proxy that buffers passes on a body when it has all of it.
    """
    with connection.cursor():  # opening a connection is none of the database's round trip
        asked = time.monotonic()
        now = database_now()
    arrived = getattr(request, "scope", {}).get(ARRIVED)
    if arrived is None:
        return now
    return now - timedelta(seconds=max(0.0, asked - arrived))
