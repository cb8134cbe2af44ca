"""① Starts an attempt: an incident and a repository are prepared, then one transaction fixes every deadline."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from accounts.models import Accommodation, Role, User
from exams import incident, ledger, receipts
from exams.clock import schedule
from exams.errors import Refusal
from exams.models import Attempt, AttemptState, Stage, TwinVersion
from exams.packs import NothingLeftToDraw, Spec
from exams.queries import repository_path
from exams.twins import Twin, current
from sandboxes import repository

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

    from exams.packs import Pack

log = logging.getLogger(__name__)

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
    """An attempt that is READY to begin: its incident drawn, its repository made. No clock runs yet.

    1. Check that the learner may start, and draw an incident they have not seen. A READY attempt that a crash or
       another tab left is taken up again instead.
    2. Make its repository, outside any transaction; making it again changes nothing.

    Raises:
        NoSuchTwin, LearnersOnly, AlreadyLive, NoAttemptsLeft, PreviousNotSignedOff: the learner may not start.
        CouldNotPrepare: the repository could not be made.
    """
    version = published(slug)
    with transaction.atomic():
        _hold_learner(learner)
        require_may_start(learner, version)
        attempt = _ready_attempt(learner, version, now)
    _make_repository(attempt)
    incident.prepare(attempt)
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
    granted = Accommodation.objects.filter(learner=learner).first()
    return granted.multiplier_percent if granted else 100


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
    pack = incident.pack_of(Twin.from_json(version.definition))
    spec = _draw(learner, version.slug, pack)
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
        payload={"failure_class": spec.failure_class, "seed": spec.seed},
        actor=learner,
        at=now,
        visible=False,
    )
    return attempt


def _draw(learner: User, slug: str, pack: Pack) -> Spec:
    """An incident this learner has never seen: another class while there is one, and always another seed."""
    seen = Attempt.objects.filter(learner=learner, twin_slug=slug, started_at__isnull=False)
    drawn = [Spec(each.incident_class, each.incident_seed) for each in seen]
    try:
        return pack.draw(seed=secrets.randbelow(_SEEDS), avoid={spec.key for spec in drawn})
    except NothingLeftToDraw:
        # After voided attempts every class may have been seen; names, values and documents are still all new.
        return pack.draw(seed=secrets.randbelow(_SEEDS), avoid={f"/{spec.seed}" for spec in drawn})


def _set_aside(attempt: Attempt, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.READY).update(
        state=AttemptState.VOID, void_reason=_NEVER_BEGAN
    )
    ledger.append(attempt=attempt, kind="attempt.voided", payload={"reason": _NEVER_BEGAN}, actor=None, at=now)


def _make_repository(attempt: Attempt) -> None:
    drawn = incident.of(attempt)
    path = repository_path(attempt)
    commits = drawn.pack.history(drawn.spec)
    try:
        try:
            repository.create(path, commits=commits)
        except OSError:
            # Another tab put the same repository in its place between our look and our move: then it is there now.
            repository.create(path, commits=commits)
    except (repository.RepositoryFault, OSError) as fault:
        log.exception("Could not make the repository of attempt %s", attempt.pk)
        raise CouldNotPrepare(
            "We could not prepare your repository. Your clock has not started. Try again in a minute."
        ) from fault
