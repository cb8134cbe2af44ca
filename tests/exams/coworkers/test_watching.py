"""What the people in the room see of an attempt, and how long they wait for what is undecided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Accommodation
from exams import ledger, live, models
from exams.coworkers import answers
from exams.coworkers.history import Complaint, Deployment, Update
from exams.coworkers.speaking import SETTLED_AFTER, catch_up
from exams.coworkers.watching import PATIENCE, View, see
from exams.models import Attempt, Inject, Stage, StatusUpdate
from exams.packs.alarm import Alarm
from exams.packs.complaining import CarriedOver, Later
from exams.packs.injects import Asks, Confirmed, Deployed, Rings, Share
from tests import packs
from tests.attempts import NOON, live_attempt
from tests.exams.coworkers.scripts import OMAR, deployed, in_production, replayed, rule
from tests.people import Cast
from tests.work import events

pytestmark = pytest.mark.django_db

HARMED = "ccxcr"  # of five customers in turn; one every six seconds


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def seen(attempt: Attempt, until: datetime) -> View:
    stage = Stage.objects.select_related("attempt__twin", "attempt__learner").get(attempt=attempt, key="live")
    return see(stage, until=until)


def speak(attempt: Attempt, at: datetime) -> list[tuple[str, int]]:
    catch_up(attempt.pk, at)
    rows = Inject.objects.filter(attempt=attempt).order_by("due_at")
    return [(one.rule, round((one.due_at - NOON).total_seconds())) for one in rows]


def post(attempt: Attempt, at: datetime, **said: Any) -> None:
    facts: dict[str, Any] = {"state": "investigating", "audience": "stakeholders", "next_update_at": None} | said
    live.post_update(
        attempt=attempt, text="We look into it.", impact="", actor=attempt.learner, received_at=at, **facts
    )


def checked(attempt: Attempt, number: int, *, at: datetime, reproduces: bool) -> None:
    """What grading writes when it has tried a diagnosis' repro."""
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        what = {"number": number, "reproduces": reproduces, "confirmed": reproduces}
        ledger.append(attempt=held, kind="diagnosis.checked", payload=what, actor=None, at=at)


def file(attempt: Attempt, at: datetime) -> None:
    live.file_diagnosis(
        attempt=attempt,
        component="assistant/cache.py",
        failure_class="mixed up",
        explanation="The key lacks the product.",
        repro=["What is the late fee of Ridge Gold?"],
        actor=attempt.learner,
        received_at=at,
    )


def test_acts_are_seen_with_their_second(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    post(attempt, second(300.9), next_update_at=second(1200))
    post(attempt, second(1500), audience="customers", state="resolved")
    history = seen(attempt, second(2000)).history
    assert history.updates == (
        Update(300, "stakeholders", "investigating", 1200),
        Update(1500, "customers", "resolved"),
    )
    assert (history.closings, history.pace) == (((0, 5400),), 100)


def test_customers_are_seen_by_the_minute_and_complaints_as_they_come(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt, HARMED)
    view = seen(attempt, second(900.5))
    assert [(one.number, one.asked, one.harmful, one.refused) for one in view.history.minutes] == [
        (number, 10, 2, 2) for number in range(15)
    ]
    assert view.second == 900
    came = [one for one in view.history.complaints if one.second < 900]
    assert came
    assert [one.second for one in view.history.complaints] == [*view.history.complained]
    assert all(one.question.startswith("What is fee") and one.answer.endswith("is wrong.") for one in came)
    assert isinstance(came[0], Complaint)


def test_what_was_complained_of_before_the_opening_is_seen_on_the_learners_clock(cast: Cast) -> None:
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason="granted", granted_by=cast.admin)
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt, "c")
    asked = Later(60, "And the cap?", "9 GB.", began="What is the fee?")
    carried = CarriedOver(complained=(-1000, -10), later=(Later(40), asked))
    Attempt.objects.filter(pk=attempt.pk).update(truth={"carried_over": carried.to_json()})
    history = seen(Attempt.objects.get(pk=attempt.pk), second(300)).history
    assert history.complained == (-1500, -15, 60, 90)
    assert history.complaints == (Complaint(90, "And the cap?", "9 GB.", "What is the fee?"),)


