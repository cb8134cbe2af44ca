"""What is due is written once, soon, into attempts that are live: whoever asks, however many at once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Accommodation
from exams import ledger, live, tasks
from exams.coworkers import speaking, watching
from exams.coworkers.speaking import CLAIMED_FOR, SETTLED_AFTER, catch_up, speak_due
from exams.database_clock import database_now
from exams.models import Attempt, Inject, Stage, StatusUpdate, Watch
from exams.packs.injects import Asks, InjectRule, Silence
from exams.submit import close_overdue
from exams.void import void
from tests import packs
from tests.attempts import NOON, live_attempt, move_windows, ready_attempt
from tests.crowd import crowd
from tests.exams.coworkers.scripts import OMAR, in_production, rule
from tests.people import Cast, client_of
from tests.work import LIVE_CLOSES, MICROSECOND, events

pytestmark = pytest.mark.django_db

AT_FIVE = rule("at_five", after=300, not_in_last=0)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the small pack's people something to say."""

    def says(*rules: InjectRule) -> None:
        monkeypatch.setattr(packs, "script", rules)

    says(AT_FIVE)
    return says


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def speak(at: datetime) -> int:
    return speak_due(lambda: at)


def started(cast: Cast, *, at: datetime = NOON) -> Attempt:
    attempt = live_attempt(cast.learner, started_at=at)
    in_production(attempt)
    return attempt


def told(attempt: Attempt) -> list[tuple[str, int]]:
    opens_at = Stage.objects.get(attempt=attempt, key="live").opens_at
    said = Inject.objects.filter(attempt=attempt).order_by("due_at")
    return [(one.rule, round((one.due_at - opens_at).total_seconds())) for one in said]


def post(attempt: Attempt, at: datetime, *, audience: str = "stakeholders") -> None:
    live.post_update(
        attempt=attempt,
        audience=StatusUpdate.Audience(audience),
        state=StatusUpdate.State.INVESTIGATING,
        text="We are looking into it.",
        impact="",
        next_update_at=None,
        actor=attempt.learner,
        received_at=at,
    )


# --- Once, soon, in words --------------------------------------------------------------------------------------------


def test_it_is_a_row_and_an_event_that_learner_and_mentor_read(cast: Cast, script: Any) -> None:
    script(rule("ask", after=300, texts=("Are customers safe?",), asks=Asks(("stakeholders",), 480)))
    attempt = started(cast)
    assert speak(second(300) + SETTLED_AFTER - MICROSECOND) == 0
    assert speak(second(300) + SETTLED_AFTER) == 1
    (event,) = events(attempt, "inject.support")
    assert event.payload == {
        "key": "ask",
        "occurrence": 1,
        "due_at": "2026-06-01T12:05:00.000000Z",
        "sender": {"role": "support", "name": "Rosa Lind", "title": "Support lead"},
        "text": "Are customers safe?",
        "asks": {"audiences": ["stakeholders"], "within_seconds": 480},
    }
    assert (event.actor, event.visible_to_learner, event.is_receipt) == (None, True, False)
    assert event.at == second(302)
    row = Inject.objects.get()
    assert (row.due_at, row.text, row.role) == (second(300), "Are customers safe?", "support")
    assert row.payload == event.payload
    assert ledger.verify(attempt.pk) is None
    for person in (cast.learner, cast.admin):
        body = client_of(person).get(f"/api/v1/attempts/{attempt.pk}/events/").json()
        (shown,) = [each for each in body["events"] if each["kind"] == "inject.support"]
        assert (shown["actor"], shown["payload"]["text"]) == ("platform", "Are customers safe?")


def test_however_often_it_is_asked_for_it_is_written_once(cast: Cast, script: Any) -> None:
    attempt = started(cast)
    assert [speak(second(302 + each)) for each in range(5)] == [1, 0, 0, 0, 0]
    assert catch_up(attempt.pk, second(400)) == 0
    Watch.objects.all().delete()  # it holds nothing that is not derived
    assert speak(second(500)) == 0
    assert told(attempt) == [("at_five", 300)]


def test_the_feed_does_not_wait_for_the_sweep(cast: Cast, script: Any) -> None:
    attempt = started(cast, at=database_now() - timedelta(seconds=330))
    tasks.speak()
    script(AT_FIVE, rule("later", after=305, sender=OMAR))
    Watch.objects.update(look_at=NOON)
    body = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/events/").json()
    shown = [each["payload"]["key"] for each in body["events"] if each["kind"] == "inject.support"]
    assert shown == ["at_five", "later"]


