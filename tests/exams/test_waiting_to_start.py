"""An empty stock: nothing is drawn while a learner waits, and no clock runs until they are told that it does."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from knox.models import AuthToken

from accounts.models import Role, User
from deploy.demo.api import NotAsItShouldBe, Person
from exams import incident, ledger, start, stock, tasks, twins, wanted
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState, Stage, StockedIncident, StockState, WaitingStart
from exams.packs import Spec
from exams.void import void
from sandboxes import repository
from tests import web_server
from tests.attempts import NOON, SLUG, definition, published_twin
from tests.exams.test_stock import START, fill, press, ready, together
from tests.packs import SmallPack
from tests.people import Cast, client_of, standing_cast

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_repositories", "rung")]
PREPARING = "/problems/incident-being-prepared"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Classes that cannot be drawn."""
    classes: set[str] = set()
    base = SmallPack.base

    def whole(pack: SmallPack, spec: Spec) -> Any:
        if spec.failure_class in classes:
            raise ArithmeticError("no usable world")
        return base(pack, spec)

    monkeypatch.setattr(SmallPack, "base", whole)
    return classes


def work() -> None:
    """The stock's worker, until nothing is left to do or the pack has stopped it."""
    while stock.draw_next(at_least=0, now=database_now()) == stock.Outcome.DRAWN:
        pass


def learners(number: int) -> list[User]:
    return [User.objects.create_user(f"w{n}@learn.example", role=Role.LEARNER) for n in range(number)]


