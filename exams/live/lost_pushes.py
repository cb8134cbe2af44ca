"""A push that git took in the instant in which we crashed is found in the repository and ledgered after all."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from exams import late
from exams.live.late_pushes import keep_late_push
from exams.live.pushes import record_push
from exams.models import Attempt, AttemptState, Event, LateWrite
from exams.one_by_one import UNUSABLE
from exams.queries import repository_path
from exams.sources import PUSHED
from sandboxes import push_records, repository

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

log = logging.getLogger(__name__)

# A push is ledgered by the request that brought it; one this young may still be about to.
GRACE = timedelta(seconds=30)
# Only a crash leaves anything, and the sweep runs again as soon as we are back.
LOOKED_AT_FOR = timedelta(days=7)
AT_ONCE = 200

# What the ledger says of where the time of such a push is from.
EXACT = {"found_by": "sweep", "time_from": "the branch's log, where its push noted when it had arrived"}
ROUGH = {"found_by": "sweep", "time_from": "the branch's log, by the clock of the host that took it, in whole seconds"}


def find_lost_pushes(now: datetime) -> int:
    """Ledger each push that a repository tells of and the ledger does not; return how many.

    Running it again, or beside the request that is about to ledger the same push, changes nothing. For attempts that
    are live or closed within `LOOKED_AT_FOR`:

    1. Read what the logs of the branches tell, and which folders of late pushes there are; no process is started.
    2. Leave out what the ledger knows and what arrived less than `GRACE` ago.
    3. Of the rest, ask git where the branches are: what the logs tell and the branches do not hold never landed.
    4. Ledger each with the time at which it arrived, saying how it was found and where that time is from.
    """
    recent = Q(state=AttemptState.LIVE) | Q(state=AttemptState.CLOSED, closed_at__gt=now - LOOKED_AT_FOR)
    wanted = list(Attempt.objects.filter(recent).order_by("pk").only("pk"))
    found = 0
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        known = _Known(batch)
        for attempt in batch:
            try:
                found += _find(attempt, known, before=now - GRACE)
            except (repository.RepositoryFault, OSError, *UNUSABLE):
                log.critical(
                    "ALERT: what was pushed to the repository of attempt %s cannot be looked through; the others are, "
                    "and every sweep tries it again. Read the cause below, and mend the repository or the code",
                    attempt.pk,
                    exc_info=True,
                )
    return found


class _Known:
    """What the ledger and the late writes of some attempts know, read in one go."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.moves: dict[uuid.UUID, set[push_records.Move]] = defaultdict(set)
        self.late: dict[uuid.UUID, set[tuple[push_records.Move, ...]]] = defaultdict(set)
        pushed = Event.objects.filter(attempt__in=attempts, kind=PUSHED)
        for attempt_id, payload in pushed.values_list("attempt_id", "payload"):
            self.moves[attempt_id].add(_move(payload))
        kept = LateWrite.objects.filter(attempt__in=attempts, kind=late.PUSH)
        for attempt_id, payload in kept.values_list("attempt_id", "payload"):
            self.late[attempt_id].add(tuple(map(_move, payload["moves"])))


def _move(said: dict[str, Any]) -> push_records.Move:
    return push_records.Move(ref=str(said["ref"]), old=str(said["old"]), new=str(said["new"]))


def _find(attempt: Attempt, known: _Known, *, before: datetime) -> int:
    path = repository_path(attempt)
    return _find_landed(attempt.pk, path, known.moves[attempt.pk], before=before) + _find_kept(
        attempt.pk, path, known.late[attempt.pk], before=before
    )


def _find_landed(attempt_id: uuid.UUID, path: Path, known: set[push_records.Move], *, before: datetime) -> int:
    logged = push_records.logged(path)
    if all(each.move in known for each in logged):
        return 0
    lost = [
        each
        for each in push_records.landed(logged, repository.branches(path))
        if each.move not in known and each.arrived < before
    ]
    for each in sorted(lost, key=lambda one: one.arrived):
        record_push(
            attempt_id=attempt_id,
            ref=each.move.ref,
            old=each.move.old,
            new=each.move.new,
            found=EXACT if each.exact else ROUGH,
            received_at=each.arrived,
        )
        log.warning("A push to attempt %s that landed in a crash was found: %s", attempt_id, each.move)
    return len(lost)


def _find_kept(
    attempt_id: uuid.UUID, path: Path, known: set[tuple[push_records.Move, ...]], *, before: datetime
) -> int:
    lost = [each for each in push_records.kept_aside(path) if each.moves not in known and each.arrived < before]
    for each in lost:
        keep_late_push(
            attempt_id=attempt_id,
            moves=[(move.ref, move.old, move.new) for move in each.moves],
            folder=each.folder,
            received_at=each.arrived,
        )
    return len(lost)
