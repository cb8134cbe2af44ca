"""What the stock is to draw next: for those whose start found nothing that fits, then of each class that is short."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from exams import incident
from exams.models import Attempt, StockedIncident, StockState, WaitingStart
from exams.packs import NothingLeftToDraw, Pack, Spec
from exams.twins import Twin

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from accounts.models import User
    from exams.models import TwinVersion

FAILURES = 3  # of one class within COOLING: drawing it again and again would only keep a core busy
COOLING = timedelta(minutes=10)
SLOW_FOR = timedelta(hours=1)  # after FAILURES of a class that ran out of time: only for who waits is it tried again
OUT_OF_TIME = "SoftTimeLimitExceeded"  # how the reason of one begins that had no fault but took too long
WAITS_FOR = timedelta(minutes=2)  # after the last press of start: who has gone is not drawn for any more

_SEEDS = 2**62
# A claim counts for those who wait as long as a drawing takes on a crowded machine: a crash leaves some that never end.
_SOON = timedelta(minutes=1)


class CannotDraw(Exception):
    """Nothing can be drawn for this learner at present; its text is for operators."""


def needs(learner: User, version: TwinVersion) -> Collection[str]:
    """What an incident for this learner must be unlike, in the words of `Pack.draw`.

    Another class while there is one, and always other names: after voided attempts every class may have been seen.

    Raises:
        CannotDraw: the pack cannot tell.
    """
    begun = Attempt.objects.filter(learner=learner, twin_slug=version.slug, started_at__isnull=False)
    specs = [Spec(each.incident_class, each.incident_seed) for each in begun]
    if not specs:
        return ()
    avoid = {spec.key for spec in specs}
    try:
        incident.pack_of(Twin.from_json(version.definition)).draw(seed=0, avoid=avoid)
    except NothingLeftToDraw:
        return {f"/{spec.seed}" for spec in specs}
    except Exception as fault:
        raise CannotDraw(f"{type(fault).__name__}: {fault}") from fault
    return avoid


def fits(pack: Pack, spec: Spec, avoid: Collection[str]) -> bool:
    """Whether a specification is unlike those in `avoid`, by the pack's own rule."""
    others = set(pack.classes) - {spec.failure_class}
    try:
        return pack.draw(seed=spec.seed, avoid={*avoid, *others}) == spec
    except NothingLeftToDraw:
        return False


# --- Who waits -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wait:
    """For how long somebody has waited by now, how many wait before them, and how many incidents are being drawn."""

    waited: timedelta
    before: int
    being_drawn: int


def note(learner: User, version: TwinVersion, *, now: datetime) -> Wait:
    """Keep that this learner waits for an incident of a twin; where they stand."""
    row, made = WaitingStart.objects.get_or_create(
        learner=learner, twin=version, defaults={"since": now, "asked_at": now}
    )
    if not made:
        row.since = now if row.asked_at <= now - WAITS_FOR else row.since
        row.asked_at = now
        row.save(update_fields=["since", "asked_at"])
    others = WaitingStart.objects.filter(twin=version, asked_at__gt=now - WAITS_FOR)
    before = others.filter(Q(since__lt=row.since) | Q(since=row.since, pk__lt=row.pk)).count()
    drawing = StockedIncident.objects.filter(state=StockState.MAKING, leased_until__gt=now).count()
    return Wait(now - row.since, before, drawing)


def forget(learner: User) -> None:
    """They have an incident."""
    WaitingStart.objects.filter(learner=learner).delete()


def forget_the_gone(*, now: datetime) -> None:
    """Those who have not pressed for a while."""
    WaitingStart.objects.filter(asked_at__lte=now - WAITS_FOR).delete()


def how_many_wait(*, now: datetime) -> int:
    """Of all twins."""
    return WaitingStart.objects.filter(asked_at__gt=now - WAITS_FOR).count()


def waited_for(*, now: datetime) -> list[int]:
    """The twin versions that somebody waits for; whose learner has waited longest comes first."""
    waiting = WaitingStart.objects.filter(asked_at__gt=now - WAITS_FOR).order_by("since", "pk")
    return list(dict.fromkeys(waiting.values_list("twin", flat=True)))


# --- What to draw ----------------------------------------------------------------------------------------------------


def next_specification(
    version: TwinVersion, pack: Pack, rows: Sequence[StockedIncident], *, at_least: int, now: datetime
) -> Spec | None:
    """What to draw next; None when nothing is wanted. `rows` are all fresh ones of this version."""
    return _for_whoever_waits(version, pack, rows, now=now) or _of_a_class_that_is_short(pack, rows, at_least, now)


