"""⑤ Runs a submission: every planned cell in containers of its own, answers judged outside, one finding at the end."""

from grading.run.cells import TEST_LIMITS, TREE_LIMITS, Answer, OurTreeFailed, Record, RunLost, run_cell
from grading.run.claimed import find, grade
from grading.run.executing import BUDGET_SECONDS, MOST_STOPPED, TooSlow, execute
from grading.run.finding import conclude, weigh
from grading.run.pair import Pair, visible_pair

__all__ = [
    "BUDGET_SECONDS",
    "MOST_STOPPED",
    "TEST_LIMITS",
    "TREE_LIMITS",
    "Answer",
    "OurTreeFailed",
    "Pair",
    "Record",
    "RunLost",
    "TooSlow",
    "conclude",
    "execute",
    "find",
    "grade",
    "run_cell",
    "visible_pair",
    "weigh",
]
