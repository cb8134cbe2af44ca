"""What was diagnosed, whether it reproduces, and how it compares with the truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from grading import naming
from grading.ddmin import Reduced
from grading.models import ReproCheck

if TYPE_CHECKING:
    from exams.models import Diagnosis
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject

FEW_MINUTES = timedelta(minutes=5)  # one step of the finest anchors for the speed of a diagnosis


def diagnoses(kept: Kept) -> list[JsonObject]:
    """Every diagnosis with what its repro showed, beside the truth."""
    checks = _checks(kept)
    return [_diagnosis(kept, diagnosis, checks.get(diagnosis.pk)) for diagnosis in kept.diagnoses]


def _checks(kept: Kept) -> dict[int, ReproCheck]:
    return {check.diagnosis_id: check for check in ReproCheck.objects.filter(diagnosis__in=kept.diagnoses)}


def first_matching(kept: Kept) -> Diagnosis | None:
    """The first diagnosis that names the true cause, as far as that can be read from its words."""
    return next((each for each in kept.diagnoses if names_the_cause(kept, each)), None)


def names_the_cause(kept: Kept, diagnosis: Diagnosis) -> bool:
    """Whether the component is the true one, and the class no other as far as its words are recognised.

    The learner writes free words: False says that we did not recognise the cause, not that it is wrong.
    """
    causes = kept.compared(diagnosis)
    return causes.component is True and causes.failure_class is not False


def at_odds(kept: Kept) -> JsonObject | None:
    """Why the confirmed diagnosis is not the moment to score, or may not be; None when the two are one in substance.

    The moment that may count instead is that of the first which names the true cause and reproduces; where none does
    both, of the first that names it. Both are told.
    """
    confirmed, right = kept.confirmed, first_matching(kept)
    if confirmed is None and right is None:
        return None
    shown = _first_shown(kept)
    moment = shown or right
    if confirmed is None:
        message = "The true cause was named, and no repro reproduces, so that no diagnosis is confirmed."
    elif not names_the_cause(kept, confirmed):
        message = (
            "The confirmed diagnosis names no cause that we recognise as the true one; "
            f"{_which_does(right, shown)}. Read them."
        )
    elif right is not None and abs(right.received_at - confirmed.received_at) > FEW_MINUTES:
        message = (
            f"The true cause was first named well before the confirmed diagnosis, in number {right.number}, "
            "whose repro has not reproduced. Read both."
        )
        moment = right
    else:
        return None
    apart = None if confirmed is None or moment is None else (moment.received_at - confirmed.received_at)
    named = {each.number: each for each in (confirmed, right, shown) if each is not None}
    return {
        "message": message,
        "confirmed": confirmed.number if confirmed else None,
        "first_matching": right.number if right else None,
        "first_matching_that_reproduces": shown.number if shown else None,
        "seconds_apart": None if apart is None else apart.total_seconds(),
        "cites": [cite for number in sorted(named) for cite in kept.event("diagnosis.filed", number=number)],
    }


def _first_shown(kept: Kept) -> Diagnosis | None:
    """The first diagnosis that names the true cause and whose repro reproduces."""
    checks = _checks(kept)
    return next(
        (
            each
            for each in kept.diagnoses
            if names_the_cause(kept, each) and (check := checks.get(each.pk)) is not None and check.reproduces
        ),
        None,
    )


def _which_does(right: Diagnosis | None, shown: Diagnosis | None) -> str:
    if right is None:
        return "no diagnosis does"
    if shown is None:
        return f"number {right.number} does, and its repro has not reproduced"
    if shown == right:
        return f"number {right.number} does"
    return (
        f"number {shown.number} does and reproduces; number {right.number} named it before, "
        "with a repro that has not reproduced"
    )


def reduction(kept: Kept, diagnosis: Diagnosis) -> JsonObject | None:
    """What became of leaving questions of a repro out; None of one that was not chosen for it, or waits for its stage.

    `minimal` is None while it is not known, or if the runs allowed did not suffice to show it.
    """
    row = kept.reductions.get(diagnosis.pk)
    if row is None:
        return None
    found = None if row.needed is None else Reduced(row.questions, tuple(row.needed), row.runs, bool(row.proven))
    return {
        "done": found is not None,
        "minimal": found.minimal if found else None,
        "questions": row.questions,
        "could_be": len(found.needed) if found else None,
        "needed": [diagnosis.repro[place] for place in found.needed] if found else [],
        "proven": found.proven if found else None,
        "runs": row.runs,
        "cites": kept.event("diagnosis.reduced", number=diagnosis.number),
    }


def _diagnosis(kept: Kept, diagnosis: Diagnosis, check: ReproCheck | None) -> JsonObject:
    return {
        "number": diagnosis.number,
        "received_at": diagnosis.received_at,
        "component": diagnosis.component,
        "failure_class": diagnosis.failure_class,
        "explanation": diagnosis.explanation,
        "repro": diagnosis.repro,
        "reproduces": check.reproduces if check else None,
        "reduction": reduction(kept, diagnosis),
        "confirmed": diagnosis == kept.confirmed,
        "transcript": check.transcript if check else [],
        "matches_truth": _matches(kept, diagnosis),
        "cites": kept.event("diagnosis.filed", number=diagnosis.number)
        + kept.event("diagnosis.checked", number=diagnosis.number),
    }


def _matches(kept: Kept, diagnosis: Diagnosis) -> JsonObject:
    """What it names and how that stands to the truth; None is for the mentor to read, and no sign of a wrong cause."""
    causes = kept.compared(diagnosis)
    titles = {each.key: each.title for each in kept.cause_catalogue.causes}
    return {
        "component": causes.component,
        "failure_class": causes.failure_class,
        "standing": causes.standing,
        "says": naming.SAYS[causes.standing],
        "names": [
            {"key": key, "title": titles[key]} for key in kept.cause_catalogue.causes_named(diagnosis.failure_class)
        ],
        "components_named": list(kept.cause_catalogue.components_named(diagnosis.component)),
    }
