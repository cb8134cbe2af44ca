"""① Starts an attempt: an incident is taken from the stock, then one transaction fixes every deadline."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from prometheus_client import Counter

from accounts.models import Accommodation, Role, User
from exams import doorbell, ledger, own_repository, receipts, stock, wanted
from exams.clock import schedule
from exams.errors import Refusal
from exams.live import deployments
from exams.models import Attempt, AttemptState, DeploymentState, Stage, TwinVersion
from exams.twins import Twin, current
from sandboxes import repository

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

    from exams.packs import Spec

log = logging.getLogger(__name__)

_INCIDENTS = Counter("hotseat_incidents_total", "Incidents given to attempts.")
_PUT_OFF = Counter(
    "hotseat_starts_put_off_total", "Presses of start that found no incident ready and were asked to come again."
)

# Whether an attempt has been signed off is known to rubrics, which exams cannot import: it adds its rule here.
previous_is_finished: list[Callable[[Attempt], bool]] = []

TRY_AGAIN_SECONDS = 5  # about two drawings
_TOO_LONG = timedelta(minutes=1)
_NEVER_BEGAN = "The twin was published anew before this attempt began."
_NEVER_WHOLE = "The incident of this attempt was never drawn, and it had not begun."


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


class IncidentBeingPrepared(Refusal):
    """No incident that fits is ready yet; one is being drawn. No clock has started, and none starts by itself."""


class CouldNotPrepare(Refusal):
    """We could not make the incident or its repository: our fault; no clock has started."""


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

    1. Check that the learner may start, and take an incident they have not seen from the stock. A READY attempt that a
       crash or another tab left is taken up again instead, with its incident.
    2. Put its repository in its place, outside any transaction and in one tab at a time. What is there already is left
       alone.

    Nothing is drawn here, for that takes seconds of a core: when nothing in the stock fits, it is kept that they wait,
    the stock's worker is rung for, and they are asked to press again.

    Raises:
        NoSuchTwin, LearnersOnly, AlreadyLive, NoAttemptsLeft, PreviousNotSignedOff: the learner may not start.
        IncidentBeingPrepared: press again in a few seconds.
        CouldNotPrepare: the incident cannot be drawn, or its repository could not be made.
    """
    version = published(slug)
    with transaction.atomic():
        _hold_learner(learner)
        require_may_start(learner, version)
        try:
            attempt = _ready_attempt(learner, version, now)
            waits = None if attempt else _waits(learner, version, now)
        except wanted.CannotDraw as fault:
            log.exception("No incident of %s can be drawn for learner %s: they cannot start.", slug, learner.pk)
            raise CouldNotPrepare(
                "We cannot draw an incident for you at the moment: a fault of ours, kept in the operator's log. Your "
                "clock has not started. Tell whoever runs this exam, and try again in some minutes."
            ) from fault
        doorbell.ring("exams.tasks.fill_stock")
    if attempt is None:
        assert waits is not None  # noqa: S101 - narrows: whoever got no incident waits
        raise _put_off(version, waits)
    try:
        own_repository.put_in_place(attempt)
    except (repository.RepositoryFault, OSError) as fault:
        log.exception("Could not make the repository of attempt %s", attempt.pk)
        raise CouldNotPrepare(
            "We could not prepare your repository. Your clock has not started. Try again in a minute."
        ) from fault
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


def _ready_attempt(learner: User, version: TwinVersion, now: datetime) -> Attempt | None:
    """The one that waits to begin, or a new one with an incident from the stock; None when nothing there fits."""
    waiting = Attempt.objects.filter(learner=learner, twin_slug=version.slug, state=AttemptState.READY).first()
    if waiting is not None:
        if waiting.twin_id == version.pk and own_repository.is_whole(waiting):
            return waiting
        _set_aside(waiting, _NEVER_BEGAN if waiting.twin_id != version.pk else _NEVER_WHOLE, now)
    taken = stock.take(version=version, avoid=wanted.needs(learner, version))
    if taken is None:
        return None
    attempt = _pinned(learner, version, taken.spec, now)
    stock.hand_over(taken, attempt)
    wanted.forget(learner)
    _INCIDENTS.inc()
    return attempt


def _pinned(learner: User, version: TwinVersion, spec: Spec, now: datetime) -> Attempt:
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
        attempt=attempt, kind="attempt.prepared", payload=spec.to_json(), actor=learner, at=now, visible=False
    )
    return attempt


def _waits(learner: User, version: TwinVersion, now: datetime) -> wanted.Wait:
    """Keep that this learner waits for an incident; where they stand.

    Raises:
        wanted.CannotDraw: waiting would not help.
    """
    stock.require_drawable(version, wanted.needs(learner, version), now=now)
    return wanted.note(learner, version, now=now)


def _put_off(version: TwinVersion, waits: wanted.Wait) -> IncidentBeingPrepared:
    _PUT_OFF.inc()
    seconds = waits.waited.total_seconds()
    longer = ""
    if waits.waited >= _TOO_LONG:
        log.error(
            "A learner has waited %.0f s for an incident of %s: does the worker named stock run? See `manage.py stock`",
            seconds,
            version.slug,
        )
        longer = " It takes longer than it should: tell whoever runs this exam if it goes on."
    else:
        log.warning("The stock of %s has nothing for a learner, who has waited %.0f s.", version.slug, seconds)
    return IncidentBeingPrepared(
        "Your incident is being prepared. Your clock has not started, and it does not start by itself: press start "
        f"again in {TRY_AGAIN_SECONDS} seconds.{longer}",
        retry_after_seconds=TRY_AGAIN_SECONDS,
        before_you=waits.before,
        being_drawn=waits.being_drawn,
    )


def _set_aside(attempt: Attempt, reason: str, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.READY).update(state=AttemptState.VOID, void_reason=reason)
    ledger.append(attempt=attempt, kind="attempt.voided", payload={"reason": reason}, actor=None, at=now)
