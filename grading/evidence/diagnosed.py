"""What was diagnosed, whether it reproduces, and how it compares with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading import repro
from grading.models import ReproCheck

if TYPE_CHECKING:
    from exams.models import Diagnosis
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def diagnoses(kept: Kept) -> list[JsonObject]:
    """Every diagnosis with what its repro showed, beside the truth."""
    checks = {check.diagnosis_id: check for check in ReproCheck.objects.filter(diagnosis__in=kept.diagnoses)}
    return [_diagnosis(kept, diagnosis, checks.get(diagnosis.pk)) for diagnosis in kept.diagnoses]


def _diagnosis(kept: Kept, diagnosis: Diagnosis, check: ReproCheck | None) -> JsonObject:
    causes = repro.compare(diagnosis, kept.truth)
    return {
        "number": diagnosis.number,
        "received_at": diagnosis.received_at,
        "component": diagnosis.component,
        "failure_class": diagnosis.failure_class,
        "explanation": diagnosis.explanation,
        "repro": diagnosis.repro,
        "reproduces": check.reproduces if check else None,
        "confirmed": diagnosis == kept.confirmed,
        "transcript": check.transcript if check else [],
        # The learner writes free words: what is not recognised is for the mentor to read, and no sign of a wrong cause.
        "matches_truth": {"component": causes.component or None, "failure_class": causes.failure_class or None},
        "cites": kept.event("diagnosis.filed", number=diagnosis.number)
        + kept.event("diagnosis.checked", number=diagnosis.number),
    }
