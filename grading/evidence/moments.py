"""The clock: the windows, and when each thing that matters happened, with what says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams import incident, oracle
from exams.models import Question
from grading.evidence.diagnosed import first_matching
from grading.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from exams.models import Diagnosis, HandIn
    from grading.evidence.kept import Kept
    from grading.ground_truth import GroundTruth
    from sandboxes.sandbox import JsonObject


# Verdicts that say: fails by assertion before, and passes after.
FAILS_THEN_PASSES = frozenset(
    {Verdict.overfit, Verdict.weak, Verdict.hotfix_incomplete, Verdict.hotfix_regresses, Verdict.verified}
)


@dataclass(frozen=True)
class Moment:
    """When something happened, and what says so."""

    at: datetime
    cites: list[JsonObject]


def clock(kept: Kept) -> JsonObject:
    """The start and the windows."""
    return {
        "started_at": kept.attempt.started_at,
        "cites": kept.event("attempt.started"),
        "stages": [
            {
                "key": stage.key,
                "opens_at": stage.opens_at,
                "closes_at": stage.closes_at,
                "state": stage.state,
                "closed_at": stage.closed_at,
            }
            for stage in kept.stages
        ],
    }


def times(kept: Kept, happened: GroundTruth) -> JsonObject:
    """Moments of the incident, each with its distance from the start in seconds; None when it never came."""
    moments: dict[str, Moment | None] = {
        "first_question": _first_question(kept),
        "first_repro": first_repro(kept),
        "first_update": _first_update(kept),
        "confirmed_diagnosis": _diagnosed(kept, kept.confirmed),
        "first_matching_diagnosis": _diagnosed(kept, first_matching(kept)),
        "first_reproducing_test": _first_run(kept, FAILS_THEN_PASSES | {Verdict.fails_on_own_fix}),
        "first_fix": _first_run(kept, FAILS_THEN_PASSES),
    }
    moments |= {
        name: None if found is None else Moment(found.at, list(found.cites))
        for name, found in (("mitigation", happened.mitigated), ("fix_live", happened.fixed))
    }
    moments |= {f"hand_in_{key}": moment_of(kept, hand_in) for key, hand_in in kept.hand_ins.items()}
    return {name: _distance(kept, moment) for name, moment in moments.items()}


def _distance(kept: Kept, moment: Moment | None) -> JsonObject | None:
    if moment is None or kept.attempt.started_at is None:
        return None
    return {
        "at": moment.at,
        "seconds_after_start": (moment.at - kept.attempt.started_at).total_seconds(),
        "cites": moment.cites,
    }


def _first_question(kept: Kept) -> Moment | None:
    first = Question.objects.filter(attempt=kept.attempt).order_by("number").first()
    return None if first is None else Moment(first.received_at, kept.event("question.asked", number=first.number))


def first_repro(kept: Kept) -> Moment | None:
    """The first question to the running model, or repro, whose answer is harmful by the approved facts."""
    found = [
        Moment(diagnosis.received_at, kept.event("diagnosis.filed", number=diagnosis.number))
        for diagnosis in ([kept.confirmed] if kept.confirmed else [])
    ]
    conversations = oracle.Conversations(oracle.read_facts(incident.facts(kept.attempt)))
    for question in kept.questions:
        reply = (question.reply or {}).get("reply")
        if oracle.harmful(conversations.judge(question.text, question.session, reply).verdict):
            found.append(Moment(question.received_at, kept.event("question.answered", number=question.number)))
            break
    return min(found, key=lambda moment: moment.at) if found else None


def _first_update(kept: Kept) -> Moment | None:
    if not kept.updates:
        return None
    first = kept.updates[0]
    return Moment(first.received_at, kept.event("status_update.posted", number=first.number))


def _diagnosed(kept: Kept, diagnosis: Diagnosis | None) -> Moment | None:
    """The moment is when it was filed: how long we took to try its repro is not the learner's time."""
    if diagnosis is None:
        return None
    number = diagnosis.number
    cites = kept.event("diagnosis.filed", number=number) + kept.event("diagnosis.checked", number=number)
    return Moment(diagnosis.received_at, cites)


def _first_run(kept: Kept, verdicts: Iterable[Verdict]) -> Moment | None:
    wanted = set(verdicts)
    for submission in kept.submissions:
        run = kept.runs[submission.pk]
        if run is not None and (run.verdict or run.visible_verdict) in wanted:
            return Moment(submission.received_at, kept.cite_run(submission))
    return None


def moment_of(kept: Kept, hand_in: HandIn) -> Moment:
    """When a hand-in happened: the learner's act, or the closing that handed in what was saved."""
    cites = kept.event("stage.handed_in", hand_in=str(hand_in.pk))
    return Moment(hand_in.received_at, cites or kept.event("stage.closed", hand_in=str(hand_in.pk)))
