"""The stock of ready incidents: workers draw them ahead, a start takes one, and none is ever given twice."""

from __future__ import annotations

import logging
import random
import secrets
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now

from exams import incident, packs, wanted
from exams.models import Attempt, AttemptState, StockedIncident, StockState, TwinVersion
from exams.twins import Twin

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # as long as a task may take; a claim older than that was left by a crash
FAILURES_KEPT = timedelta(days=1)

_CONTENTS = ("handed_out", "approved_facts", "repository")
_REPLAY = ("traffic", "outcomes")
_KEEP_AS_BLOBS = """
INSERT INTO exams_blob (sha256, size, content)
SELECT handed_out_sha256, length(handed_out), handed_out FROM exams_stockedincident WHERE id = %(id)s
UNION ALL
SELECT approved_facts_sha256, length(approved_facts), approved_facts FROM exams_stockedincident WHERE id = %(id)s
ON CONFLICT DO NOTHING
"""


class Outcome(StrEnum):
    """FULL: nothing was missing. DRAWN: one more is ready. FAILED: the pack could not draw one; its row says why.

    OUT_OF_TIME: the machine was too busy to draw one; nothing is known against the pack.
    """

    FULL = "full"
    DRAWN = "drawn"
    FAILED = "failed"
    OUT_OF_TIME = "out of time"


# --- Taking ----------------------------------------------------------------------------------------------------------


def take(*, version: TwinVersion, avoid: Collection[str]) -> StockedIncident | None:
    """One ready incident unlike those in `avoid` (see `Pack.draw`), locked; None when there is none.

    Must run in the transaction that hands it over: if that fails, the incident is still there for somebody else.
    Which class it is, is drawn by lot among those there are; two who take at once never wait for each other.
    """
    ready = _fresh(version).filter(state=StockState.READY)
    found = {pk: packs.Spec(key, seed) for pk, key, seed in ready.values_list("pk", "incident_class", "incident_seed")}
    if avoid and found:
        pack = incident.pack_of(Twin.from_json(version.definition))
        found = {pk: spec for pk, spec in found.items() if wanted.fits(pack, spec, avoid)}
    if not found:
        return None
    lot = secrets.choice(sorted({spec.failure_class for spec in found.values()}))
    return (
        ready.filter(pk__in=list(found))
        .select_for_update(skip_locked=True)
        .defer(*_CONTENTS, *_REPLAY)
        .order_by(Case(When(incident_class=lot, then=Value(0)), default=Value(1)), "pk")
        .first()
    )