def test_an_alarm_that_rang_before_the_opening_says_so_however_late_the_sweep_is(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = rule("alert", Rings(Alarm(60, 4, 30)), each="ring", texts=("{firing}: {complaints}.",))
    monkeypatch.setattr(packs, "script", (alert,))
    attempt = live_attempt(cast.learner, started_at=NOON)
    carried = CarriedOver(complained=(-1500, -1400, -1300, -1200), later=(Later(599), Later(600)))
    Attempt.objects.filter(pk=attempt.pk).update(truth={"carried_over": carried.to_json()})
    in_production(attempt, "c")
    assert speak(attempt, second(900)) == [("alert", 601)]
    assert Inject.objects.get(attempt=attempt).text == "Still firing: 6."


def test_deployments_are_seen_at_the_moment_their_roll_out_is_due(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    deployed(attempt, 1, at=second(700), outcomes="c")
    history = seen(attempt, second(2000)).history
    assert history.deployments == (Deployment(700, "live", "deployment 1"),)


def test_a_rollback_is_seen_as_one_and_what_it_only_calls_off_changes_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    first = in_production(attempt)
    one = deployed(attempt, 1, at=second(600), outcomes="c")
    for number, (at, of) in enumerate(((700, one), (800, first), (900, first), (1000, one)), start=2):
        models.Deployment.objects.create(
            attempt=attempt,
            number=number,
            kind="rollback",
            of=of,
            tree_sha256=of.tree_sha256,
            state="live",
            requested_at=second(at),
            due_at=second(at),
            live_from=second(at),
        )
    found = [(each.second, each.outcome) for each in seen(attempt, second(2000)).history.deployments]
    back, nothing = "rolled_back", "called_off"
    assert found == [(600, "live"), (700, nothing), (800, back), (900, nothing), (1000, back)]


def test_nobody_looks_past_an_undecided_deployment_until_patience_ends(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    row = deployed(attempt, 1, at=second(700))
    assert seen(attempt, second(690)).second == 690
    assert seen(attempt, second(730)).second == 700
    assert seen(attempt, second(730)).waits
    assert seen(attempt, second(700) + PATIENCE + timedelta(seconds=9)).second == 709
    replayed(row, "c")
    assert seen(attempt, second(730)).second == 730


@pytest.mark.parametrize("decided_after", [0, 5, 40])
def test_how_fast_our_worker_replays_changes_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, decided_after: int
) -> None:
    better = rule("better", Deployed("live", 60), Share("harmful", 5, below=2, enough=5, since="version"))
    monkeypatch.setattr(packs, "script", (better, rule("at_710", after=710, sender=OMAR)))
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt, HARMED)
    row = deployed(attempt, 1, at=second(700))
    for now in range(690, 700 + decided_after):
        catch_up(attempt.pk, second(now))
    replayed(row, "c")
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        ledger.append(attempt=held, kind="deployment.replayed", payload={}, actor=None, at=second(700), visible=False)
    for now in range(700 + decided_after, 900):
        catch_up(attempt.pk, second(now))
    assert speak(attempt, second(900)) == [("at_710", 710), ("better", 780)]


def test_a_diagnosis_is_known_a_minute_after_it_was_filed_however_fast_it_was_tried(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "script", (rule("known", Confirmed()),))
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    file(attempt, second(400.5))
    file(attempt, second(500.5))
    assert seen(attempt, second(510)).second == 460
    checked(attempt, 1, at=second(403), reproduces=False)
    assert seen(attempt, second(510)).second == 510
    checked(attempt, 2, at=second(540), reproduces=True)
    assert seen(attempt, second(600)).history.confirmed == (560,)
    assert speak(attempt, second(562)) == []
    assert speak(attempt, second(563)) == [("known", 561)]


def test_a_stalled_worker_does_not_silence_everybody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "script", (rule("at_five", after=300),))
    attempt = live_attempt(cast.learner, started_at=NOON)  # and what it opened with is never replayed
    waited = second(300) + SETTLED_AFTER + PATIENCE
    assert speak(attempt, waited - timedelta(seconds=1)) == []
    assert speak(attempt, waited) == [("at_five", 300)]


def test_what_answers_a_question(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = rule("ask", after=300, times=2, again_after=600, asks=Asks(("stakeholders", "customers"), 120))
    monkeypatch.setattr(packs, "script", (ask, rule("says", after=330)))
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    post(attempt, second(299))
    catch_up(attempt.pk, second(340))
    post(attempt, second(350), audience="engineering")
    (asked,) = answers.questions(attempt)
    assert (asked.key, asked.due_at, asked.answered_at, asked.in_time) == ("ask", second(300), None, False)
    assert (asked.name, asked.role, asked.audiences) == ("Rosa Lind", "support", ("stakeholders", "customers"))
    post(attempt, second(700), audience="customers")
    post(attempt, second(800))
    catch_up(attempt.pk, second(1000))
    first, again = answers.questions(attempt)
    assert (first.answered_at, first.update) == (second(700), 3)
    assert (again.due_at, again.answered_at) == (second(900), None)
    assert StatusUpdate.objects.count() == 4


def test_whether_an_answer_was_in_time_counts_from_when_it_could_be_read() -> None:
    at = NOON
    asked = answers.Asked(
        inject=1,
        key="ask",
        occurrence=1,
        role="executive",
        name="N",
        text="T",
        audiences=("stakeholders",),
        due_at=at,
        asked_at=second(3),
        answer_by=second(123),
        answered_at=second(122.9),
        update=1,
    )
    assert asked.in_time
    assert asked.answer_by - asked.asked_at == timedelta(seconds=120)


def test_injects_are_in_the_feed_of_the_incident(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "script", (rule("at_five", after=300),))
    attempt = live_attempt(cast.learner, started_at=NOON)
    in_production(attempt)
    catch_up(attempt.pk, second(310))
    assert [event.kind for event in events(attempt, "inject.support")] == ["inject.support"]
