"""Gathers what a mentor judges an attempt by; every figure cites the ledger rows and runs it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading.evidence.claimed import self_checks
from grading.evidence.diagnosed import diagnoses
from grading.evidence.effect import Effect, effect
from grading.evidence.figures import figures
from grading.evidence.graded import run_row, verdict
from grading.evidence.ground import ground_truth
from grading.evidence.handed_in import documents, hotfix
from grading.evidence.kept import Kept, document_text
from grading.evidence.moments import clock, times
from grading.evidence.needs_attention import attention, forced
from grading.evidence.opened import opened
from grading.evidence.proposed import proposals
from grading.evidence.told import updates
from grading.evidence.written import written
from grading.ground_truth import as_json as happened_json

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt
    from sandboxes.sandbox import JsonObject

__all__ = ["collect", "document_text"]


def collect(attempt: Attempt, *, now: datetime) -> JsonObject:
    """Everything a mentor sees of an attempt; what needs attention first.

    1. Whether anything was forced, and why.
    2. What arrived late, could not be pinned, was pushed over, or was edited where no fix belongs.
    3. The clock: start, first repro, confirmed diagnosis, mitigation, fix, hand-in; and what really happened.
    4. Diagnoses beside the truth; which sources were opened, and when; runs; updates with their silences, promises and
       claims; self-checks beside what we saw.
    5. The verdict on the work that counts, what the hotfix does before and after, the hotfix; the post-mortem.
    6. What the bands of the twin propose, each with its reasons. Nothing of it is entered for the mentor.
    """
    kept = Kept(attempt, now)
    happened = ground_truth(kept)
    done = Effect(kept)
    changed = hotfix(kept)
    told = updates(kept, happened)
    told_after = written(kept, happened)
    measured = figures(kept, done, changed, told, told_after)
    return {
        "forced": forced(kept),
        "attention": attention(kept),
        "clock": clock(kept),
        "times": times(kept, happened),
        "verdict": verdict(kept),
        "self_checks": self_checks(kept),
        "diagnoses": diagnoses(kept),
        "truth": kept.truth,
        "ground_truth": happened_json(happened),
        "opened": opened(kept),
        "updates": told,
        "runs": [run_row(kept, submission) for submission in kept.submissions],
        "effect": effect(done),
        "hotfix": changed,
        "documents": documents(kept),
        "postmortem": told_after,
        "proposals": proposals(kept, measured),
    }