def hand_over(stocked: StockedIncident, attempt: Attempt) -> None:
    """Give what `take` locked to an attempt, for ever, in the same transaction. Its bytes do not leave the database."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_AS_BLOBS, {"id": stocked.pk})
    StockedIncident.objects.filter(pk=stocked.pk).update(state=StockState.TAKEN, taken_by=attempt)
    Attempt.objects.filter(pk=attempt.pk).update(
        handed_out=stocked.handed_out_sha256,
        approved_facts=stocked.approved_facts_sha256,
        truth=stocked.truth,
        brief=stocked.brief,
    )


def repository_of(attempt: Attempt) -> bytes:
    """The packed repository an attempt took from the stock; empty if it took none, or has begun."""
    kept = StockedIncident.objects.filter(taken_by=attempt).values_list("repository", flat=True).first()
    return bytes(kept or b"")


# --- Filling ---------------------------------------------------------------------------------------------------------


def draw_next(*, at_least: int, twin: str | None = None, now: datetime) -> Outcome:
    """Draw one incident that some published twin (or the one named) lacks.

    Those who wait to start come first, whichever twin they wait for: of stock that nobody waits for none is drawn then.

    May run in any number of workers at once.

    1. Claim it: a row that says what is being drawn and until when. No two workers count the same stock at once.
    2. Draw, outside any transaction.
    3. Fill the row, if it is still there: it is gone when its twin was retired, or its lease ran out, meanwhile.

    `at_least` is how many a twin should have ready; they are shared out evenly among its classes, one of each at least.
    """
    versions = [version for version in published() if twin in {None, version.slug}]
    random.shuffle(versions)  # a twin whose stock is deep does not keep the others waiting
    by_key = {version.pk: version for version in versions}
    waited_for = [by_key[key] for key in wanted.waited_for(now=now) if key in by_key]
    for version, number in [*((each, 0) for each in waited_for), *((each, at_least) for each in versions)]:
        claimed = _claim(version, at_least=number, now=now)
        if claimed is not None:
            return _fill(*claimed)
    return Outcome.FULL


def sweep(*, now: datetime) -> int:
    """Remove what must not be taken or was left half-made; the number of rows removed.

    Stale is what belongs to a retired version, or was drawn by other code than this installation's. The bytes of what
    was taken go once its attempt has begun: the attempt keeps its own.
    """
    wanted.forget_the_gone(now=now)
    there = StockedIncident.objects.exclude(state=StockState.TAKEN)
    stale = Q(twin__retired_at__isnull=False)
    for version in published():
        stale |= Q(twin=version) & ~Q(pack_sha256=_fingerprint(version))
    left = Q(state=StockState.MAKING, leased_until__lte=now)
    old = Q(state=StockState.FAILED, claimed_at__lte=now - FAILURES_KEPT)
    removed, _ = there.filter(stale | left | old).delete()
    begun = StockedIncident.objects.filter(state=StockState.TAKEN, repository__isnull=False)
    begun.exclude(taken_by__state=AttemptState.READY).update(
        **dict.fromkeys((*_CONTENTS, *_REPLAY)), truth=None, brief=None
    )
    if removed:
        log.info("Removed %s stocked incidents that were stale or left half-made", removed)
    return removed


def require_drawable(version: TwinVersion, avoid: Collection[str], *, now: datetime) -> None:
    """Whether one unlike those in `avoid` may be hoped for.

    Raises:
        wanted.CannotDraw: its pack is not there, or drawing it fails again and again.
    """
    try:
        pack = incident.pack_of(Twin.from_json(version.definition))
    except Exception as fault:
        raise wanted.CannotDraw(f"{type(fault).__name__}: {fault}") from fault
    wanted.specification(pack, rows_of(version), avoid, now=now)


def ready_by_twin() -> dict[str, int]:
    """How many incidents wait for each published twin that has a pack: no classes, so anybody may know."""
    return {version.slug: _fresh(version).filter(state=StockState.READY).count() for version in published()}


def _claim(version: TwinVersion, *, at_least: int, now: datetime) -> tuple[uuid.UUID, packs.Pack, packs.Spec] | None:
    try:
        pack = incident.pack_of(Twin.from_json(version.definition))
    except Exception:
        log.exception("The pack of %s cannot be loaded: nothing can be drawn for it.", version)
        return None
    with transaction.atomic():
        with connection.cursor() as cursor:
            key = f"hotseat counts the stock of twin version {version.pk}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        try:
            spec = wanted.next_specification(version, pack, rows_of(version), at_least=at_least, now=now)
        except Exception:
            log.exception("The pack of %s has no specification for a class that is short", version)
            return None
        if spec is None:
            return None
        row = StockedIncident.objects.create(
            twin=version,
            pack_sha256=_fingerprint(version),
            incident_class=spec.failure_class,
            incident_seed=spec.seed,
            claimed_at=now,
            leased_until=now + LEASE,
        )
    return row.pk, pack, spec


def _fill(claim: uuid.UUID, pack: packs.Pack, spec: packs.Spec) -> Outcome:
    ours = StockedIncident.objects.filter(pk=claim, state=StockState.MAKING)
    try:
        made = incident.make(pack, spec)
    except Exception as fault:
        if _out_of_time(fault):
            return _put_back(ours, spec)
        log.exception("Could not draw incident %s for the stock", spec.key)
        ours.update(state=StockState.FAILED, failed_because=f"{type(fault).__name__}: {fault}"[:2000])
        return Outcome.FAILED
    filled = ours.update(
        state=StockState.READY,
        ready_at=Now(),
        handed_out=made.handed_out,
        handed_out_sha256=sha256(made.handed_out).hexdigest(),
        approved_facts=made.approved_facts,
        approved_facts_sha256=sha256(made.approved_facts).hexdigest(),
        truth=made.truth,
        brief=made.brief,
        repository=made.repository,
    )
    if not filled:
        log.info("An incident was drawn for nothing: its claim was swept meanwhile.")
    return Outcome.DRAWN


def _out_of_time(fault: BaseException | None) -> bool:
    """Whether the task's time ran out, whatever the pack made of it."""
    while fault is not None and not isinstance(fault, SoftTimeLimitExceeded):
        fault = fault.__cause__ or fault.__context__
    return fault is not None


def _put_back(ours: QuerySet[StockedIncident], spec: packs.Spec) -> Outcome:
    """The incident is wanted again at once; its row only remembers how often its class took too long (`wanted`)."""
    log.warning(
        "Drawing incident %s ran out of time: this machine is too busy. Another is drawn in its place; after %s of a "
        "class within an hour only for a learner who waits. `manage.py stock` counts them.",
        *(spec.key, wanted.FAILURES),
    )
    ours.update(state=StockState.FAILED, failed_because=f"{wanted.OUT_OF_TIME}: the machine was too busy to draw it.")
    return Outcome.OUT_OF_TIME


def published() -> list[TwinVersion]:
    """The versions that new attempts pin and that have incidents to draw."""
    return [
        version
        for version in TwinVersion.objects.filter(retired_at=None).order_by("slug")
        if version.definition.get("pack") is not None
    ]


def rows_of(version: TwinVersion) -> list[StockedIncident]:
    """All of them without what is large, in the order in which they were claimed."""
    return list(_fresh(version).order_by("claimed_at").defer(*_CONTENTS, *_REPLAY, "truth", "brief"))


def _fresh(version: TwinVersion) -> QuerySet[StockedIncident]:
    """What this installation's code drew for a version."""
    return StockedIncident.objects.filter(twin=version, pack_sha256=_fingerprint(version))


def _fingerprint(version: TwinVersion) -> str:
    """As `packs.fingerprint`; no stock is of a pack that is not there."""
    try:
        return packs.fingerprint(str(version.definition.get("pack")))
    except packs.NoSuchPack:
        return ""
