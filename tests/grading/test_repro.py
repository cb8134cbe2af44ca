"""A repro is tried against what the learner was handed; whether its cause is the true one, the learner never hears."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exams import ledger
from exams.database_clock import database_now
from exams.live import file_diagnosis
from exams.live.diagnoses import results_of, spoken
from exams.models import Diagnosis, Event
from exams.packs import Spec
from grading import ddmin, repro, transcripts
from grading.coarse import coarsened
from grading.models import ReproCheck
from sandboxes.sandbox import EngineUnreachable, Exchange
from tests import packs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.models import Attempt
    from sandboxes.fake_sandbox import FakeSandbox
    from sandboxes.sandbox import JsonObject, Sandbox

pytestmark = pytest.mark.django_db

WRONG = "What is the late fee of {0}?"
BENIGN = "Good morning"


def diagnose(attempt: Attempt, *questions: str, component: str = "server", failure_class: str = "T?") -> Diagnosis:
    filed = file_diagnosis(
        attempt=attempt,
        component=component,
        failure_class=failure_class,
        explanation="It confuses products.",
        repro=list(questions),
        actor=attempt.learner,
        received_at=database_now(),
    )
    assert filed.diagnosis is not None
    return filed.diagnosis


def wrong_question(attempt: Attempt) -> str:
    """A question that the incident of this attempt answers wrongly."""
    products = [row["name"] for row in packs._products(attempt.incident_seed)]
    return WRONG.format(products[1] if attempt.incident_class == "T1" else products[2])


def check_all(sandbox: Sandbox) -> None:
    repro.enlist()
    while (check := repro.claim(now=database_now())) is not None:
        repro.check_one(check, sandbox=sandbox, clock=database_now)


def test_the_first_diagnosis_whose_repro_reproduces_is_the_confirmed_one(fake: FakeSandbox, attempt: Attempt) -> None:
    vague = diagnose(attempt, BENIGN)
    first = diagnose(attempt, BENIGN, wrong_question(attempt), failure_class=attempt.incident_class)
    second = diagnose(attempt, wrong_question(attempt))
    check_all(fake)
    assert repro.confirmed(attempt) == first
    told = {
        row["number"]: row for row in Event.objects.filter(kind="diagnosis.checked").values_list("payload", flat=True)
    }
    assert [told[n]["reproduces"] for n in (1, 2, 3)] == [False, True, True]
    assert [told[n]["confirmed"] for n in (1, 2, 3)] == [False, True, False]
    shown = results_of([vague, first, second], fine=True)
    assert [shown[each.pk].reproduces for each in (vague, first, second)] == [False, True, True]
    assert [row["harmful"] for row in shown[first.pk].transcript] == [False, True]
    assert ledger.verify(attempt.pk) is None


def test_a_question_may_name_the_conversation_it_belongs_to(fake: FakeSandbox, attempt: Attempt) -> None:
    wrong = wrong_question(attempt)
    filed = diagnose(attempt, f"[anna] {BENIGN}", f"[anna] {wrong}", f"[ben] {wrong}", wrong)
    check_all(fake)
    rows = ReproCheck.objects.get(diagnosis=filed).transcript
    assert [(row["question"], row["session"]) for row in rows] == [
        (BENIGN, "anna"), (wrong, "anna"), (wrong, "ben"), (wrong, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[anna] And the fee?", ("And the fee?", "anna")),
        ("[a b]\tAnd\nthe fee?", ("And\nthe fee?", "a b")),
        ("What is [the] fee?", ("What is [the] fee?", "")),
        ("[anna]", ("[anna]", "")),
        ("[] And the fee?", ("[] And the fee?", "")),
        ("[anna]And the fee?", ("[anna]And the fee?", "")),
        (f"[{'x' * 61}] fee?", (f"[{'x' * 61}] fee?", "")),
    ],
)
def test_only_a_name_in_brackets_in_front_is_a_conversation(line: str, said: tuple[str, str]) -> None:
    assert spoken(line) == said


def test_whether_the_cause_is_the_true_one_is_hidden_from_the_learner(fake: FakeSandbox, attempt: Attempt) -> None:
    diagnose(attempt, wrong_question(attempt), component="assistant/server.py", failure_class=attempt.incident_class)
    diagnose(attempt, wrong_question(attempt), component="cache", failure_class="something else")
    check_all(fake)
    assert list(ReproCheck.objects.order_by("pk").values_list("cause_matches", flat=True)) == [True, False]
    compared = Event.objects.filter(kind="diagnosis.compared")
    assert compared.count() == 2
    assert not compared.filter(visible_to_learner=True).exists()
    for event in Event.objects.filter(visible_to_learner=True):
        assert "match" not in str(event.payload)


def test_a_fault_of_ours_is_tried_again_and_costs_nothing(fake: FakeSandbox, attempt: Attempt) -> None:
    class Away:
        def serve(self, *_: object, **__: object) -> object:
            raise EngineUnreachable("no engine")

    diagnosis = diagnose(attempt, wrong_question(attempt))
    repro.enlist()
    check = repro.claim(now=database_now())
    assert check is not None
    assert not repro.check_one(check, sandbox=Away(), clock=database_now)  # type: ignore[arg-type]
    assert ReproCheck.objects.get().reproduces is None
    assert repro.claim(now=database_now()) is None
    again = repro.claim(now=database_now() + repro.RETRY_AFTER)
    assert again is not None
    assert repro.check_one(again, sandbox=fake, clock=database_now)
    assert repro.confirmed(attempt) == diagnosis


def test_a_check_that_was_taken_over_is_written_once(fake: FakeSandbox, attempt: Attempt) -> None:
    diagnose(attempt, wrong_question(attempt))
    repro.enlist()
    slow = repro.claim(now=database_now())
    quick = repro.claim(now=database_now() + repro.LEASE + timedelta(seconds=1))
    assert slow is not None
    assert quick is not None
    repro.check_one(quick, sandbox=fake, clock=database_now)
    repro.check_one(slow, sandbox=fake, clock=database_now)
    assert Event.objects.filter(kind="diagnosis.checked").count() == 1
    assert repro.enlist() == 0


def test_what_is_remembered_of_somebody_else_is_wrong_for_who_has_named_nothing() -> None:
    """An assistant that keeps what a question was understood to mean by its words alone, for everybody."""
    bronze, other = (row["name"] for row in packs._products(1)[:2])
    lines = [
        f"[anna] The late fee of {bronze}?",
        "[anna] And the late fee?",
        f"[bert] {BENIGN}",
        "[bert] And the late fee?",
    ]
    facts = packs.PACK.facts(Spec("T1", 1))
    told = {row["name"]: row["facts"]["late_fee"] for row in json.loads(facts)["products"]}

    def asked(part: Sequence[int]) -> list[JsonObject]:
        remembered: dict[str, str] = {}
        about: dict[str, str] = {}
        exchanges = []
        for place in part:
            question, session = spoken(lines[place])
            named = next((name for name in (bronze, other) if name in question), "")
            about[session] = named or about.get(session, "")
            meant = remembered.setdefault(question, about[session])
            reply: JsonObject = {"text": "I cannot confirm that.", "citations": [], "refused": True}
            if meant:
                fact = told[meant]
                cited = [{"document": fact["document"], "sentence": fact["sentence"]}]
                reply = {
                    "text": f"The late fee of {meant} is {fact['value']} USD.",
                    "citations": cited,
                    "refused": False,
                }
            exchanges.append(Exchange(question, session, reply, None, 0.01))
        return transcripts.transcript(exchanges, facts)

    rows = asked(range(4))
    assert [row["harmful"] for row in rows] == [False, False, False, True]
    assert (rows[3]["verdict"], coarsened(rows)[3]["verdict"]) == ("wrong_entity", "wrong")
    found = ddmin.reduce(4, lambda part: any(row["harmful"] for row in asked(part)), most=40, suspects=[3])
    assert (found.needed, found.proven) == ((0, 1, 3), True)
