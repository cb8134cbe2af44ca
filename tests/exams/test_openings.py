"""Which sources were handed to a learner: theirs only, while it is live, seldom written, and in nobody's way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from exams import access, ledger, openings, submit
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState, Opening, Question, QuestionState, Source
from grading.evidence.kept import Kept
from grading.evidence.opened import opened as shown
from tests.attempts import SLUG, drawn_for, live_attempt, published_twin, ready_attempt
from tests.people import Cast, client_of, standing_cast

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

READINGS = {
    Source.TELEMETRY: "attempts/{id}/telemetry/",
    Source.DEPLOYMENTS: "attempts/{id}/deployments/",
    Source.BRIEF: f"twins/{SLUG}/",
    Source.EXPORT: "attempts/{id}/export/",
}


def read(person: Any, attempt: Attempt, address: str) -> int:
    answer = client_of(person).get(f"/api/v1/{address.format(id=attempt.pk)}")
    answer.getvalue()  # a zip is closed when it was read
    return answer.status_code


def noted(attempt: Attempt) -> dict[str, int]:
    return dict(Opening.objects.filter(attempt=attempt).values_list("what", "times"))


def said(attempt: Attempt, *kinds: str) -> None:
    """Somebody in the room speaks."""
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        for kind in kinds:
            ledger.append(attempt=held, kind=kind, payload={"text": "Hm."}, actor=None, at=database_now())


def asked(attempt: Attempt, state: QuestionState) -> None:
    at = database_now()
    over = {"answered_at": at, "reply": {"reply": {"text": "45 USD"}}} if state == QuestionState.ANSWERED else {}
    Question.objects.create(attempt=attempt, number=1, text="The fee?", received_at=at, state=state, **over)


@pytest.mark.usefixtures("own_repositories")
def test_the_answer_to_the_start_holds_the_brief_and_counts_as_its_opening(cast: Cast) -> None:
    published_twin()
    drawn_for(cast.learner)
    started = client_of(cast.learner).post(f"/api/v1/twins/{SLUG}/start/")
    assert started.status_code == 201
    assert started.json()["brief"] is not None
    attempt = Attempt.objects.get(pk=started.json()["id"])
    assert noted(attempt) == {"brief": 1}


@pytest.mark.parametrize(("source", "address"), READINGS.items())
def test_what_the_learner_is_handed_is_noted_once_a_minute(cast: Cast, source: Source, address: str) -> None:
    attempt = live_attempt(cast.learner)
    before = database_now()
    assert [read(cast.learner, attempt, address) for _ in range(3)] == [200, 200, 200]
    row = Opening.objects.get(attempt=attempt)
    assert (row.what, row.times) == (source, 1)
    assert before <= row.first_at == row.last_at <= database_now()


@pytest.mark.parametrize("address", [*READINGS.values(), "attempts/{id}/events/", "attempts/{id}/questions/"])
def test_nobody_elses_reading_is_noted(cast: Cast, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(cast.learner)
    said(attempt, "inject.alert")
    asked(attempt, QuestionState.ANSWERED)
    monkeypatch.setattr(access, "mentors_may_see", [lambda user, _: user.pk == cast.mentor.pk])
    for person in (cast.mentor, cast.other_mentor, cast.admin, cast.other_learner, None):
        read(person, attempt, address)
    assert noted(attempt) == {}


def test_the_feed_tells_alerts_complaints_and_messages_apart(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    read(cast.learner, attempt, "attempts/{id}/events/")
    assert noted(attempt) == {}  # there were none yet
    said(attempt, "inject.alert")
    read(cast.learner, attempt, "attempts/{id}/events/")
    assert noted(attempt) == {"alerts": 1}
    said(attempt, "inject.customer", "inject.executive", "inject.support")
    read(cast.learner, attempt, "attempts/{id}/events/?limit=1")
    assert noted(attempt) == {"alerts": 1}
    read(cast.learner, attempt, "attempts/{id}/events/")
    assert noted(attempt) == {"alerts": 1, "complaints": 1, "messages": 1}


@pytest.mark.parametrize("address", ["attempts/{id}/questions/", "attempts/{id}/questions/1/"])
@pytest.mark.parametrize("state", [QuestionState.WAITING, QuestionState.ANSWERED])
def test_answers_are_a_source_and_questions_that_wait_are_not(cast: Cast, address: str, state: QuestionState) -> None:
    attempt = live_attempt(cast.learner)
    asked(attempt, state)
    assert read(cast.learner, attempt, address) == 200
    assert noted(attempt) == ({"answers": 1} if state == QuestionState.ANSWERED else {})


@pytest.mark.parametrize("state", [AttemptState.CLOSED, AttemptState.VOID])
def test_only_while_it_is_live(cast: Cast, state: AttemptState) -> None:
    attempt = live_attempt(cast.learner)
    Attempt.objects.filter(pk=attempt.pk).update(
        state=state, closed_at=database_now(), void_reason="a test" if state == AttemptState.VOID else ""
    )
    for address in READINGS.values():
        read(cast.learner, attempt, address)
    assert noted(attempt) == {}


def test_before_the_start_there_is_nothing_to_open(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner)
    for address in READINGS.values():
        read(cast.learner, attempt, address)
    assert noted(attempt) == {}


def test_it_counts_on_after_a_minute_and_never_back(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    assert attempt.started_at is not None
    for seconds, times in ((5, 1), (64.9, 1), (65, 2), (70, 2), (3, 2), (125, 3)):
        now = attempt.started_at + timedelta(seconds=seconds)
        openings.opened(cast.learner, attempt, Source.TELEMETRY, now=now)
        assert noted(attempt) == {"telemetry": times}, seconds
    row = Opening.objects.get()
    assert row.first_at == attempt.started_at + timedelta(seconds=5)
    assert row.last_at == attempt.started_at + timedelta(seconds=125)


def test_a_reading_soon_after_costs_one_look(cast: Cast, django_assert_num_queries: Any) -> None:
    attempt = live_attempt(cast.learner)
    now = database_now()
    openings.opened(cast.learner, attempt, Source.TELEMETRY, Source.BRIEF, now=now)
    with django_assert_num_queries(1):
        openings.opened(cast.learner, attempt, Source.TELEMETRY, Source.BRIEF, now=now + timedelta(seconds=9))
    with django_assert_num_queries(0):
        openings.opened(cast.learner, attempt, now=now)
        openings.opened(cast.mentor, attempt, Source.TELEMETRY, now=now)


@pytest.mark.parametrize(
    "broken",
    [
        "SELECT id, 'horoscope', now(), now(), 1",
        "SELECT id, 'brief', now(), now(), 0",
        "SELECT id, 'brief', now(), now(), 2",
        "SELECT id, 'alerts', now(), now(), 1",
        "UPDATE exams_opening SET first_at = first_at - interval '1 hour'",
        "UPDATE exams_opening SET times = times + 9, last_at = last_at + interval '1 hour'",
        "DELETE FROM exams_opening",
    ],
)
def test_the_database_keeps_no_other_row_and_none_twice(cast: Cast, broken: str) -> None:
    attempt = live_attempt(cast.learner)
    openings.opened(cast.learner, attempt, Source.ALERTS, now=database_now())
    if broken.startswith("SELECT"):
        broken = f"INSERT INTO exams_opening (attempt_id, what, first_at, last_at, times) {broken} FROM exams_attempt"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(broken)


def test_the_mentor_sees_every_source_in_order_and_what_came_before_what(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    assert attempt.started_at is not None
    for minute, source in ((2, Source.TELEMETRY), (1, Source.BRIEF), (3, Source.TELEMETRY)):
        openings.opened(cast.learner, attempt, source, now=attempt.started_at + timedelta(minutes=minute))
    rows = shown(Kept(attempt, database_now()))
    assert [row["what"] for row in rows[:2]] == ["brief", "telemetry"]
    assert [row["what"] for row in rows] == sorted({*Source}, key=[row["what"] for row in rows].index)
    assert (rows[1]["seconds_after_start"], rows[1]["times"]) == (120.0, 2)
    assert rows[1]["before_diagnosis"] is rows[1]["before_deployment"] is None
    assert (rows[-1]["first_at"], rows[-1]["times"]) == (None, 0)
    kept = Kept(attempt, database_now())
    diagnosed = type("Filed", (), {"received_at": attempt.started_at + timedelta(seconds=90)})
    kept.confirmed = diagnosed  # type: ignore[assignment]
    assert [row["before_diagnosis"] for row in shown(kept)[:3]] == [True, False, None]


# --- At once ----------------------------------------------------------------------------------------------------------


@contextmanager
def elsewhere(isolation: str, *statements: tuple[str, list[Any]]) -> Iterator[None]:
    """Another connection, in a transaction that has done these and goes on."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
                for statement, values in statements:
                    cursor.execute(statement, values)
                holding.set()
                done.wait(20)
        finally:
            holding.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        try:
            assert holding.wait(10)
            yield
        finally:
            done.set()
        held.result()