def test_what_is_not_due_costs_a_reader_two_questions(cast: Cast, script: Any) -> None:
    attempt = started(cast)
    speak(second(10))
    connection.force_debug_cursor = True
    before = len(connection.queries)
    assert catch_up(attempt.pk, second(20)) == 0
    assert len(connection.queries) - before == 2
    connection.force_debug_cursor = False


def test_an_act_is_looked_at_without_waiting_for_the_next_minute(cast: Cast, script: Any) -> None:
    script(rule("thanks", Silence(0, "customers"), after=300, texts=("{silence}",)), rule("end", after=5000))
    attempt = started(cast)
    post(attempt, second(1000), audience="engineering")
    speak(second(302))
    assert told(attempt) == [("thanks", 300)]
    watch = Watch.objects.get(stage__key="live")
    post(attempt, second(1002))
    speak(second(1003))
    assert Watch.objects.get(pk=watch.pk).seen_seq > watch.seen_seq


# --- Deterministic, however late -----------------------------------------------------------------------------------

NAGGING = (rule("quiet", Silence(600), times=4, again_after=300), rule("hello", after=60))


def test_how_late_the_sweep_is_changes_nothing(cast: Cast, script: Any) -> None:
    script(*NAGGING)
    swept, late = started(cast), live_attempt(cast.other_learner, started_at=NOON)
    in_production(late)
    posts = (second(400.2), second(1700.9))
    for attempt in (swept, late):
        post(attempt, posts[0])
    for now in range(10, 1700, 7):
        speaking.catch_up(swept.pk, second(now))
    for attempt in (swept, late):
        post(attempt, posts[1])
    for now in range(1700, 3000, 13):
        speaking.catch_up(swept.pk, second(now))
    catch_up(late.pk, second(3000))
    said = [("hello", 60), *(("quiet", at) for at in (1000, 1300, 1600, 2300))]
    assert told(swept) == told(late) == said
    texts = [list(Inject.objects.filter(attempt=each).values_list("payload", flat=True)) for each in (swept, late)]
    assert texts[0] == texts[1]


def test_the_same_acts_to_the_second_give_the_same_at_any_hour(cast: Cast, script: Any) -> None:
    script(*NAGGING)
    odd = datetime(2026, 7, 3, 3, 14, 15, 926535, tzinfo=NOON.tzinfo)
    one, other = started(cast), live_attempt(cast.other_learner, started_at=odd)
    in_production(other)
    post(one, second(400.999))
    post(other, odd + timedelta(seconds=400.001))
    catch_up(one.pk, second(3000))
    catch_up(other.pk, odd + timedelta(seconds=3000))
    assert told(one) == told(other)
    assert told(one)


def test_extra_time_stretches_the_script(cast: Cast, script: Any) -> None:
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason="granted", granted_by=cast.admin)
    attempt = started(cast)
    speak(second(1000))
    assert told(attempt) == [("at_five", 450)]


# --- The window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "written"), [(LIVE_CLOSES - MICROSECOND, 1), (LIVE_CLOSES, 0)])
def test_nothing_is_written_from_the_closing_on(cast: Cast, script: Any, now: datetime, written: int) -> None:
    attempt = started(cast)
    assert speak(now) == written
    close_overdue(now)
    assert catch_up(attempt.pk, now + timedelta(hours=1)) == 0


def test_nothing_is_due_at_the_closing_or_after_it(cast: Cast, script: Any) -> None:
    script(rule("last", after=5399, not_in_last=0), rule("never", after=5400, not_in_last=0))
    attempt = started(cast)
    move_windows(Stage.objects.filter(attempt=attempt, key="live"), closes_at=LIVE_CLOSES + timedelta(seconds=10))
    speak(LIVE_CLOSES + timedelta(seconds=5))
    assert told(attempt) == [("last", 5399)]  # the other one follows 20 seconds later, outside the window


def test_nobody_speaks_into_what_has_not_begun_is_void_or_over(cast: Cast, script: Any) -> None:
    ready_attempt(cast.learner, now=NOON)
    attempt = live_attempt(cast.other_learner, started_at=NOON)
    void(attempt_id=attempt.pk, actor=cast.admin, reason="a rehearsal", now=second(100))
    assert speak(second(400)) == 0
    assert Inject.objects.count() == 0


