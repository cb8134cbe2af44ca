"""Whether an update shows that its author had seen the wrong answers: it counts them, whatever state it is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grading import claims_told
from grading.claims_told import Kind
from grading.followups import shortened
from grading.postmortem import radius

if TYPE_CHECKING:
    from exams.models import StatusUpdate
    from grading.evidence.kept import Kept

MOST_TIMES = 2  # a count of more than so many times what there was is a guess
_SENTENCE = re.compile(r"[^.!?\n;]+(?:[.!?](?!\s)[^.!?\n;]*)*")
# What is heard, feared or to come was not seen: "the page tells of 4 wrong answers", "up to 300 wrong answers".
_NOT_SEEN = re.compile(
    r"\b(?:if|whether|unless|would|could|might|may|should|perhaps|maybe|possibly|probably|up to|fewer|less than|no more"
    r"|not|no|never|nobody|none|page[sd]?|pager|report(?:s|ed)|complain\w*|tickets?|alert\w*|alarm\w*|heard|hear"
    r"|according to|guess\w*|estimat\w*|assum\w*|suppose\w*|fear|expect\w*|told (?:us|me)|says?|said|sla|threshold)\b",
    re.IGNORECASE,
)


def wrong_answers(kept: Kept) -> int:
    """How many there were in all, before the opening and while live."""
    before = kept.truth.get("wrong_answers_before_opening")
    live = kept.told.total.harmful if kept.told else 0
    return (before if isinstance(before, int) else 0) + (live or 0)


def counts_wrong_answers(update: StatusUpdate, at_most: int) -> bool:
    """Whether it says for sure how many answers were wrong, or customers told wrong, and that is no more than so many.

    A count that is not yet checked is one: who counts has seen them.
    """
    for said in (update.text, update.impact):
        for sentence in _SENTENCE.findall(shortened(said)):
            if not _NOT_SEEN.search(sentence) and any(0 < each <= at_most for each in _counts(sentence)):
                return True
    return False


def _counts(sentence: str) -> list[float]:
    found: list[float] = [each.number for each in radius.numbers(sentence) if each.of == "answers"]
    found += [
        float(each.number)
        for each in claims_told.claims(sentence)
        if each.kind == Kind.how_many and each.number is not None
    ]
    return found
