"""① Starts an attempt: an incident is taken from the stock, then one transaction fixes every deadline."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from prometheus_client import Counter

from accounts.models import Accommodation, Role, User
from exams import doorbell, incident, ledger, receipts, stock
from exams.clock import schedule
from exams.errors import Refusal
from exams.live import deployments
from exams.models import Attempt, AttemptState, DeploymentState, Stage, TwinVersion
from exams.packs import NothingLeftToDraw, Spec
from exams.queries import repository_path
from exams.twins import Twin, current
from sandboxes import repository

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

log = logging.getLogger(__name__)

_INCIDENTS = Counter(
    "hotseat_incidents_total",
    "Incidents given to attempts: from the stock, or drawn while the learner waited.",
    ["source"],
)

# Whether an attempt has been signed off is known to rubrics, which exams cannot import: it adds its rule here.
previous_is_finished: list[Callable[[Attempt], bool]] = []

_SEEDS = 2**62
_NEVER_BEGAN = "The twin was published anew before this attempt began."


class NoSuchTwin(Refusal):
    """No twin of that name is published."""


class LearnersOnly(Refusal):
    """Attempts are started by learners, for themselves."""


class AlreadyLive(Refusal):
    """The learner has an attempt whose clock is running; there is one at a time."""


class NoAttemptsLeft(Refusal):
    """Every attempt this twin allows has been used."""


class PreviousNotSignedOff(Refusal):
    """The attempt before this one has neither been signed off nor voided."""


class NotPrepared(Refusal):
    """The attempt that was to begin is not waiting to begin any more."""


class CouldNotPrepare(Refusal):
    """We could not make the incident's repository: our fault; no clock has started."""


def published(slug: str) -> TwinVersion:
    """The version of a twin that a new attempt pins.

    Raises:
        NoSuchTwin: none is published under that name.
    """
    version = current(slug)
    if version is None:
        raise NoSuchTwin(f"There is no twin {slug!r}. The catalogue lists those that can be taken.")
    return version


def prepare(*, learner: User, slug: str, now: datetime) -> Attempt:
    """An attempt that is READY to begin: it has its incident and its repository. No clock runs yet.

    1. Check that the learner may start, and take an incident they have not seen from the stock; when the stock has
       none for them, pin one that is still to be drawn. A READY attempt that a crash or another tab left is taken up
       again instead, with its incident.
    2. Put its repository in its place, outside any transaction and in one tab at a time; for an incident that is not
       from the stock, draw it first. What is there already is left alone.

    Raises:
        NoSuchTwin, LearnersOnly, AlreadyLive, NoAttemptsLeft, PreviousNotSignedOff: the learner may not start.
        CouldNotPrepare: the repository could not be made.
    """
    version = published(slug)
    with transaction.atomic():
        _hold_learner(learner)
        require_may_start(learner, version)
        attempt = _ready_attempt(learner, version, now)
    with _one_tab_at_a_time(attempt):
        attempt.refresh_from_db()
        _make_ready(attempt)
    return attempt


def begin(*, learner: User, attempt_id: uuid.UUID, now: datetime) -> Attempt:
    """READY → LIVE, with every deadline of the attempt fixed from `now`, in one transaction.

    Raises:
        AlreadyLive: this attempt (from another tab) or another one is live.
        NotPrepared: the attempt was closed or voided since it was prepared.
    """
    with transaction.atomic():
        _hold_learner(learner)
        attempt = ledger.hold(attempt_id)
        if attempt.learner_id != learner.pk:
            raise NotPrepared("That attempt is somebody else's. Start one of your own.")
        _refuse_live(learner)
        if attempt.state != AttemptState.READY:
            raise NotPrepared("That attempt is not waiting to begin any more. Press start again for another.")
        twin = Twin.from_json(attempt.twin.definition)
        percent = multiplier_percent(learner)
        Attempt.objects.filter(pk=attempt.pk, state=AttemptState.READY).update(
            state=AttemptState.LIVE, started_at=now, multiplier_percent=percent
        )
        stages = [
            Stage(
                attempt=attempt,
                key=planned.key,
                position=position,
                opens_at=planned.opens_at,
                closes_at=planned.closes_at,
            )
            for position, planned in enumerate(schedule(twin.plans, now, percent), start=1)
        ]
        Stage.objects.bulk_create(stages)
        windows = [{"key": stage.key, "opens_at": stage.opens_at, "closes_at": stage.closes_at} for stage in stages]
        what = {
            "twin": attempt.twin_slug,
            "version": attempt.twin.version,
            "number": attempt.number,
            "multiplier_percent": percent,
            "stages": windows,
        }
        ledger.append(
            attempt=attempt,
            kind="attempt.started",
            payload=what | receipts.facts(stages[0], ledger.content_sha256(what)),
            actor=learner,
            at=now,
            receipt=True,
        )
        release = deployments.open_release(attempt)
        if release is not None and release.state == DeploymentState.WAITING:
            doorbell.ring("grading.tasks.replay_deployments")
        attempt.refresh_from_db()
    return attempt


