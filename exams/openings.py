"""Notes which sources of an incident were handed to its own learner: for the mentor, never in the way of a reading."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import Error, connection, transaction

from exams.models import Attempt, AttemptState, Opening, Source

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

log = logging.getLogger(__name__)

COUNTED_EVERY = timedelta(minutes=1)
_LONGEST_WAIT = "100ms"
_UPSERT = """
    INSERT INTO exams_opening AS kept (attempt_id, what, first_at, last_at, times) VALUES (%s, %s, %s, %s, 1)
    ON CONFLICT (attempt_id, what) DO UPDATE SET last_at = EXCLUDED.last_at, times = kept.times + 1
    WHERE kept.last_at <= %s
"""
_SAID_BY = {"inject.alert": Source.ALERTS, "inject.customer": Source.COMPLAINTS}


def opened(user: User | AnonymousUser, attempt: Attempt, *sources: Source, now: datetime) -> None:
    """Note that this person was handed these sources, if they are the learner and the attempt is live.

    A source is written at most once in `COUNTED_EVERY`; in between it costs one look at an index. If it cannot be
    written soon it is left out and the reading goes on: an opening too few is no loss to anybody.
    """
    if attempt.learner_id == user.pk and attempt.state == AttemptState.LIVE:
        with _in_nobodys_way():
            _note(attempt.pk, sources, now)


def opened_brief(user: User | AnonymousUser, slug: str, *, now: datetime) -> None:
    """The same of a twin's page, whose address names no attempt: of the attempt on it that this person has live."""
    if user.pk is None:
        return
    with _in_nobodys_way():
        found = Attempt.objects.filter(learner=user.pk, twin_slug=slug, state=AttemptState.LIVE)
        for attempt_id in found.values_list("pk", flat=True):
            _note(attempt_id, [Source.BRIEF], now)


def opened_by_learner(attempt_id: uuid.UUID, *sources: Source, now: datetime) -> None:
    """The same where only the learner can have come: with the token for git, or on a stream of their own."""
    with _in_nobodys_way():
        if sources and Attempt.objects.filter(pk=attempt_id, state=AttemptState.LIVE).exists():
            _note(attempt_id, sources, now)


def told_by(kinds: Iterable[str]) -> list[Source]:
    """The sources that events of these kinds belong to: alerts, complaints, and what else people in the room said."""
    said = {_SAID_BY.get(kind, Source.MESSAGES) for kind in kinds if kind.startswith("inject.")}
    return sorted(said)


@contextlib.contextmanager
def _in_nobodys_way() -> Iterator[None]:
    """Whatever the database says of an opening, the reading goes on."""
    try:
        yield
    except Error as fault:
        log.warning("An opening was not noted: %r", fault)


def _note(attempt_id: uuid.UUID, sources: Sequence[Source], now: datetime) -> None:
    """Write those that were not written lately.

    Raises:
        Error: of the database; a lock was held for too long, for example.
    """
    if not sources:
        return
    lately = Opening.objects.filter(attempt=attempt_id, what__in=sources, last_at__gt=now - COUNTED_EVERY)
    done = set(lately.values_list("what", flat=True))
    for source in sources:
        if source not in done:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LONGEST_WAIT])
                cursor.execute(_UPSERT, [attempt_id, source, now, now, now - COUNTED_EVERY])
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
