"""So often may one person read what is costly to answer: so many times at once, and then at a steady pace.

One row of each reader, changed by one statement on the database's clock, holds for all web processes together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

# Each reading moves the moment at which all are free again by one interval. It may lie so many intervals ahead.
_TAKE = """
    INSERT INTO exams_readingpace AS kept (reader_id, what, rested_at)
    VALUES (%(reader)s, %(what)s, clock_timestamp() + make_interval(secs => %(every)s))
    ON CONFLICT (reader_id, what) DO UPDATE
        SET rested_at = greatest(kept.rested_at, clock_timestamp()) + make_interval(secs => %(every)s)
        WHERE kept.rested_at <= clock_timestamp() + make_interval(secs => %(every)s * (%(at_once)s - 1))
    RETURNING 1
"""
_WAIT = """
    SELECT extract(epoch FROM rested_at - clock_timestamp())::float8 - %(every)s * (%(at_once)s - 1)
    FROM exams_readingpace WHERE reader_id = %(reader)s AND what = %(what)s
"""


class ReadTooOften(Throttled):
    """Something that is costly to answer was asked for again too soon."""

    def __init__(self, wait: float, detail: str) -> None:
        super().__init__(wait, detail)
        self.facts = {"retry_after_seconds": math.ceil(wait)}


class Pace(BaseThrottle):
    """A pace for one thing; `every_seconds` after each other, and `at_once` of them without waiting."""

    what: str
    named: str
    at_once: int
    hint: str

    @property
    def every_seconds(self) -> float:
        """The interval at which one more is free."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - the framework's words
        """Take one.

        Raises:
            ReadTooOften: none is free; the error says when one is.
        """
        asked: dict[str, Any] = {
            "reader": request.user.pk,
            "what": self.what,
            "every": self.every_seconds,
            "at_once": self.at_once,
        }
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, asked)
            if cursor.fetchone() is not None:
                return True
            cursor.execute(_WAIT, asked)
            row = cursor.fetchone()
        raise ReadTooOften(
            max(row[0], 0.0) if row is not None else 0.0,
            f"{self.named} may be read {self.at_once} times at once, and then once in {self.every_seconds:g} seconds. "
            f"{self.hint}",
        )


class TelemetryPace(Pace):
    """Enough for several tabs that ask every few seconds."""

    what = "telemetry"
    named = "Telemetry"
    at_once = 60
    hint = "Nothing is missed by waiting: ?after= tells what is new."

    @property
    def every_seconds(self) -> float:
        """As the settings say."""
        return 60 / settings.HOTSEAT_TELEMETRY_PER_MINUTE


class ExportPace(Pace):
    """An export reads and packs all there is."""

    what = "export"
    named = "Exports"
    at_once = 6
    hint = "The next one holds all that this one would have."

    @property
    def every_seconds(self) -> float:
        """As the settings say."""
        return 3600 / settings.HOTSEAT_EXPORTS_PER_HOUR
