"""The queue of runs, kept in rows: enlist what was taken in, claim one, keep the claim, finish it once or give it up.

A claim is a lease with a fence. The lease ends unless its holder renews it; the fence grows with every claim, so what
an older holder still has to say is refused. `MOVES` names every state a run can go through.

While the stage of a hand-in is open, its run goes no further than its visible cells and is held there: the hidden ones
are run after the window has closed, so that until then nothing knows, or takes time over, what a learner must not see.

How long is waited and how often is tried again stands in `patience`.
"""

from grading.queue import patience
from grading.queue.claiming import Claim, LeaseLost, Part, claim, keep
from grading.queue.ending import Finding, finish, give_back, reclaim
from grading.queue.enlisting import NothingToRepeat, enlist, release, try_again, ungraded_practice_runs
from grading.queue.holding import told_at
from grading.queue.looking import Place, last_run, place
from grading.queue.moves import MOVES
from grading.queue.ordering import in_order

__all__ = [
    "MOVES",
    "Claim",
    "Finding",
    "LeaseLost",
    "NothingToRepeat",
    "Part",
    "Place",
    "claim",
    "enlist",
    "finish",
    "give_back",
    "in_order",
    "keep",
    "last_run",
    "patience",
    "place",
    "reclaim",
    "release",
    "told_at",
    "try_again",
    "ungraded_practice_runs",
]