def test_what_was_voided_while_we_looked_gets_nothing(cast: Cast, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = started(cast)
    see = watching.see

    def voided_meanwhile(*args: Any, **named: Any) -> Any:
        void(attempt_id=attempt.pk, actor=cast.admin, reason="a rehearsal", now=second(302))
        return see(*args, **named)

    monkeypatch.setattr(speaking, "see", voided_meanwhile)
    assert speak(second(302)) == 0
    assert Inject.objects.count() == 0


def test_an_extension_makes_room_for_more(cast: Cast, script: Any) -> None:
    script(rule("more", after=5500, not_in_last=60))
    attempt = started(cast)
    assert speak(LIVE_CLOSES - timedelta(seconds=10)) == 0
    extend(attempt, to=LIVE_CLOSES + timedelta(minutes=10), at=LIVE_CLOSES - timedelta(seconds=5))
    assert speak(second(5502)) == 1
    assert told(attempt) == [("more", 5500)]


def test_after_a_late_extension_nobody_speaks_of_the_time_between(cast: Cast, script: Any) -> None:
    script(rule("more", after=5410, not_in_last=60))
    attempt = started(cast)
    close_overdue(LIVE_CLOSES)
    Stage.objects.filter(attempt=attempt, key="live").update(closed_at=None, state="open")
    extend(attempt, to=LIVE_CLOSES + timedelta(minutes=10), at=LIVE_CLOSES + timedelta(seconds=100))
    speak(LIVE_CLOSES + timedelta(seconds=110))
    assert told(attempt) == [("more", 5501)]


def extend(attempt: Attempt, *, to: datetime, at: datetime) -> None:
    """What an extension does: the window moves, and the ledger says when."""
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        move_windows(Stage.objects.filter(attempt=attempt, key="live"), closes_at=to)
        payload = {"stage": "live", "closes_at": to}
        ledger.append(attempt=held, kind="stage.extended", payload=payload, actor=None, at=at)


# --- Crashes, races, and rows that fail ----------------------------------------------------------------------------


def test_a_crash_loses_nothing(cast: Cast, script: Any) -> None:
    attempt = started(cast)
    speak(second(10))
    assert speaking._claim(second(302), most=10)  # and then the worker dies
    assert speak(second(303)) == 0
    assert speak(second(302) + CLAIMED_FOR) == 1
    assert told(attempt) == [("at_five", 300)]


def test_a_row_without_its_event_is_not_kept(
    cast: Cast, script: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = started(cast), live_attempt(cast.other_learner, started_at=NOON)
    in_production(whole)
    append = ledger.append

    def fails(**said: Any) -> Any:
        if said["attempt"].pk == broken.pk:
            raise ledger.NotRecordable("half a character")
        return append(**said)

    monkeypatch.setattr(ledger, "append", fails)
    assert speak(second(302)) == 1
    assert (told(broken), told(whole)) == ([], [("at_five", 300)])
    assert "cannot be watched" in caplog.text
    monkeypatch.undo()
    monkeypatch.setattr(packs, "script", (AT_FIVE,))
    assert speak(second(302) + CLAIMED_FOR) == 1
    assert told(broken) == [("at_five", 300)]


def test_the_database_keeps_it_and_takes_none_outside_a_live_window(cast: Cast, script: Any) -> None:
    attempt = started(cast)
    speak(second(302))
    for act in (lambda: Inject.objects.update(text="Never said."), lambda: Inject.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    after = {"rule": "x", "occurrence": 1, "role": "alert", "text": "x", "payload": {}}
    with pytest.raises(IntegrityError), transaction.atomic():
        Inject.objects.create(attempt=attempt, due_at=NOON - MICROSECOND, **after)
    with pytest.raises(IntegrityError), transaction.atomic():
        Inject.objects.create(attempt=attempt, due_at=second(300), **(after | {"rule": "at_five"}))
    waiting = ready_attempt(cast.other_learner, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Inject.objects.create(attempt=waiting, due_at=second(300), **after)


@pytest.mark.django_db(transaction=True)
def test_six_sweepers_at_once_write_each_once(script: Any) -> None:
    attempts = crowd(40, started_at=NOON, with_drafts=False)
    written: list[int] = []

    def sweep() -> None:
        try:
            written.append(speak(second(305)))
        except DatabaseError as fault:  # a thread's failure is otherwise not the test's
            written.append(-1)
            raise fault from None
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == 40
    assert Counter(Inject.objects.values_list("attempt_id", flat=True)) == {each.pk: 1 for each in attempts}
    assert all(ledger.verify(attempt.pk) is None for attempt in attempts[:5])


@pytest.mark.django_db(transaction=True)
def test_what_a_learner_is_writing_to_is_passed_over_and_come_back_to(cast: Cast, script: Any) -> None:
    busy = started(cast)
    results: list[int] = []

    def sweep() -> None:
        results.append(speak(second(302)))
        connection.close()

    with transaction.atomic():
        ledger.hold(busy.pk)
        thread = threading.Thread(target=sweep)
        thread.start()
        thread.join(timeout=20)
    assert results == [0]
    assert speak(second(304.1)) == 1
