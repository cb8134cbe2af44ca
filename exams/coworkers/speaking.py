"""Writes what the people in the room say when it is due: a row and a ledger event each, once, whoever asks.

Any number of sweepers and readers may look at once. Each claims what is to be looked at for a few seconds, reads what
there is to see, decides outside any transaction, and writes what is new while it holds the attempt. If it dies the
claim runs out and the next one finds the same, since all of it follows from what is recorded.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction

from exams import incident, ledger
from exams.coworkers.engine import outlook
from exams.coworkers.watching import ACTS, PATIENCE, see
from exams.definitions import twin_of
from exams.models import Attempt, AttemptState, Inject, Stage, Watch
from exams.one_by_one import one_by_one

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from exams.coworkers.history import Said
    from exams.packs.injects import InjectRule

log = logging.getLogger(__name__)

# A write is timed by its last byte and recorded a little later: nobody speaks before that has had time to happen.
SETTLED_AFTER = timedelta(seconds=2)
CLAIMED_FOR = timedelta(seconds=10)
BATCH = 10  # stages in one claim: few enough that other sweepers have something to do

# Every open stage of a live attempt is watched; people speak in the one in which updates are posted.
WATCH = """
    INSERT INTO exams_watch (stage_id, look_at, seen_seq)
    SELECT s.id, CASE WHEN s.key = spoken.key THEN s.opens_at END,
           CASE WHEN s.key = spoken.key THEN 0 ELSE %(never)s END
    FROM exams_stage s JOIN exams_attempt a ON a.id = s.attempt_id JOIN exams_twinversion t ON t.id = a.twin_id
    LEFT JOIN LATERAL (
        SELECT d.stage->>'key' AS key
        FROM jsonb_array_elements(t.definition->'stages') WITH ORDINALITY AS d(stage, place)
        WHERE d.stage->'status_updates' = 'true'::jsonb ORDER BY d.place LIMIT 1) AS spoken ON TRUE
    WHERE a.state = 'live' AND s.closed_at IS NULL AND s.opens_at <= %(now)s AND s.closes_at > %(now)s
      AND (%(attempt)s::uuid IS NULL OR a.id = %(attempt)s)
      AND NOT EXISTS (SELECT FROM exams_watch w WHERE w.stage_id = s.id)
    ON CONFLICT DO NOTHING
"""
CLAIM = """
    WITH due AS (
        SELECT w.stage_id, a.id AS attempt_id
        FROM exams_watch w JOIN exams_stage s ON s.id = w.stage_id JOIN exams_attempt a ON a.id = s.attempt_id
        WHERE a.state = 'live' AND s.closed_at IS NULL AND s.opens_at <= %(now)s AND s.closes_at > %(now)s
          AND (%(attempt)s::uuid IS NULL OR a.id = %(attempt)s)
          AND (w.look_at <= %(until)s OR EXISTS (
              SELECT FROM exams_event e
              WHERE e.attempt_id = a.id AND e.seq > w.seen_seq AND e.kind = ANY(%(acts)s)))
        ORDER BY w.look_at LIMIT %(most)s FOR UPDATE OF w SKIP LOCKED)
    UPDATE exams_watch w
    SET look_at = %(until)s::timestamptz + %(claimed)s::interval,
        seen_seq = (SELECT coalesce(max(e.seq), 0) FROM exams_event e WHERE e.attempt_id = due.attempt_id)
    FROM due WHERE w.stage_id = due.stage_id
    RETURNING w.stage_id
