"""Whether an update says the impact, what is done about it, and when the next one comes; and which it lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from exams.models import StatusUpdate
from grading.claims_told.words import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Says:
    """What one update says; `impact` is where it says it. After *resolved* nobody waits for an action or a next one."""

    impact: Literal["field", "words", ""]
    action: bool
    next_update: bool
    going_on: bool

    @property
    def lacks(self) -> tuple[str, ...]:
        """Which of the three it does not say and was to say."""
        return tuple(self._lacking())

    def _lacking(self) -> Iterator[str]:
        if not self.impact:
            yield "impact"
        if self.going_on and not self.action:
            yield "action"
        if self.going_on and not self.next_update:
            yield "next_update"


def says(update: StatusUpdate) -> Says:
    """What an update says; a field for the impact says it if it holds any words, and so do words of the text."""
    return Says(
        impact="field" if _holds_words(update.impact) else "words" if says_an_impact(update.text) else "",
        action=says_an_action(update.text),
        next_update=update.next_update_at is not None,
        going_on=update.state != StatusUpdate.State.RESOLVED,
    )


# What people put into a field that they have nothing to say in. "None" says that there is none.
_NOTHING_SAID = frozenset(
    {"", "na", "nil", "tbd", "tba", "tbc", "todo", "unknown", "notknown", "unclear", "x", "xx", "xxx"}
)


def _holds_words(field: str) -> bool:
    return "".join(each for each in field.casefold() if each.isalnum()) not in _NOTHING_SAID


_WHO = (
    rf"(?:{PEOPLE}|customer|user|client|nobody|no[- ]one|everybody|everyone|follow[- ]?ups?|questions?|answers?"
    r"|figures?)"
)
_BAD = r"(?:wrong(?:ly)?|harmful(?:ly)?|incorrect(?:ly)?|false(?:ly)?|misleading|unapproved|hallucinated)"
_SUFFERS = (
    r"(?:affected|impacted|harmed|misled|misinformed|misquoted|concerned|overcharged|told|given|shown|answered|refused|gets?|got"
    rf"|getting|receiv\w+|mixed up|{_BAD})"
)
_IMPACT = re.compile(
    # who gets what, is told what, is affected or not: "follow-ups got the first asker's product"
    rf"\b{_WHO}\b(?:\s+[^\s,]+){{0,7}}?\s+(?P<suffers>{_SUFFERS})\b"
    # so many of them: "0 harmful answers", "226 wrong figures", "none were harmful"
    rf"|\b(?:\d[\d,.']*|no|zero|none|not one|some|several|few|many|most|all)\s+(?:\w+\s+){{0,2}}?{_BAD}\s+"
    r"(?:answers?|repl(?:y|ies)|responses?|figures?|numbers?|values?|fees?|rates?|since|so far)\b"
    # what goes wrong for them: "it mixes up customers", "harms nobody"
    rf"|\b(?:affects?|affecting|harms?|harming|misleads?|misleading|mixes up|mixing up)\s+(?:\S+\s+){{0,4}}?{_WHO}\b"
    r"|\bno\s+(?:customer\s+)?impact\b|\bimpact\s*(?::|is\b|was\b)\s*\S",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[.!;:\n]+(?:\s|$)|\s[–—-]\s")
_NO_IMPACT = re.compile(
    r"\?|\b(?:whether|if|may|might|could|would|should|so that|to see|tests?|asserts?|assertions?|ensures?|make sure"
    r"|find out|plan\w*|being (?:measured|assessed|counted))\b",
    re.IGNORECASE,
)


def says_an_impact(text: str) -> bool:
    """Whether a text says who is harmed and how, how many are, or that nobody is; not whether they may be."""
    return any(_IMPACT.search(part) and not _NO_IMPACT.search(part) for part in _PARTS.split(text))


_ACTION = re.compile(
    r"\b(?:we|i|the team|engineering|on[- ]call)(?:['’](?:re|ve|m)|\s+(?:are|am|is|have|has|will))?\s+"
    r"(?:now\s+|also\s+|just\s+)*"
    r"(?!are\b|is\b|have\b)[a-z]{3,}"
    r"|\b(?:investigating|rolling|rolled|deploying|deployed|fixing|fixed|testing|monitoring|watching|reverting|reverted|"
    r"checking|reproduc\w+|identified|confirmed|verified|verifying|mitigat\w+|escalat\w+|looking|working|next step\w*"
    r"|action\w*|bisect\w*|ruled out|narrow\w+|notified|informed|disabled|switched|paused|in review|next:)(?!\w)"
    r"|\b(?:diagnosis|cause|fix|test|deploy\w*|rollback|review)\s+(?:is\s+|was\s+)?(?:filed|found|written|requested)\b"
    # "the cache is being bypassed", "Reading the last diffs", "still bisecting"
    r"|\b(?:is|are)\s+being\s+(?!told|misled|given|harmed|affected|served|misinformed|misquoted|quoted|shown|charged)\w+"
    r"|(?:^|[.;:!]\s+|\b(?:now|still|also)\s+)(?!(?:no|every|any|some)thing|during|being|regarding|concerning|pricing"
    r"|according|getting|seeing|including|following|morning|evening)[a-z]{3,}ing\b"
    # a thing that is done to what mends it: "is being tested", "is live", "goes out next", "tested now"
    r"|\b(?:is|are|was|were|has|have|will)\s+(?:now\s+|being\s+|been\s+|be\s+|also\s+|already\s+)*"
    r"(?:tested|reviewed|built|prepared|replayed|retested|live|(?:in|under)\s+(?:test|review))\b"
    r"|\b(?:tested|reviewed|built|retested)\s+now\b"
    r"|\b(?:goes|went|going|go)\s+(?:out|live)\b",
    re.IGNORECASE,
)


def says_an_action(text: str) -> bool:
    """Whether an update says what is being, was or will be done: somebody who does something, or the thing done."""
    return _ACTION.search(text) is not None