ROW = "INSERT INTO exams_opening (attempt_id, what, first_at, last_at, times) VALUES (%s, 'telemetry', now(), now(), 1)"
HOLD = "SELECT 1 FROM exams_attempt WHERE id = %s FOR UPDATE"


@pytest.mark.django_db(transaction=True)
def test_many_readings_at_once_are_one_opening() -> None:
    attempt = live_attempt(standing_cast().learner)

    def one(_: int) -> int:
        try:
            return read(attempt.learner, attempt, READINGS[Source.TELEMETRY])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(12))) == {200}
    assert noted(attempt) == {"telemetry": 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "SERIALIZABLE"])
def test_an_opening_that_is_being_written_holds_up_neither_a_reading_nor_a_hand_in(isolation: str) -> None:
    attempt = live_attempt(standing_cast().learner)
    with elsewhere(isolation, (ROW, [attempt.pk])):
        began = database_now()
        assert read(attempt.learner, attempt, READINGS[Source.TELEMETRY]) == 200
        submit.hand_in(
            attempt=attempt,
            stage_key="live",
            deliverables={"diagnosis": "retrieval"},
            self_checks={"F1": "yes"},
            force_reason="a test",
            actor=attempt.learner,
            received_at=database_now(),
        )
        assert database_now() - began < timedelta(seconds=15)  # they would be held for twenty
    assert noted(attempt) == {"telemetry": 1}
    assert attempt.events.filter(kind="stage.handed_in").exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_holds_the_attempt_holds_up_no_reading() -> None:
    attempt = live_attempt(standing_cast().learner)
    with elsewhere("READ COMMITTED", (HOLD, [attempt.pk])):
        began = database_now()
        assert read(attempt.learner, attempt, READINGS[Source.DEPLOYMENTS]) == 200
        assert noted(attempt) == {"deployments": 1}  # its row waits for nobody
        assert database_now() - began < timedelta(seconds=15)  # they would be held for twenty
