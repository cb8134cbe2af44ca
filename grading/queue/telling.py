"""What the ledger says of a run at each of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grading.models import GradingRun, RunState
from grading.queue.holding import told_at

if TYPE_CHECKING:
    from exams.models import Submission


def what_is_said(run: GradingRun, submission: Submission) -> dict[str, Any]:
    """What the ledger says of a run; the learner may read all of it."""
    said: dict[str, Any] = {
        "run": str(submission.pk),
        "number": submission.number,
        "purpose": submission.purpose,
        "try": run.try_number,
        "state": run.state,
    }
    if run.state == RunState.HELD:
        said |= {
            "visible_verdict": run.visible_verdict,
            "because": run.visible_because,
            "hidden_checks_after": told_at(submission),
        }
    if run.state == RunState.GRADED:
        said |= {
            "verdict": run.verdict,
            "because": run.because,
            "mutants_killed": run.mutants_killed,
            "mutants_total": run.mutants_total,
            "alternatives_passed": run.alternatives_passed,
            "alternatives_total": run.alternatives_total,
        }
    return said
