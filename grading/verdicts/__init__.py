"""Decides what a run proves: one label per tree, one result per cell, one verdict per submission. Plain values only.

Nothing here believes a message of submitted code about itself: how a run ended is seen from outside its container,
and which label a tree deserves is known before the test is asked.
"""

from grading.verdicts.deciding import (
    ENOUGH_PERCENT,
    REJECTED,
    Decision,
    Evidence,
    FixEvidence,
    Probed,
    Verdict,
    decide,
    visible_part,
)
from grading.verdicts.observed import (
    NO_TEST,
    NOT_RUN,
    REPEATS,
    REPEATS_AFTER_DISAGREEMENT,
    WANTED,
    CellKind,
    CellResult,
    Label,
    Observed,
    Settled,
    Wanted,
    cell_result,
    disagree,
    settle,
)
from grading.verdicts.wording import Occasion, Words, words

__all__ = [
    "ENOUGH_PERCENT",
    "NOT_RUN",
    "NO_TEST",
    "REJECTED",
    "REPEATS",
    "REPEATS_AFTER_DISAGREEMENT",
    "WANTED",
    "CellKind",
    "CellResult",
    "Decision",
    "Evidence",
    "FixEvidence",
    "Label",
    "Observed",
    "Occasion",
    "Probed",
    "Settled",
    "Verdict",
    "Wanted",
    "Words",
    "cell_result",
    "decide",
    "disagree",
    "settle",
    "visible_part",
    "words",
]
