"""Builders of attempts at a given moment, made with the verbs that people use."""

from __future__ import annotations

import copy
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from exams import incident, start, stock, twins, wanted
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState
from exams.twins import Twin
from tests import packs

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from exams.models import Stage, TwinVersion

SLUG = "jt-incident-4"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@lru_cache(maxsize=1)
def _definition() -> dict[str, Any]:
    return twins.read(twins.CONTENT / SLUG)


def definition(**changes: Any) -> dict[str, Any]:
    """The definition of `jt-incident-4` with the small pack, and with top-level `changes`."""
    return copy.deepcopy(_definition()) | {"pack": packs.NAME} | changes


def published_twin(*, now: datetime | None = None, **changes: Any) -> TwinVersion:
    """`jt-incident-4` on the small pack, published; publishing it again gives the same version."""
    version, _ = twins.publish(definition(**changes), now=now or database_now())
    return version


def drawn_for(learner: User, *, slug: str = SLUG, now: datetime | None = None) -> None:
    """What the stock's worker does once this learner has pressed start and found nothing: there is one for them now."""
    at = now or database_now()
    wanted.note(learner, start.published(slug), now=at)
    assert stock.draw_next(at_least=0, twin=slug, now=at) != stock.Outcome.FAILED


def prepared(learner: User, *, slug: str = SLUG, now: datetime | None = None) -> Attempt:
    """An attempt that waits for its start, whole, whatever is in the stock."""
    at = now or database_now()
    drawn_for(learner, slug=slug, now=at)
    return start.prepare(learner=learner, slug=slug, now=at)


def ready_attempt(learner: User, *, now: datetime | None = None, with_repository: bool = False) -> Attempt:
    """An attempt that waits for its start."""
    version = published_twin(now=now)
    at = now or database_now()
    if with_repository:
        return prepared(learner, now=at)
    start.require_may_start(learner, version)
    waiting = Attempt.objects.filter(learner=learner, twin=version, state=AttemptState.READY).first()
    if waiting is not None:
        return waiting
    pack = incident.pack_of(Twin.from_json(version.definition))
    spec = pack.draw(seed=secrets.randbelow(2**62), avoid=wanted.needs(learner, version))
    return start._pinned(learner, version, spec, at)


def live_attempt(learner: User, *, started_at: datetime | None = None, with_repository: bool = False) -> Attempt:
    """An attempt whose clock was started at `started_at` (now, when not said).

    Its repository is made only if asked for: that takes git, and most tests need none.
    """
    at = started_at or database_now()
    attempt = ready_attempt(learner, now=at, with_repository=with_repository)
    return start.begin(learner=learner, attempt_id=attempt.pk, now=at)


def move_windows(stages: QuerySet[Stage], **to: Any) -> None:
    """Move windows of started attempts, as an extension would: with a reason, said in its transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hotseat.window_change', 'a test', true)")
        stages.update(**to)
        cursor.execute("SELECT set_config('hotseat.window_change', '', true)")  # its transaction may be the test's
