"""Starting: one attempt, one clock, and every reason why not."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.models import Accommodation, User
from exams import ledger, queries, start, twins
from exams.access import AdminsOnly
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState, Event, Stage
from exams.void import AlreadyVoid, ReasonMissing, void
from sandboxes import repository
from tests.attempts import NOON, SLUG, definition, drawn_for, live_attempt, prepared, published_twin, ready_attempt
from tests.people import Cast, standing_cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_repositories")]


@pytest.fixture
def signed_off(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """Attempts that count as signed off, without a review."""
    attempts: list[Attempt] = []
    monkeypatch.setattr(start, "previous_is_finished", [lambda attempt: attempt in attempts])
    return attempts


def _close(attempt: Attempt) -> Attempt:
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.CLOSED, closed_at=database_now())
    attempt.refresh_from_db()
    return attempt


def _start(learner: User) -> Attempt:
    ready = prepared(learner, now=NOON)
    return start.begin(learner=learner, attempt_id=ready.pk, now=NOON)


# --- The clock -------------------------------------------------------------------------------------------------------


def test_start_fixes_both_deadlines_and_records_them(cast: Cast) -> None:
    published_twin()
    attempt = _start(cast.learner)
    live, postmortem = attempt.stages.all()
    assert (attempt.state, attempt.started_at) == (AttemptState.LIVE, NOON)
    assert (live.opens_at, live.closes_at) == (NOON, NOON + timedelta(minutes=90))
    assert (postmortem.opens_at, postmortem.closes_at) == (NOON, NOON + timedelta(minutes=330))
    started = Event.objects.get(attempt=attempt, kind="attempt.started")
    assert started.at == NOON
    assert started.is_receipt
    assert [stage["closes_at"] for stage in started.payload["stages"]] == [
        ledger.iso(live.closes_at),
        ledger.iso(postmortem.closes_at),
    ]


def test_an_accommodation_multiplies_every_window(cast: Cast) -> None:
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason="granted", granted_by=cast.admin)
    attempt = live_attempt(cast.learner, started_at=NOON)
    live, postmortem = attempt.stages.all()
    assert attempt.multiplier_percent == 150
    assert live.closes_at == NOON + timedelta(minutes=135)
    assert postmortem.closes_at == live.closes_at + timedelta(hours=6)


def test_an_accommodation_granted_later_moves_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=200, reason="late", granted_by=cast.admin)
    assert attempt.stages.get(key="live").closes_at == NOON + timedelta(minutes=90)


def test_the_database_never_moves_a_start(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(IntegrityError, match="never moved"), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(started_at=NOON + timedelta(minutes=1))


# --- The repository --------------------------------------------------------------------------------------------------


def test_the_repository_holds_the_incident_before_the_clock_starts(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner, with_repository=True)
    assert attempt.state == AttemptState.READY
    assert attempt.started_at is None
    assert repository.head(queries.repository_path(attempt))
    own = queries.own_repository(attempt)
    assert own["clone_url"].endswith(f"/git/{attempt.pk}.git")
    assert len(own["token"]) == 40


def test_a_crash_between_preparing_and_beginning_is_taken_up_by_the_next_start(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()
    with monkeypatch.context() as crashing:
        crashing.setattr(repository, "unpack", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepared(cast.learner, now=NOON)
    left = Attempt.objects.get()
    assert left.state == AttemptState.READY
    ready = start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    attempt = start.begin(learner=cast.learner, attempt_id=ready.pk, now=NOON)
    assert attempt.pk == left.pk
    assert (attempt.number, attempt.state) == (1, AttemptState.LIVE)
    assert repository.head(queries.repository_path(attempt))


def test_a_repository_that_cannot_be_made_starts_no_clock(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()

    def broken(*_: object, **__: object) -> str:
        raise repository.RepositoryFault("the disk is full")

    monkeypatch.setattr(repository, "unpack", broken)
    with pytest.raises(start.CouldNotPrepare, match="has not started"):
        prepared(cast.learner, now=NOON)
    assert not Stage.objects.exists()


def test_a_ready_attempt_at_an_older_version_is_set_aside(cast: Cast) -> None:
    old = ready_attempt(cast.learner)
    newer, _ = twins.publish(definition(title="Changed"), now=NOON)
    attempt = prepared(cast.learner, now=NOON)
    assert attempt.pk != old.pk
    assert attempt.twin == newer
    old.refresh_from_db()
    assert old.state == AttemptState.VOID
    assert ledger.verify(old.pk) is None


def test_one_that_waits_without_anything_drawn_for_it_is_set_aside(cast: Cast) -> None:
    """Earlier versions pinned an incident and drew it while the learner waited: a crash in between left this."""
    old = ready_attempt(cast.learner)
    with pytest.raises(start.IncidentBeingPrepared):
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    old.refresh_from_db()
    assert (old.state, old.void_reason) == (
        AttemptState.VOID,
        "The incident of this attempt was never drawn, and it had not begun.",
    )
    assert prepared(cast.learner, now=NOON).number == 2


# --- One at a time ---------------------------------------------------------------------------------------------------


def test_a_second_start_is_refused_and_names_the_live_attempt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    with pytest.raises(start.AlreadyLive) as refused:
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    assert refused.value.facts == {"attempt": str(attempt.pk)}
    with pytest.raises(start.AlreadyLive):
        start.begin(learner=cast.learner, attempt_id=attempt.pk, now=NOON)


def test_one_live_attempt_whatever_the_twin(cast: Cast) -> None:
    live_attempt(cast.learner)
    twins.publish(definition(slug="another-incident"), now=NOON)
    with pytest.raises(start.AlreadyLive):
        start.prepare(learner=cast.learner, slug="another-incident", now=NOON)


def test_the_database_holds_one_live_attempt_a_learner(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    with pytest.raises(IntegrityError, match="attempt_one_live_per_learner"), transaction.atomic():
        Attempt.objects.create(
            learner=cast.learner,
            twin=attempt.twin,
            twin_slug="other",
            number=1,
            state=AttemptState.LIVE,
            started_at=NOON,
            incident_class="T1",
            incident_seed=1,
        )


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_instant_start_one_attempt() -> None:
    learner = standing_cast().learner
    published_twin()
    drawn_for(learner)
    tabs = 6
    together = threading.Barrier(tabs)
    started: list[Attempt] = []
    refused: list[start.AlreadyLive] = []

    def press() -> None:
        together.wait()
        try:
            ready = start.prepare(learner=learner, slug=SLUG, now=database_now())
            started.append(start.begin(learner=learner, attempt_id=ready.pk, now=database_now()))
        except start.AlreadyLive as already:
            refused.append(already)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(tabs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 1
    assert len(refused) == tabs - 1
    assert {refusal.facts["attempt"] for refusal in refused} == {str(started[0].pk)}
    assert Attempt.objects.count() == 1
    assert Stage.objects.count() == 2
    assert ledger.verify(started[0].pk) is None


# --- Again -----------------------------------------------------------------------------------------------------------


def test_the_next_attempt_waits_for_the_sign_off(cast: Cast, signed_off: list[Attempt]) -> None:
    first = _close(live_attempt(cast.learner))
    with pytest.raises(start.PreviousNotSignedOff) as refused:
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    assert refused.value.facts == {"attempt": str(first.pk)}
    signed_off.append(first)
    assert live_attempt(cast.learner).number == 2


def test_there_are_two_attempts_and_no_third(cast: Cast, signed_off: list[Attempt]) -> None:
    for number in (1, 2):
        attempt = _close(live_attempt(cast.learner))
        assert attempt.number == number
        signed_off.append(attempt)
    with pytest.raises(start.NoAttemptsLeft, match="all 2 attempts"):
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)


def test_a_voided_attempt_does_not_count_and_does_not_block(cast: Cast) -> None:
    for _ in range(3):
        attempt = live_attempt(cast.learner)
        void(attempt_id=attempt.pk, actor=cast.admin, reason="The platform was away.", now=NOON)
    assert live_attempt(cast.learner).number == 4


def test_a_re_attempt_never_gets_an_incident_seen_before(cast: Cast) -> None:
    seen = []
    for _ in range(4):
        attempt = live_attempt(cast.learner)
        seen.append((attempt.incident_class, attempt.incident_seed))
        void(attempt_id=attempt.pk, actor=cast.admin, reason="Again.", now=NOON)
    assert len(set(seen)) == 4
    assert {seen[0][0], seen[1][0]} == {"T1", "T2"}, "another class while there is one"


def test_the_database_refuses_an_incident_seen_before(cast: Cast) -> None:
    attempt = _close(live_attempt(cast.learner))
    with pytest.raises(IntegrityError, match="attempt_incident_never_again"), transaction.atomic():
        Attempt.objects.create(
            learner=cast.learner,
            twin=attempt.twin,
            twin_slug=attempt.twin_slug,
            number=2,
            incident_class=attempt.incident_class,
            incident_seed=attempt.incident_seed,
        )


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_only_learners_start(cast: Cast, who: str) -> None:
    published_twin()
    with pytest.raises(start.LearnersOnly):
        start.prepare(learner=getattr(cast, who), slug=SLUG, now=NOON)


def test_nobody_begins_an_attempt_of_somebody_else(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner)
    with pytest.raises(start.NotPrepared):
        start.begin(learner=cast.other_learner, attempt_id=attempt.pk, now=NOON)


def test_a_twin_that_is_not_published_cannot_be_started(cast: Cast) -> None:
    with pytest.raises(start.NoSuchTwin):
        start.prepare(learner=cast.learner, slug="nowhere", now=NOON)


# --- Void ------------------------------------------------------------------------------------------------------------


def test_voiding_takes_an_admin_and_a_reason_and_happens_once(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    for who in (cast.learner, cast.mentor):
        with pytest.raises(AdminsOnly):
            void(attempt_id=attempt.pk, actor=who, reason="no", now=NOON)
    with pytest.raises(ReasonMissing):
        void(attempt_id=attempt.pk, actor=cast.admin, reason="  ", now=NOON)
    voided = void(attempt_id=attempt.pk, actor=cast.admin, reason=" Power cut. ", now=NOON)
    assert (voided.state, voided.void_reason) == (AttemptState.VOID, "Power cut.")
    event = Event.objects.get(attempt=attempt, kind="attempt.voided")
    assert (event.actor, event.payload) == (cast.admin, {"reason": "Power cut.", "was": "live"})
    with pytest.raises(AlreadyVoid, match="Power cut"):
        void(attempt_id=attempt.pk, actor=cast.admin, reason="Again.", now=NOON)


def test_a_void_attempt_never_comes_back(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    void(attempt_id=attempt.pk, actor=cast.admin, reason="Power cut.", now=NOON)
    with pytest.raises(IntegrityError, match="cannot go from void to live"), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.LIVE)
