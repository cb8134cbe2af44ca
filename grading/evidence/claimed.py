"""What the learner claimed in each self-check, beside what the platform saw itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.models import Answer, SelfCheckAnswer
from grading import plan
from grading.evidence.kept import tree_of
from grading.followups import follow_ups

if TYPE_CHECKING:
    from exams.twins.definition import SelfCheck
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def self_checks(kept: Kept) -> list[JsonObject]:
    """Each self-check: what was claimed, what was observed, and whether the two agree."""
    answers = {
        (answer.hand_in_id, answer.check_key): answer.answer
        for answer in SelfCheckAnswer.objects.filter(hand_in__in=kept.hand_ins.values())
    }
    rows = []
    for check in kept.twin.self_checks:
        hand_in = kept.hand_ins.get(check.stage)
        claimed = answers.get((hand_in.pk, check.key), Answer.NOT_ANSWERED) if hand_in else Answer.NOT_ANSWERED
        observed, detail, cites = _observe(kept, check)
        rows.append(
            {
                "key": check.key,
                "question": check.question,
                "critical": check.critical,
                "claimed": claimed,
                "observed": observed,
                "agrees": _agrees(claimed, observed=observed),
                "detail": detail,
                "cites": cites,
            }
        )
    return rows


def _agrees(claimed: str, *, observed: bool | None) -> bool | None:
    """Whether claim and observation say the same; None when either says nothing."""
    if observed is None or claimed == Answer.NOT_ANSWERED:
        return None
    return (claimed == Answer.YES) is observed


def _observe(kept: Kept, check: SelfCheck) -> tuple[bool | None, str, list[JsonObject]]:
    """What we saw ourselves: yes, no, or None when there is nothing to see."""
    match check.observed:
        case "regression_test_present":
            return _observe_test(kept)
        case "status_updates_posted":
            cites = kept.event("status_update.posted")
            return bool(kept.updates), f"{len(kept.updates)} posted in the live window", cites
        case "follow_ups_have_owners":
            return _observe_owners(kept, check.stage)
        case _:
            return None, "the platform does not observe this", []


def _observe_test(kept: Kept) -> tuple[bool | None, str, list[JsonObject]]:
    submission = kept.counting
    if submission is None:
        return False, "no code was handed in", []
    if submission.tree is None:
        return None, f"the files are not there: {submission.rejected_because or 'not read yet'}", []
    test = tree_of(submission).under(plan.REGRESSION_TESTS)
    paths = [path for path in test.files if path.endswith(".py")]
    detail = ", ".join(paths) or f"nothing in {plan.REGRESSION_TESTS}"
    return bool(paths), detail, kept.cite_run(submission)


def _observe_owners(kept: Kept, stage_key: str) -> tuple[bool | None, str, list[JsonObject]]:
    hand_in = kept.hand_ins.get(stage_key)
    found = [each for _, text in kept.texts(stage_key) for each in follow_ups(text)]
    owned = [each for each in found if each.owner]
    cites = kept.event("stage.handed_in", hand_in=str(hand_in.pk)) if hand_in else []
    if not found:
        return False, "no list of follow-ups was found", cites
    unowned = [each.text[:80] for each in found if not each.owner]
    detail = f"an owner was read in {len(owned)} of {len(found)} follow-ups"
    return not unowned, detail + (f"; not in: {'; '.join(unowned)}" if unowned else ""), cites