@pytest.mark.django_db(transaction=True)
def test_six_who_start_at_once_on_an_empty_stock_are_told_at_once_and_start_when_theirs_is_drawn(
    rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()
    crowd = learners(6)
    make = incident.make
    with monkeypatch.context() as web:
        web.setattr(incident, "make", lambda *_: pytest.fail("a start drew"))
        took: list[float] = []

        def one(which: int) -> Any:
            began = time.monotonic()
            answer = client_of(crowd[which]).post(START, headers={"Idempotency-Key": f"start-{which}"})
            took.append(time.monotonic() - began)
            return answer

        answers: Any = together(6, one)
    assert incident.make is make
    assert [answer.status_code for answer in answers] == [503] * 6, [answer.content for answer in answers]
    assert max(took) < 15  # drawing six one after the other is what it must not be
    for answer in answers:
        said = answer.json()
        assert answer["Content-Type"] == "application/problem+json"
        assert (said["type"], answer["Retry-After"], said["retry_after_seconds"]) == (PREPARING, "5", 5)
        assert "Your clock has not started, and it does not start by itself" in said["detail"]
    assert not Attempt.objects.exists()
    assert not Stage.objects.exists()
    said = client_of().get("/readyz").json()["parts"]["stock"]
    assert said == {"ok": True, "detail": f"incidents ready: {SLUG}: 0; 6 wait to start until theirs is drawn"}
    assert rung == ["exams.tasks.fill_stock"] * 6

    for _ in range(8):
        tasks.fill_stock()
    assert ready().count() == 6
    assert not Attempt.objects.exists(), "nothing starts behind anybody's back"
    again: Any = together(6, one)
    assert [answer.status_code for answer in again] == [201] * 6, [answer.content for answer in again]
    assert Attempt.objects.filter(state=AttemptState.LIVE).count() == 6
    assert not WaitingStart.objects.exists()
    assert all(ledger.verify(attempt.pk) is None for attempt in Attempt.objects.all())


def test_a_start_sent_again_with_its_key_is_the_same_attempt_whoever_lost_the_answer(cast: Cast) -> None:
    published_twin()
    client = client_of(cast.learner)
    key = {"Idempotency-Key": "one start"}
    assert client.post(START, headers=key).json()["type"] == PREPARING
    work()
    first = client.post(START, headers=key)
    second = client.post(START, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Idempotent-Replayed"] == "true"
    same = ("id", "started_at", "repository", "brief")
    assert [first.json()[each] for each in same] == [second.json()[each] for each in same]
    assert Attempt.objects.count() == 1
    other = client.post(START, headers={"Idempotency-Key": "another"})
    assert (other.status_code, other.json()["attempt"]) == (409, first.json()["id"])


@pytest.mark.django_db(transaction=True)
def test_a_start_whose_client_has_hung_up_is_answered_to_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = standing_cast().learner
    published_twin()
    fill(2)
    reached, hung_up = threading.Event(), threading.Event()
    unpack = repository.unpack

    def slow(path: Path, piece: bytes) -> None:
        reached.set()
        assert hung_up.wait(20)
        unpack(path, piece)

    monkeypatch.setattr(repository, "unpack", slow)
    headers = {"Authorization": f"Token {AuthToken.objects.create(learner)[1]}", "Idempotency-Key": "mine"}
    with web_server.running() as address:
        host, port = address.removeprefix("http://").split(":")
        gone = http.client.HTTPConnection(host, int(port), timeout=20)
        gone.request("POST", START, headers=headers)
        assert reached.wait(20)
        gone.close()
        hung_up.set()
        for _ in range(40):
            again = httpx.post(address + START, headers=headers, timeout=20, trust_env=False)
            if again.json().get("type") != "/problems/still-answering":
                break
            time.sleep(float(again.headers["Retry-After"]))
    attempt = Attempt.objects.get()
    assert (again.status_code, again.json()["id"]) == (201, str(attempt.pk))
    assert attempt.state == AttemptState.LIVE


@pytest.mark.django_db(transaction=True)
def test_programs_of_ours_come_again_as_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = standing_cast().learner
    published_twin()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        work()

    monkeypatch.setattr("deploy.demo.api.time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    with web_server.running() as address:
        person = Person(address, "ada", AuthToken.objects.create(learner)[1])
        started = person.start(SLUG)
        with pytest.raises(NotAsItShouldBe, match="409"):
            person.start(SLUG)
        person.close()
    assert started["state"] == "live"
    assert slept == [5.0]


def test_a_start_whose_process_ended_before_it_was_answered_is_named_by_the_next(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()
    fill(2)
    client = client_of(cast.learner)
    key = {"Idempotency-Key": "one start"}
    with monkeypatch.context() as crashing:
        crashing.setattr("exams.api.twins.attempt_answer", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            client.post(START, headers=key)
    again = client.post(START, headers=key)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-live")
    assert again.json()["attempt"] == str(Attempt.objects.get(state=AttemptState.LIVE).pk)


def test_what_is_drawn_suits_whoever_has_been_here_before(cast: Cast) -> None:
    published_twin()
    fill(4)
    seen = []
    for _ in range(4):
        attempt = press(cast.learner)
        seen.append(Spec(attempt.incident_class, attempt.incident_seed))
        void(attempt_id=attempt.pk, actor=cast.admin, reason="Again.", now=database_now())
        StockedIncident.objects.filter(state=StockState.READY, incident_class=attempt.incident_class).delete()
        while True:
            try:
                start.prepare(learner=cast.learner, slug=SLUG, now=database_now())
                break
            except start.IncidentBeingPrepared:
                work()
    assert len(set(seen)) == 4


def test_one_in_the_stock_that_fits_the_other_is_not_counted_for_both(cast: Cast) -> None:
    version = published_twin()
    fill(2)
    first = press(cast.learner)
    void(attempt_id=first.pk, actor=cast.admin, reason="Again.", now=database_now())
    StockedIncident.objects.filter(state=StockState.READY).delete()
    for who in (cast.learner, cast.other_learner):
        with pytest.raises(start.IncidentBeingPrepared):
            press(who)
    work()
    assert ready().count() == 2
    assert any(wanted.fits(SmallPack(), row.spec, wanted.needs(cast.learner, version)) for row in ready())


def test_who_has_gone_is_drawn_for_no_more(cast: Cast) -> None:
    version = published_twin()
    with pytest.raises(start.IncidentBeingPrepared):
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    gone = NOON + wanted.WAITS_FOR
    assert stock.draw_next(at_least=0, now=gone) == stock.Outcome.FULL
    stock.sweep(now=gone - timedelta(microseconds=1))
    assert WaitingStart.objects.get().twin == version
    stock.sweep(now=gone)
    assert not WaitingStart.objects.exists()


def test_a_claim_that_a_crash_left_holds_nobody_up_for_long(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    with pytest.raises(start.IncidentBeingPrepared):
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    with monkeypatch.context() as crashing:
        crashing.setattr(incident, "make", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stock.draw_next(at_least=0, now=NOON)
    assert stock.draw_next(at_least=0, now=NOON) == stock.Outcome.FULL
    assert stock.draw_next(at_least=0, now=NOON + timedelta(minutes=1)) == stock.Outcome.DRAWN


def test_who_waits_is_told_how_many_wait_before_them_and_how_many_are_being_drawn(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()

    def told(who: User) -> tuple[int, int]:
        said = client_of(who).post(START).json()
        return said["before_you"], said["being_drawn"]

    assert [told(who) for who in (cast.learner, cast.other_learner, cast.learner)] == [(0, 0), (1, 0), (0, 0)]
    with monkeypatch.context() as crashing:
        crashing.setattr(incident, "make", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stock.draw_next(at_least=0, now=database_now())
    assert told(cast.other_learner) == (1, 1)
    StockedIncident.objects.update(leased_until=database_now())  # as if that worker had been gone for long
    assert told(cast.other_learner) == (1, 0)
    work()
    press(cast.learner)
    StockedIncident.objects.filter(state=StockState.READY).delete()
    assert told(cast.other_learner) == (0, 0)


def test_a_wait_that_is_too_long_is_an_error_in_the_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    published_twin()
    for seconds in (0, 50, 100):
        with pytest.raises(start.IncidentBeingPrepared) as refused:
            start.prepare(learner=cast.learner, slug=SLUG, now=NOON + timedelta(seconds=seconds))
    assert "tell whoever runs this exam" in str(refused.value)
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING, logging.ERROR]
    assert "has waited 100 s" in caplog.text
    assert "does the worker named stock run?" in caplog.text


# --- What cannot be drawn --------------------------------------------------------------------------------------------


def test_a_pack_that_cannot_draw_is_a_fault_of_ours_and_not_an_endless_wait(
    cast: Cast, broken: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    published_twin()
    broken |= {"T1", "T2"}
    client = client_of(cast.learner)
    told = []
    for _ in range(6):
        told.append(client.post(START).json()["type"])
        stock.draw_next(at_least=0, now=database_now())
    assert told == [PREPARING] * 3 + ["/problems/could-not-prepare"] * 3
    said = client.post(START)
    assert said.status_code == 503
    assert "Your clock has not started" in said.json()["detail"]
    assert "no usable world" not in said.content.decode(), "nothing of the incident is told"
    record = [each for each in caplog.records if each.name == "exams.start"][-1]
    assert record.levelno == logging.ERROR
    assert "No incident of jt-incident-4 can be drawn" in record.getMessage()
    assert "ArithmeticError: no usable world" in caplog.text
    assert StockedIncident.objects.filter(state=StockState.FAILED).count() == 3
    assert not Attempt.objects.exists()

    broken.clear()
    StockedIncident.objects.update(claimed_at=database_now() - wanted.COOLING)
    assert client.post(START).json()["type"] == PREPARING
    work()
    assert client.post(START).status_code == 201


def test_a_class_that_cannot_be_drawn_keeps_nobody_from_another(cast: Cast, broken: set[str]) -> None:
    published_twin()
    broken.add("T1")
    for _ in range(3):
        with pytest.raises(start.IncidentBeingPrepared):
            press(cast.learner)
        if stock.draw_next(at_least=0, now=database_now()) == stock.Outcome.DRAWN:
            break
    assert press(cast.learner).incident_class == "T2"


def test_a_pack_that_is_not_there_or_has_no_specification_is_a_fault_of_ours(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    twins.publish(definition(slug="another-incident", pack="exams.packs.nowhere"), now=NOON)
    with pytest.raises(start.CouldNotPrepare, match="Your clock has not started"):
        start.prepare(learner=cast.learner, slug="another-incident", now=NOON)
    assert "NoSuchPack: 'exams.packs.nowhere' cannot be imported" in caplog.text
    published_twin()
    monkeypatch.setattr(SmallPack, "draw", lambda *_, **__: 1 // 0)
    with pytest.raises(start.CouldNotPrepare):
        start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    assert "ZeroDivisionError" in caplog.text
    assert not WaitingStart.objects.exists()
