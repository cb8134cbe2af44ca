"""⑥ A mentor's judgement of one attempt: open, claim, score, assert, hand back, sign off.

Every verb takes the time from its doorway, moves the review in one statement that names the state it expects, and
writes the ledger in the same transaction. Lock order everywhere: attempt (by the ledger), then review.
"""

from rubrics.review.claims import MOVES, claim, hold_claimed, reassign, release
from rubrics.review.drafts import MAX_COMMENT, MAX_EVIDENCE, Cited, score
from rubrics.review.opening import SETTLE, open_waiting
from rubrics.review.queue import held_by, may_see, own_review, queue
from rubrics.review.signing import forced, frozen, is_finished, sign_off, total_of

__all__ = [
    "MAX_COMMENT",
    "MAX_EVIDENCE",
    "MOVES",
    "SETTLE",
    "Cited",
    "claim",
    "forced",
    "frozen",
    "held_by",
    "hold_claimed",
    "is_finished",
    "may_see",
    "open_waiting",
    "own_review",
    "queue",
    "reassign",
    "release",
    "score",
    "sign_off",
    "total_of",
]
