"""Tries the repro of each diagnosis against the model the learner was handed, and says whether it misbehaves."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q

from exams import incident, ledger
from exams.definitions import twin_of
from exams.live.deployments.trees import release_tree
from exams.live.diagnoses import ReproResult, spoken
from exams.models import Diagnosis
from grading import naming, transcripts
from grading.coarse import coarsened
from grading.models import ReproCheck
from grading.run import TREE_LIMITS, OurTreeFailed
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from exams.models import Attempt
    from sandboxes.sandbox import JsonObject, Sandbox

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # longer than a serving may take: nothing renews it
RETRY_AFTER = timedelta(seconds=10)
MOST_CLAIMS = 10  # then an operator is called at each further try; the learner's clock is never charged


def enlist() -> int:
    """Give every diagnosis a row for its check; return how many had none."""
    missing = list(Diagnosis.objects.filter(check_result=None).order_by("received_at").values_list("pk", flat=True))
    ReproCheck.objects.bulk_create([ReproCheck(diagnosis_id=pk) for pk in missing], ignore_conflicts=True)
    return len(missing)


def claim(*, now: datetime) -> ReproCheck | None:
    """Take the check that has waited longest, or None; its `claims` is the fence of this claim."""
    with transaction.atomic():
        check = (
            ReproCheck.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(Q(leased_until=None) | Q(leased_until__lte=now), checked_at=None)
            .order_by("diagnosis__received_at", "pk")
            .first()
        )
        if check is None:
            return None
        ReproCheck.objects.filter(pk=check.pk).update(claims=F("claims") + 1, leased_until=now + LEASE)
    return ReproCheck.objects.select_related("diagnosis__attempt__twin", "diagnosis__attempt__learner").get(pk=check.pk)


def check_one(check: ReproCheck, *, sandbox: Sandbox, clock: Callable[[], datetime]) -> bool:
    """Try one claimed repro; return whether it came to an answer.

    1. Start the tree the learner was handed, outside any transaction, and put its questions.
    2. The repro reproduces when any answer is harmful by the approved facts.
    3. Write the answer once, with two ledger rows: what the learner may know, and the true cause, which is hidden.
    """
    diagnosis = check.diagnosis
    try:
        rows = ask(diagnosis.attempt, diagnosis.repro, sandbox)
    except SandboxFault as fault:
        _put_back(check, f"{type(fault).__name__}: {fault}", now=clock())
        return False
    _record(check, rows, now=clock())
    return True


def ask(attempt: Attempt, questions: Sequence[str], sandbox: Sandbox) -> list[JsonObject]:
    """Put questions in their order to the freshly started tree that the learner was handed.

    Each stands alone unless it names its conversation; some faults show in conversations only.

    Raises:
        SandboxFault: the platform failed, which a tree of ours that cannot be loaded is too.
    """
    exchanges = []
    with sandbox.serve(release_tree(attempt), limits=TREE_LIMITS) as served:
        for line in questions:
            question, session = spoken(line)
            exchange = served.ask(question, session=session)
            if served.load_error is not None:
                raise OurTreeFailed(f"the tree handed out could not be loaded: {served.load_error}")
            exchanges.append(exchange)
    return transcripts.transcript(exchanges, incident.facts(attempt))


def _record(check: ReproCheck, rows: list[JsonObject], *, now: datetime) -> None:
    diagnosis = check.diagnosis
    causes = naming.compare(
        diagnosis, incident.truth(diagnosis.attempt), incident.cause_catalogue(twin_of(diagnosis.attempt))
    )
    reproduces = any(row["harmful"] for row in rows)
    with transaction.atomic():
        kept = ReproCheck.objects.filter(pk=check.pk, claims=check.claims, checked_at=None).update(
            reproduces=reproduces,
            transcript=rows,
            cause_matches=causes.right,
            checked_at=now,
            leased_until=None,
        )
        if not kept:
            log.warning("The check of diagnosis %s was finished by another claim; ours is refused", diagnosis.pk)
            return
        attempt = ledger.hold(diagnosis.attempt_id)
        first = reproduces and confirmed(attempt) == diagnosis
        ledger.append(
            attempt=attempt,
            kind="diagnosis.checked",
            payload={
                "number": diagnosis.number,
                "reproduces": reproduces,
                "confirmed": first,
                "questions": len(rows),
                "harmful": sum(row["harmful"] for row in rows),
            },
            actor=None,
            at=now,
        )
        ledger.append(
            attempt=attempt,
            kind="diagnosis.compared",
            payload={
                "number": diagnosis.number,
                "component_matches": causes.component,
                "failure_class_matches": causes.failure_class,
                "standing": causes.standing,
            },
            actor=None,
            at=now,
            visible=False,
        )


def _put_back(check: ReproCheck, fault: str, *, now: datetime) -> None:
    ReproCheck.objects.filter(pk=check.pk, claims=check.claims, checked_at=None).update(
        leased_until=now + RETRY_AFTER, last_fault=fault
    )
    if check.claims >= MOST_CLAIMS:
        log.critical(
            "ALERT: the repro of diagnosis %s failed %s times, last: %s", check.diagnosis_id, check.claims, fault
        )
    else:
        log.warning("The repro of diagnosis %s is tried again: %s", check.diagnosis_id, fault)


def confirmed(attempt: Attempt) -> Diagnosis | None:
    """The first diagnosis of an attempt whose repro reproduces: the moment of a confirmed root cause."""
    return Diagnosis.objects.filter(attempt=attempt, check_result__reproduces=True).order_by("number").first()


def results(diagnosis_ids: Sequence[int], *, fine: bool) -> dict[int, ReproResult]:
    """What exams shows of repros that were tried; nothing about the true cause is in it.

    Only when `fine` does it say in what way an answer is wrong, which is half of the cause.
    """
    return {
        check.diagnosis_id: ReproResult(
            reproduces=check.reproduces,
            transcript=check.transcript if fine else coarsened(check.transcript),
            checked_at=check.checked_at,
        )
        for check in ReproCheck.objects.filter(diagnosis__in=diagnosis_ids, checked_at__isnull=False)
    }