"""


def speak_due(clock: Callable[[], datetime]) -> int:
    """Write everything that is due in live attempts; return how much that was."""
    _watch(clock())
    written = 0
    while claimed := _claim(clock(), most=BATCH):
        written += one_by_one(claimed, lambda stage: look(stage, clock()), what="stage %s cannot be watched")
        if len(claimed) < BATCH:
            break
    return written


def catch_up(attempt_id: uuid.UUID, now: datetime) -> int:
    """Write what is due in one attempt, for somebody who reads its feed; return how much that was."""
    _watch(now, attempt_id=attempt_id)
    claimed = _claim(now, most=BATCH, attempt_id=attempt_id)
    return one_by_one(claimed, lambda stage: look(stage, now), what="stage %s cannot be watched")


def look(stage_id: int, now: datetime) -> int:
    """Look at a stage once, write what is new and note when to look again; return how much was written.

    1. Read what happened, up to a moment that everything has settled for.
    2. Decide what was said by then.
    3. What has no row yet gets one, and its event, if the attempt is live and the window open at this moment.
    """
    stages = Stage.objects.select_related("attempt__twin").defer("attempt__twin__definition", "attempt__truth")
    stage = stages.get(pk=stage_id)
    until = now - SETTLED_AFTER
    if until < stage.opens_at:
        _look_again(stage, stage.opens_at)
        return 0
    view = see(stage, until=until)
    found = outlook(_script(stage.attempt), view.history, view.second)
    there = set(Inject.objects.filter(attempt=stage.attempt).values_list("rule", "occurrence"))
    new = [said for said in found.said if (said.rule, said.occurrence) not in there]
    written = _write(stage, new, now) if new else 0
    if written is None:
        _look_again(stage, now)
        return 0
    if found.look_again is None:
        _look_again(stage, stage.closes_at)  # should the window be extended
    else:
        again = stage.opens_at + timedelta(seconds=found.look_again)
        _look_again(stage, again + PATIENCE if view.waits and again <= until else again)
    return written


def _watch(now: datetime, *, attempt_id: uuid.UUID | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WATCH, {"now": now, "never": Watch.NEVER, "attempt": attempt_id})


def _claim(now: datetime, *, most: int, attempt_id: uuid.UUID | None = None) -> list[int]:
    what: dict[str, Any] = {
        "now": now,
        "until": now - SETTLED_AFTER,
        "attempt": attempt_id,
        "acts": list(ACTS),
        "most": most,
        "claimed": CLAIMED_FOR,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, what)
        return [row[0] for row in cursor.fetchall()]


def _script(attempt: Attempt) -> tuple[InjectRule, ...]:
    if twin_of(attempt).pack is None:  # no incident, and nobody there
        return ()
    drawn = incident.of(attempt)
    return drawn.pack.injects(drawn.spec)


def _look_again(stage: Stage, at: datetime) -> None:
    Watch.objects.filter(stage=stage).update(look_at=at)


def _write(stage: Stage, new: list[Said], now: datetime) -> int | None:
    """Write what nobody has written; None when somebody else holds the attempt: it is left for the next look."""
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=stage.attempt_id).first()
        if attempt is None:
            return None
        stage.refresh_from_db(fields=["opens_at", "closes_at", "closed_at"])
        if attempt.state != AttemptState.LIVE or stage.closed_at is not None or not now < stage.closes_at:
            return 0
        there = set(Inject.objects.filter(attempt=attempt).values_list("rule", "occurrence"))
        written = 0
        for said in new:
            due_at = stage.opens_at + timedelta(seconds=said.second)
            if (said.rule, said.occurrence) in there or due_at >= stage.closes_at:
                continue
            payload = _payload(said, due_at)
            Inject.objects.create(
                attempt=attempt,
                rule=said.rule,
                occurrence=said.occurrence,
                role=said.role,
                text=said.text,
                payload=payload,
                due_at=due_at,
            )
            ledger.append(attempt=attempt, kind=f"inject.{said.role}", payload=payload, actor=None, at=now)
            written += 1
        return written


def _payload(said: Said, due_at: datetime) -> dict[str, Any]:
    """An inject as the feed shows it and the ledger keeps it."""
    shown: dict[str, Any] = {
        "key": said.rule,
        "occurrence": said.occurrence,
        "due_at": ledger.iso(due_at),
        "sender": {"role": said.role, "name": said.name, "title": said.title},
        "text": said.text,
    }
    if said.asks is not None:
        shown["asks"] = {"audiences": list(said.asks.audiences), "within_seconds": said.asks.within}
    return shown