def specification(pack: Pack, rows: Sequence[StockedIncident], avoid: Collection[str], *, now: datetime) -> Spec:
    """One for a learner who must not get what is in `avoid`: of a class that did not fail of late, if there is one.

    Raises:
        CannotDraw: the last drawings failed whatever their class, or every class that is left to this learner did.
    """
    failed = _failed(rows, now)
    done = [row.claimed_at for row in rows if row.state in {StockState.READY, StockState.TAKEN}]
    in_a_row = [row for row in failed if not done or row.claimed_at > max(done)]
    classes = {row.incident_class for row in in_a_row}
    because = failed[-1].failed_because if failed else "it has no specification left for them"
    if len(in_a_row) >= FAILURES and len(classes) >= min(FAILURES, len(pack.classes)):
        raise CannotDraw(f"the last {len(in_a_row)} drawings failed: {because}")
    slow = {row.incident_class for row in out_of_time(rows, now)}
    for shunned in ({row.incident_class for row in failed} | slow, _stopped(failed)):
        try:
            return pack.draw(seed=secrets.randbelow(_SEEDS), avoid={*avoid, *shunned})
        except NothingLeftToDraw:
            continue
        except Exception as fault:
            raise CannotDraw(f"{type(fault).__name__}: {fault}") from fault
    raise CannotDraw(because)


def _for_whoever_waits(
    version: TwinVersion, pack: Pack, rows: Sequence[StockedIncident], *, now: datetime
) -> Spec | None:
    """For the one who has waited longest and for whom none of those there are is left."""
    there = [
        row.spec
        for row in rows
        if row.state == StockState.READY or (row.state == StockState.MAKING and row.claimed_at > now - _SOON)
    ]
    waiting = WaitingStart.objects.filter(twin=version, asked_at__gt=now - WAITS_FOR).order_by("since", "pk")
    for each in waiting.select_related("learner"):
        try:
            avoid = needs(each.learner, version)
            theirs = next((spec for spec in there if not avoid or fits(pack, spec, avoid)), None)
            if theirs is None:
                return specification(pack, rows, avoid, now=now)
        except CannotDraw:
            continue  # their next press of start is told, and says so in the log
        there.remove(theirs)
    return None


def _of_a_class_that_is_short(pack: Pack, rows: Sequence[StockedIncident], at_least: int, now: datetime) -> Spec | None:
    each = -(-at_least // len(pack.classes))
    stopped = _stopped(_failed(rows, now)) | _stopped(out_of_time(rows, now))
    lacking = {}
    for failure_class in pack.classes:
        ours = [row for row in rows if row.incident_class == failure_class]
        there = [row for row in ours if row.state in {StockState.READY, StockState.MAKING}]
        if len(there) < each and failure_class not in stopped:
            lacking[failure_class] = there
    if not lacking:
        return None
    fewest = min(len(there) for there in lacking.values())
    chosen = secrets.choice([key for key, there in lacking.items() if len(there) == fewest])
    # Unlike those of its class in the stock, as far as the pack can: so that somebody who must not get the
    # names of one of them can get another.
    avoid = {*pack.classes} - {chosen} | {f"/{row.incident_seed}" for row in lacking[chosen]}
    return pack.draw(seed=secrets.randbelow(_SEEDS), avoid=avoid)


def _failed(rows: Sequence[StockedIncident], now: datetime) -> list[StockedIncident]:
    """What failed of late by the pack's fault, the last one last."""
    failed = [
        row for row in rows if row.state == StockState.FAILED and not _slow(row) and row.claimed_at > now - COOLING
    ]
    return sorted(failed, key=lambda row: row.claimed_at)


def failed_since_the_last_drawn(rows: Sequence[StockedIncident]) -> list[StockedIncident]:
    """What failed by the pack's fault after the last of `rows` that could be drawn, the last one last."""
    drawn = [row.claimed_at for row in rows if row.state in {StockState.READY, StockState.TAKEN}]
    failed = [row for row in rows if row.state == StockState.FAILED and not _slow(row)]
    return sorted((row for row in failed if not drawn or row.claimed_at > max(drawn)), key=lambda row: row.claimed_at)


def out_of_time(rows: Sequence[StockedIncident], now: datetime) -> list[StockedIncident]:
    """What took too long of late: the machine is busy, and nothing is known against the pack."""
    return [row for row in rows if row.state == StockState.FAILED and _slow(row) and row.claimed_at > now - SLOW_FOR]


def _slow(row: StockedIncident) -> bool:
    return row.failed_because.startswith(OUT_OF_TIME)


def _stopped(failed: Sequence[StockedIncident]) -> set[str]:
    """The classes that are not tried again for a while."""
    classes = [row.incident_class for row in failed]
    return {each for each in classes if classes.count(each) >= FAILURES}
