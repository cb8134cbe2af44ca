"""Gathers what a mentor judges an attempt by; every figure cites the ledger rows and runs it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading.evidence.claimed import self_checks
from grading.evidence.diagnosed import diagnoses
from grading.evidence.graded import run_row, verdict
from grading.evidence.handed_in import documents, hotfix
from grading.evidence.kept import Kept, document_text
from grading.evidence.moments import clock, times
from grading.evidence.needs_attention import attention, forced
from grading.evidence.told import updates

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt
    from sandboxes.sandbox import JsonObject

__all__ = ["collect", "document_text"]


def collect(attempt: Attempt, *, now: datetime) -> JsonObject:
    """Everything a mentor sees of an attempt; what needs attention first.

    1. Whether anything was forced, and why.
    2. What arrived late, could not be pinned, was pushed over, or was edited where no fix belongs.
    3. The clock: start, first repro, confirmed diagnosis, first fix, hand-in.
    4. Diagnoses beside the truth; runs; updates with their silences and promises; self-checks beside what we saw.
    5. The verdict on the work that counts, with its numbers; the hotfix; the post-mortem.
    """
    kept = Kept(attempt, now)
    return {
        "forced": forced(kept),
        "attention": attention(kept),
        "clock": clock(kept),
        "times": times(kept),
        "verdict": verdict(kept),
        "self_checks": self_checks(kept),
        "diagnoses": diagnoses(kept),
        "truth": kept.truth,
        "updates": updates(kept),
        "runs": [run_row(kept, submission) for submission in kept.submissions],
        "hotfix": hotfix(kept),
        "documents": documents(kept),
    }
