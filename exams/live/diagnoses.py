"""A diagnosis says on the clock what the cause is and how to see it; grading tries its repro and answers beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction
from django.db.models import Max

from exams import doorbell, late, ledger, receipts
from exams.content import check_text
from exams.definitions import stage_for_diagnoses, twin_of
from exams.errors import Refusal
from exams.models import Diagnosis
from exams.windows import arrive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt, LateWrite
    from exams.receipts import Receipt

COMPONENT_CHARACTERS = 80
CLASS_CHARACTERS = 160  # the longest two titles of a catalogue, joined
EXPLANATION_CHARACTERS = 4_000
MAX_QUESTIONS = 20
QUESTION_CHARACTERS = 500


_IN_A_CONVERSATION = re.compile(r"\[(?P<session>[^\[\]]{1,60})\]\s+(?P<question>\S.*)", re.DOTALL)


class TooManyDiagnoses(Refusal):
    """More diagnoses than the twin allows."""


class DiagnosisUnusable(Refusal):
    """A diagnosis names nothing, says too much, or has a repro that cannot be tried."""


@dataclass(frozen=True)
class ReproResult:
    """What came of trying a repro: None is not tried yet. Holds nothing about whether the cause is the true one."""

    reproduces: bool | None
    transcript: list[dict[str, Any]]
    checked_at: datetime | None


class ReadsResults(Protocol):
    """Gives what came of repros by diagnosis id; only when `fine`, in what way each answer is wrong."""

    def __call__(self, wanted: Sequence[int], /, *, fine: bool) -> Mapping[int, ReproResult]:
        """Those of the wanted diagnoses that were tried."""
        ...


# Grading tries repros and cannot be imported from here: it adds a reader of its results.
diagnosis_results: list[ReadsResults] = []


@dataclass(frozen=True)
class Filed:
    """A diagnosis that was filed, or the late write it became."""

    receipt: Receipt
    diagnosis: Diagnosis | None
    late: LateWrite | None


def file_diagnosis(
    *,
    attempt: Attempt,
    component: str,
    failure_class: str,
    explanation: str,
    repro: list[str],
    actor: User,
    received_at: datetime,
) -> Filed:
    """File a diagnosis and ask grading to try its repro; after the live window it is stored as late.

    Raises:
        DiagnosisUnusable: a field is empty or too long, or the repro has not 1 to 20 questions.
        TooManyDiagnoses: the twin's limit is reached.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    payload: dict[str, Any] = {
        "component": component.strip(),
        "failure_class": failure_class.strip(),
        "explanation": explanation.strip(),
        "repro": [question.strip() for question in repro],
    }
    _check(payload)
    content = ledger.content_sha256(payload)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=stage_for_diagnoses(held), received_at=received_at)
        if not arrival.counts:
            kept, receipt = late.keep(
                arrival=arrival, kind="diagnosis", payload=payload, content_sha256=content, actor=actor
            )
            return Filed(receipt=receipt, diagnosis=None, late=kept)
        _require_room(held)
        diagnosis = record_diagnosis(attempt=held, payload=payload, received_at=received_at)
        event = ledger.append(
            attempt=held,
            kind="diagnosis.filed",
            payload={"number": diagnosis.number, **payload, **receipts.facts(arrival.stage, content)},
            actor=actor,
            at=received_at,
            receipt=True,
        )
        return Filed(receipt=receipts.give(event, arrival.stage, now=received_at), diagnosis=diagnosis, late=None)


def spoken(line: str) -> tuple[str, str]:
    """The question of one line of a repro, and its conversation: `[anna] And the fee?` is Anna's; else it is alone."""
    named = _IN_A_CONVERSATION.fullmatch(line)
    return (named["question"], named["session"]) if named else (line, "")


def _last_number(attempt: Attempt) -> int:
    last: int | None = Diagnosis.objects.filter(attempt=attempt).aggregate(last=Max("number"))["last"]
    return last or 0


def _require_room(attempt: Attempt) -> None:
    """What a learner sends is bounded by the twin; what an admin grants is not."""
    last, most = _last_number(attempt), twin_of(attempt).limits.diagnoses
    if last >= most:
        raise TooManyDiagnoses(
            f"{last} diagnoses are filed in this attempt, and {most} is the most that is taken. "
            "The ones you filed stand.",
            limit=most,
        )


def record_diagnosis(*, attempt: Attempt, payload: dict[str, Any], received_at: datetime) -> Diagnosis:
    """Write the row of a diagnosis and ring for its check. The attempt must be held."""
    doorbell.ring("grading.tasks.check_diagnoses")
    return Diagnosis.objects.create(
        attempt=attempt, number=_last_number(attempt) + 1, received_at=received_at, **payload
    )


def results_of(diagnoses: Sequence[Diagnosis], *, fine: bool) -> dict[int, ReproResult]:
    """What is known of each diagnosis' repro, by the diagnosis' id; those not tried yet are missing.

    Only when `fine` does it say in what way an answer is wrong; while `queries.class_is_looked_for`, for mentors only.
    """
    wanted = [diagnosis.pk for diagnosis in diagnoses]
    found: dict[int, ReproResult] = {}
    for reader in diagnosis_results:
        found.update(reader(wanted, fine=fine))
    return found


def _check(payload: dict[str, Any]) -> None:
    for name, most in (
        ("component", COMPONENT_CHARACTERS),
        ("failure_class", CLASS_CHARACTERS),
        ("explanation", EXPLANATION_CHARACTERS),
    ):
        _check_words(payload[name], name=name, most=most)
    if not 1 <= len(payload["repro"]) <= MAX_QUESTIONS:
        raise DiagnosisUnusable(
            f"The repro has {len(payload['repro'])} questions; send 1 to {MAX_QUESTIONS} that show the failure.",
            field="repro",
            limit=MAX_QUESTIONS,
        )
    for number, question in enumerate(payload["repro"], start=1):
        _check_words(question, name=f"question {number} of the repro", most=QUESTION_CHARACTERS)


def _check_words(words: str, *, name: str, most: int) -> None:
    check_text(words, what=name)
    if not words:
        raise DiagnosisUnusable(f"The {name} is empty. Fill it in.", field=name)
    if len(words) > most:
        raise DiagnosisUnusable(
            f"The {name} has {len(words)} characters; at most {most} are taken. Shorten it.", field=name, limit=most
        )
