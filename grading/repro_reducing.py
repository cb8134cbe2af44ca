"""Finds out, once a diagnosis can change nothing any more, whether its repro was minimal: for mentors only.

It waits until the stage in which diagnoses are filed has closed, so that it takes nothing from anybody's clock and can
tell nobody anything; and it is tried until it succeeds, because what the platform cannot do is no learner's fault.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from exams import ledger
from exams.definitions import stage_for_diagnoses
from exams.models import Attempt, Diagnosis, Stage
from grading import ddmin, repro
from grading.models import ReproReduction
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from grading.ddmin import Part, Reduced
    from sandboxes.sandbox import Sandbox

log = logging.getLogger(__name__)

MOST_RUNS = 40  # of one repro; it has at most 20 questions
LEASE = timedelta(seconds=120)  # renewed before each run, and longer than a run may take
RETRY_AFTER = timedelta(seconds=30)
MOST_CLAIMS = 10  # then an operator is called at each further try


class Overtaken(Exception):
    """Another claim has taken over, or has finished; what this one finds is dropped."""


def enlist(*, now: datetime) -> int:
    """Give a row to the confirmed diagnosis of each attempt, and to the first right one, whose stage has closed."""
    confirmed = Diagnosis.objects.filter(check_result__reproduces=True)
    before = confirmed.filter(attempt=OuterRef("attempt"), number__lt=OuterRef("number"))
    is_first = ~Exists(before)
    is_first_right = Q(check_result__cause_matches=True) & ~Exists(before.filter(check_result__cause_matches=True))
    waiting = (
        confirmed.filter(is_first | is_first_right, reduction=None)
        .select_related("attempt__twin")
        .order_by("attempt_id", "number")
    )
    chosen = [each for each in waiting if _is_over(each.attempt, now)]
    ReproReduction.objects.bulk_create(
        [ReproReduction(diagnosis=each, questions=len(each.repro)) for each in chosen], ignore_conflicts=True
    )
    return len(chosen)


def _is_over(attempt: Attempt, now: datetime) -> bool:
    return Stage.objects.filter(attempt=attempt, key=stage_for_diagnoses(attempt), closes_at__lte=now).exists()


def claim(*, now: datetime) -> ReproReduction | None:
    """Take the row that has waited longest, or None; its `claims` is the fence of this claim."""
    with transaction.atomic():
        row = (
            ReproReduction.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(Q(leased_until=None) | Q(leased_until__lte=now), done_at=None)
            .order_by("pk")
            .first()
        )
        if row is None:
            return None
        ReproReduction.objects.filter(pk=row.pk).update(claims=F("claims") + 1, leased_until=now + LEASE)
    rows = ReproReduction.objects.select_related("diagnosis__attempt__twin", "diagnosis__check_result")
    return rows.get(pk=row.pk)


def reduce_one(row: ReproReduction, *, sandbox: Sandbox, clock: Callable[[], datetime]) -> bool:
    """Reduce one claimed repro; return whether it came to an end.

    1. Try parts of it on the tree the learner was handed, outside any transaction, each from a fresh start; before
       each run the claim must still be ours, and its lease is renewed.
    2. Write once what is needed, with a hidden ledger row.
    """
    diagnosis = row.diagnosis
    questions = diagnosis.repro

    def fails(part: Part) -> bool:
        _renew(row, now=clock())
        rows = repro.ask(diagnosis.attempt, [questions[place] for place in part], sandbox)
        return any(each["harmful"] for each in rows)

    told = diagnosis.check_result.transcript
    suspects = [place for place, each in enumerate(told[: len(questions)]) if each.get("harmful")][: MOST_RUNS // 4]
    try:
        found = ddmin.reduce(len(questions), fails, most=MOST_RUNS, suspects=suspects)
    except SandboxFault as fault:
        _put_back(row, f"{type(fault).__name__}: {fault}", now=clock())
        return False
    except Overtaken:
        log.warning("The reduction of diagnosis %s was taken over by another claim", diagnosis.pk)
        return True
    _record(row, found, now=clock())
    return True


def _renew(row: ReproReduction, *, now: datetime) -> None:
    ours = ReproReduction.objects.filter(pk=row.pk, claims=row.claims, done_at=None)
    if not ours.update(leased_until=now + LEASE):
        raise Overtaken


def _record(row: ReproReduction, found: Reduced, *, now: datetime) -> None:
    with transaction.atomic():
        ours = ReproReduction.objects.filter(pk=row.pk, claims=row.claims, done_at=None)
        if not ours.update(
            needed=list(found.needed), proven=found.proven, runs=found.runs, done_at=now, leased_until=None
        ):
            log.warning(
                "The reduction of diagnosis %s was finished by another claim; ours is refused", row.diagnosis_id
            )
            return
        ledger.append(
            attempt=ledger.hold(row.diagnosis.attempt_id),
            kind="diagnosis.reduced",
            payload={
                "number": row.diagnosis.number,
                "questions": found.whole,
                "needed": [place + 1 for place in found.needed],
                "proven": found.proven,
                "runs": found.runs,
            },
            actor=None,
            at=now,
            visible=False,
        )


def _put_back(row: ReproReduction, fault: str, *, now: datetime) -> None:
    ReproReduction.objects.filter(pk=row.pk, claims=row.claims, done_at=None).update(
        leased_until=now + RETRY_AFTER, last_fault=fault
    )
    if row.claims >= MOST_CLAIMS:
        log.critical("ALERT: reducing diagnosis %s failed %s times, last: %s", row.diagnosis_id, row.claims, fault)
    else:
        log.warning("The reduction of diagnosis %s is tried again: %s", row.diagnosis_id, fault)
