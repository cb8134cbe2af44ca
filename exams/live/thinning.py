"""Old versions of a draft are thinned out by age when there are very many, so that nobody's typing is ever refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from exams import ledger
from exams.models import Attempt, Draft, Event, HandIn, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MOST_VERSIONS = 1_000  # of one deliverable of one attempt
MOST_BYTES = 32 * 1024 * 1024  # of them together, as the database stores them
KEPT_NEWEST = 100
LOOKED_AT_EVERY = 50  # saves, so that a save costs nothing and the bounds are passed by no more than this many
TOLD_EVERY = timedelta(minutes=5)  # in the ledger, of one deliverable
# Of what is older the last version in each such span is kept; the next span is tried while that is still too much.
SPANS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
THINNED = "draft.thinned"
_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_STORED = """
    SELECT version, conflict, received_at, pg_column_size(content) FROM exams_draft
    WHERE attempt_id = %s AND deliverable = %s ORDER BY version
"""


@dataclass(frozen=True)
class Version:
    """A version without its content; `size` in bytes."""

    number: int
    conflict: bool
    received_at: datetime
    size: int


def thin(*, attempt: Attempt, stage: Stage, draft: Draft, now: datetime) -> int:
    """Remove old versions of a draft that was just saved, if there are too many; return how many.

    The attempt must be held. The ledger says how many have gone so far, every `TOLD_EVERY` at most.
    """
    if draft.version % LOOKED_AT_EVERY:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [attempt.pk, draft.deliverable])
        versions = [Version(*row) for row in cursor.fetchall()]
    handed_in = HandIn.objects.filter(stage=stage).values_list("received_at", flat=True)
    removed = to_remove(versions, boundaries={*handed_in, stage.closes_at})
    if removed:
        Draft.objects.filter(attempt=attempt, deliverable=draft.deliverable, version__in=removed).delete()
        told = Event.objects.filter(attempt=attempt, kind=THINNED, payload__deliverable=draft.deliverable)
        if not told.filter(at__gt=now - TOLD_EVERY).exists():
            kept = len(versions) - len(removed)
            ledger.append(
                attempt=attempt,
                kind=THINNED,
                payload={
                    "deliverable": draft.deliverable,
                    "of_versions": draft.version,
                    "removed": draft.version - kept,
                    "kept": kept,
                },
                actor=None,
                at=now,
            )
    return len(removed)


def to_remove(versions: Sequence[Version], *, boundaries: Collection[datetime]) -> set[int]:
    """The numbers of the versions that go: none while they are within the bounds.

    Never the newest, the current one (the newest that is no conflict copy), or what was current at a boundary.

    Args:
        versions: oldest first.
        boundaries: when the stage was handed in, and when it closes.
    """
    if _fits(versions):
        return set()
    current = [each for each in versions if not each.conflict]
    spared = {each.number for each in versions[-KEPT_NEWEST:]} | {each.number for each in current[-1:]}
    for boundary in boundaries:
        spared |= {each.number for each in [each for each in current if each.received_at < boundary][-1:]}
    kept = list(versions)
    for span in SPANS:
        last_of = {((each.received_at - _EPOCH) // span, each.conflict): each.number for each in versions}
        wanted = spared | set(last_of.values())
        kept = [each for each in versions if each.number in wanted]
        if _fits(kept):
            break
    else:
        kept = [each for each in versions if each.number in spared]
    return {each.number for each in versions} - {each.number for each in kept}


def _fits(versions: Sequence[Version]) -> bool:
    return len(versions) <= MOST_VERSIONS and sum(each.size for each in versions) <= MOST_BYTES
