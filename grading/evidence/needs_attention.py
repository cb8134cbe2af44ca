"""What needs a mentor's attention first: what was forced, late, unpinned, deployed unread, or edited out of place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.models import HandIn, LateWrite
from grading.evidence import deployed
from grading.evidence.diagnosed import at_odds

if TYPE_CHECKING:
    from exams.models import Submission
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def forced(kept: Kept) -> list[JsonObject]:
    """Hand-ins that were forced past a critical self-check, the latest first, each with its reason."""
    questions = {check.key: check.question for check in kept.twin.self_checks}
    return [
        {
            "stage": hand_in.stage.key,
            "reason": hand_in.force_reason,
            "checks": [{"key": key, "question": questions.get(key, "")} for key in hand_in.blocked_checks],
            "at": hand_in.received_at,
            "counts": kept.hand_ins.get(hand_in.stage.key) == hand_in,
            "cites": kept.event("stage.handed_in", hand_in=str(hand_in.pk)),
        }
        for hand_in in HandIn.objects.filter(attempt=kept.attempt)
        .exclude(force_reason="")
        .select_related("stage")
        .order_by("-received_at")
    ]


def attention(kept: Kept) -> JsonObject:
    """What came late or by no act of theirs, was pushed over, deployed unread, edited out of place, or misleads."""
    late = LateWrite.objects.filter(attempt=kept.attempt).select_related("stage").order_by("received_at")
    handed_in = [each for each in kept.submissions if each.hand_in_id is not None]
    edited = kept.counting_run.provenance.get("edited", {}) if kept.counting_run else {}
    return {
        "late": [
            {
                "kind": write.kind,
                "stage": write.stage.key,
                "received_at": write.received_at,
                "late_by_seconds": write.late_by.total_seconds(),
                "content": write.payload,
                "granted": write.granted_at is not None,
                "grant_reason": write.grant_reason,
                "cites": kept.event("late_write.received", late_write=str(write.pk)),
            }
            for write in late
        ],
        "handed_in_by_deadline": [key for key, hand_in in kept.hand_ins.items() if hand_in.by_deadline],
        "not_handed_in": [stage.key for stage in kept.stages if stage.key not in kept.hand_ins],
        "unpinned": [_named(kept, each) for each in handed_in if each.unpinned],
        "force_pushed": [_named(kept, each) for each in handed_in if each.force_pushed],
        "deployments": deployed.unread(kept),
        "diagnosis": at_odds(kept),
        "edited_protected": edited.get("protected", []),
        "edited_knowledge": edited.get("data", []),
        "extra_time_percent": kept.attempt.multiplier_percent,
    }


def _named(kept: Kept, submission: Submission) -> JsonObject:
    return {
        "run": str(submission.pk),
        "url": submission.url,
        "commit": submission.pinned_commit,
        "cites": kept.cite_run(submission),
    }