def require_may_start(learner: User, version: TwinVersion) -> None:
    """Refuse whoever may not begin an attempt at this twin now (rule 12).

    Raises:
        LearnersOnly, AlreadyLive, NoAttemptsLeft, PreviousNotSignedOff: why not.
    """
    if learner.role != Role.LEARNER:
        raise LearnersOnly("Attempts are started by learners. Sign in as a learner to sit this twin.")
    _refuse_live(learner)
    twin = Twin.from_json(version.definition)
    taken = Attempt.objects.filter(learner=learner, twin_slug=version.slug, state=AttemptState.CLOSED)
    attempts = list(taken.order_by("number"))
    for attempt in attempts:
        if not any(finished(attempt) for finished in previous_is_finished):
            raise PreviousNotSignedOff(
                f"Attempt {attempt.number} at {twin.title!r} has not been signed off yet. "
                "The next one can begin once a mentor has signed it off.",
                attempt=str(attempt.pk),
            )
    if len(attempts) >= twin.attempts_allowed:
        raise NoAttemptsLeft(
            f"You have used all {twin.attempts_allowed} attempts at {twin.title!r}. The best of them counts.",
            attempts_allowed=twin.attempts_allowed,
        )


def multiplier_percent(learner: User) -> int:
    """How much time this learner was granted, in per cent of the twin's own."""
    return Accommodation.percent_of(learner)


def _hold_learner(learner: User) -> None:
    """Two tabs of one learner wait for each other; two learners do not."""
    User.objects.select_for_update(no_key=True).get(pk=learner.pk)


def _refuse_live(learner: User) -> None:
    live = Attempt.objects.filter(learner=learner, state=AttemptState.LIVE).first()
    if live is not None:
        raise AlreadyLive(
            f"Your attempt {live.number} at {live.twin_slug} is live; there is one at a time. Go on with that one.",
            attempt=str(live.pk),
        )


def _ready_attempt(learner: User, version: TwinVersion, now: datetime) -> Attempt:
    waiting = Attempt.objects.filter(learner=learner, twin_slug=version.slug, state=AttemptState.READY).first()
    if waiting is not None and waiting.twin_id == version.pk:
        return waiting
    if waiting is not None:
        _set_aside(waiting, now)
    avoid = _seen(learner, version)
    taken = stock.take(version=version, avoid=avoid)
    spec = taken.spec if taken else _draw(version, avoid)
    before = Attempt.objects.filter(learner=learner, twin_slug=version.slug).aggregate(last=Max("number"))["last"]
    attempt = Attempt.objects.create(
        learner=learner,
        twin=version,
        twin_slug=version.slug,
        number=(before or 0) + 1,
        incident_class=spec.failure_class,
        incident_seed=spec.seed,
    )
    ledger.append(
        attempt=attempt,
        kind="attempt.prepared",
        payload={"failure_class": spec.failure_class, "seed": spec.seed, "from_stock": taken is not None},
        actor=learner,
        at=now,
        visible=False,
    )
    if taken:
        stock.hand_over(taken, attempt)
    _INCIDENTS.labels(source="stock" if taken else "drawn").inc()
    if settings.HOTSEAT_STOCK:
        if taken is None:
            log.warning("The stock of %s has nothing for this learner: their start draws its incident.", version.slug)
        doorbell.ring("exams.tasks.fill_stock")
    return attempt


def _seen(learner: User, version: TwinVersion) -> Collection[str]:
    """What an incident for this learner must be unlike, in the words of `Pack.draw`.

    Another class while there is one, and always other names: after voided attempts every class may have been seen.
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
    return avoid


def _draw(version: TwinVersion, avoid: Collection[str]) -> Spec:
    return incident.pack_of(Twin.from_json(version.definition)).draw(seed=secrets.randbelow(_SEEDS), avoid=avoid)


def _set_aside(attempt: Attempt, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.READY).update(
        state=AttemptState.VOID, void_reason=_NEVER_BEGAN
    )
    ledger.append(attempt=attempt, kind="attempt.voided", payload={"reason": _NEVER_BEGAN}, actor=None, at=now)


@contextmanager
def _one_tab_at_a_time(attempt: Attempt) -> Iterator[None]:
    """Ten tabs that press start draw once: nine wait, and find it done. A crash lets go with its connection."""
    key = f"hotseat prepares attempt {attempt.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _make_ready(attempt: Attempt) -> None:
    """The repository first: an incident whose contents are kept, with its repository in place, is whole."""
    path = repository_path(attempt)
    try:
        if not path.exists():
            piece = stock.repository_of(attempt)
            if piece is not None:
                repository.unpack(path, piece)
            else:
                drawn = incident.of(attempt)
                repository.create(path, commits=drawn.pack.history(drawn.spec))
    except (repository.RepositoryFault, OSError) as fault:
        log.exception("Could not make the repository of attempt %s", attempt.pk)
        raise CouldNotPrepare(
            "We could not prepare your repository. Your clock has not started. Try again in a minute."
        ) from fault
    if attempt.handed_out_id is None:
        incident.prepare(attempt)
