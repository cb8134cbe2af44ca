"""Whether a repro was minimal: found out after its window, told to mentors only, and our faults cost nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from exams import ledger
from exams.live import file_diagnosis
from exams.models import Event
from grading import evidence, queue, repro, repro_reducing, tasks
from grading.models import ReproReduction
from sandboxes.sandbox import EngineUnreachable
from tests import packs
from tests.attempts import NOON, live_attempt
from tests.grading import work

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_django import DjangoAssertNumQueries

    from exams.models import Attempt, Diagnosis
    from sandboxes.fake_sandbox import FakeSandbox
    from sandboxes.sandbox import Sandbox
    from tests.people import Cast

pytestmark = pytest.mark.django_db

BENIGN = "Good morning"
CLOSED = NOON + timedelta(minutes=90)


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    return live_attempt(cast.learner, started_at=NOON)


def wrong(attempt: Attempt) -> str:
    """A question that the incident of this attempt answers wrongly."""
    products = [row["name"] for row in packs._products(attempt.incident_seed)]
    return f"What is the late fee of {products[1] if attempt.incident_class == 'T1' else products[2]}?"


def diagnose(attempt: Attempt, *questions: str, failure_class: str = "T?", minute: float = 20) -> Diagnosis:
    filed = file_diagnosis(
        attempt=attempt,
        component="server",
        failure_class=failure_class,
        explanation="It confuses products.",
        repro=list(questions),
        actor=attempt.learner,
        received_at=NOON + timedelta(minutes=minute),
    )
    assert filed.diagnosis is not None
    return filed.diagnosis


def check(sandbox: Sandbox) -> None:
    repro.enlist()
    while (row := repro.claim(now=NOON)) is not None:
        repro.check_one(row, sandbox=sandbox, clock=lambda: NOON)


def reduce(sandbox: Sandbox, *, at: datetime = CLOSED) -> list[ReproReduction]:
    repro_reducing.enlist(now=at)
    done = []
    while (row := repro_reducing.claim(now=at)) is not None:
        if repro_reducing.reduce_one(row, sandbox=sandbox, clock=lambda: at):
            done.append(ReproReduction.objects.get(pk=row.pk))
    return done


def figure(attempt: Attempt) -> Any:
    """What the band that asks for a minimal repro is told."""
    page = evidence.collect(attempt, now=CLOSED + timedelta(minutes=5))
    (row,) = [row for row in page["proposals"] if row["dimension"] == "diagnosis_speed"]
    return next(
        one["holds"] for band in row["bands"] for one in band["conditions"] if one["figure"] == "diagnosis.minimal"
    )


def test_nothing_is_tried_while_the_window_is_open(attempt: Attempt, fake: FakeSandbox) -> None:
    diagnose(attempt, BENIGN, wrong(attempt))
    check(fake)
    assert reduce(fake, at=CLOSED - timedelta(microseconds=1)) == []
    assert figure(attempt) is None
    (row,) = reduce(fake, at=CLOSED)
    assert (row.needed, row.proven, row.runs) == ([1], True, 1)
    assert figure(attempt) is False


def test_a_repro_of_one_question_is_minimal_without_a_run(attempt: Attempt, fake: FakeSandbox) -> None:
    diagnose(attempt, wrong(attempt))
    check(fake)
    (row,) = reduce(fake)
    assert (row.needed, row.runs) == ([0], 0)
    assert figure(attempt) is True


def test_the_mentor_is_told_which_questions_were_needed_and_the_learner_is_not(
    attempt: Attempt, fake: FakeSandbox
) -> None:
    diagnose(attempt, BENIGN, wrong(attempt), "Thank you")
    check(fake)
    reduce(fake)
    (shown,) = evidence.collect(attempt, now=CLOSED)["diagnoses"]
    found = shown["reduction"]
    assert (found["minimal"], found["questions"], found["could_be"]) == (False, 3, 1)
    assert found["needed"] == [wrong(attempt)]
    (event,) = Event.objects.filter(attempt=attempt, kind="diagnosis.reduced")
    assert not event.visible_to_learner
    told = {key: value for key, value in event.payload.items() if key != "salt"}
    assert told == {"number": 1, "questions": 3, "needed": [2], "proven": True, "runs": 1}
    assert found["cites"] == [{"kind": "event", "ref": str(event.seq)}]
    assert ledger.verify(attempt.pk) is None


def test_the_confirmed_one_and_the_first_right_one_are_tried_and_no_other(
    attempt: Attempt, fake: FakeSandbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    diagnose(attempt, BENIGN)  # does not reproduce
    first = diagnose(attempt, wrong(attempt), failure_class="something", minute=21)
    diagnose(attempt, wrong(attempt), failure_class="something else", minute=22)
    right = diagnose(attempt, BENIGN, wrong(attempt), failure_class=attempt.incident_class, minute=23)
    diagnose(attempt, wrong(attempt), failure_class=attempt.incident_class, minute=24)
    check(fake)
    assert {row.diagnosis_id for row in reduce(fake)} == {first.pk, right.pk}
    assert figure(attempt) is False  # the right one's, which had a question too many
    with django_assert_num_queries(1):  # the others are not looked at again at each sweep, for ever
        assert repro_reducing.enlist(now=CLOSED) == 0


def test_a_fault_of_ours_is_tried_again_and_leaves_the_figure_open(attempt: Attempt, fake: FakeSandbox) -> None:
    class Away:
        def serve(self, *_: object, **__: object) -> object:
            raise EngineUnreachable("no engine")

    diagnose(attempt, BENIGN, wrong(attempt))
    check(fake)
    assert reduce(Away()) == []  # type: ignore[arg-type]
    row = ReproReduction.objects.get()
    assert (row.done_at, row.claims) == (None, 1)
    assert "no engine" in row.last_fault
    assert figure(attempt) is None
    assert repro_reducing.claim(now=CLOSED) is None
    assert len(reduce(fake, at=CLOSED + repro_reducing.RETRY_AFTER)) == 1


def test_a_claim_that_was_taken_over_keeps_nothing(attempt: Attempt, fake: FakeSandbox) -> None:
    diagnose(attempt, BENIGN, wrong(attempt))
    check(fake)
    repro_reducing.enlist(now=CLOSED)
    old = repro_reducing.claim(now=CLOSED)
    later = CLOSED + repro_reducing.LEASE
    new = repro_reducing.claim(now=later)
    assert old is not None
    assert new is not None
    assert repro_reducing.reduce_one(old, sandbox=fake, clock=lambda: later)
    assert ReproReduction.objects.get().done_at is None
    assert repro_reducing.reduce_one(new, sandbox=fake, clock=lambda: later)
    assert ReproReduction.objects.get().done_at == later
    assert Event.objects.filter(kind="diagnosis.reduced").count() == 1


def test_what_was_found_stays(attempt: Attempt, fake: FakeSandbox) -> None:
    diagnose(attempt, wrong(attempt))
    check(fake)
    (row,) = reduce(fake)
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        ReproReduction.objects.filter(pk=row.pk).update(needed=[])
    with pytest.raises(IntegrityError), transaction.atomic():
        row.delete()


def test_the_doorway_reduces_what_waits_unless_a_run_does(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    diagnose(attempt, BENIGN, wrong(attempt))
    check(fake)
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)), received_at=NOON)
    queue.enlist(now=NOON)
    tasks.reduce_repros()
    assert ReproReduction.objects.get().done_at is None
    assert queue.claim(worker="w", now=CLOSED) is not None
    tasks.reduce_repros()
    assert ReproReduction.objects.get().needed == [1]
