"""Takes the follow-ups of a post-mortem apart: verb, owner, date, measurable end. It reads form, it does not judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.followups import FollowUp
    from sandboxes.sandbox import JsonObject

# What people begin a follow-up with. A first word that is not here is no verb to us, and that is said as such.
_VERBS = frozenset(
    re.findall(
        r"[a-z-]+",
        """add adopt agree alert allow annotate apply approve archive assert assign audit automate backfill backport ban
    block bound build cache call cap catch change check clarify clean close collect compare compute configure connect
    contact count cover create cut define delete deploy deprecate describe design detect disable document drill drop
    emit enable encode enforce ensure escalate establish evaluate exercise expand explain export expose extend extract
    fail file fix flag freeze gate generate give guard harden hold identify implement improve include inform install
    instrument integrate introduce investigate invite isolate label launch lint limit link list lock log make map mark
    measure merge migrate monitor move name notify open order page parametrise parametrize patch pin plan practise
    practice probe prohibit propose protect prove provide publish put raise rate re-run read rebuild record reduce
    refactor refuse reject release remove rename repair replace replay report require rerun reset restore restrict
    retire retrain return revert review revise rewrite rotate run sample scan schedule scope send separate set ship show
    sign simplify split standardise standardize state stop store surface switch tag teach tell test tighten track train
    trigger turn update upgrade use validate verify version warn watch wire write""",
    )
)
_LEAD = re.compile(
    r"^(?:\[[ xX]\]\s*|\*\*|`|[Pp]\d[:\s]+|[\[(]?(?i:prevent|detect|mitigat|process|tooling)\w*[\])]?\s*[:–—-]\s*"
    r"|@[\w.-]+\s*[:–—,-]\s*|@?[A-Z][\w.'-]+(?:\s[A-Z][\w.'-]+)?\s*[:–—]\s*|[A-Z]{2,}-\d+:?\s*|\d+[.)]\s*)+"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_PERIOD = r"(?:(?:this|next|the)?\s?(?:week|month|sprint|quarter)|q[1-4])"
_DUE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b"
    r"|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\b"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b"
    r"|\b(?:by|before|until|due|on|this|next)\s+(?:the\s+)?(?:end\s+of\s+)?"
    rf"(?:{_WEEKDAY}|tomorrow|today|tonight|{_PERIOD})\b"
    r"|\b(?:within|in)\s+(?:the\s+next\s+)?(?:\d{1,3}|one|two|three|four|six)\s+(?:working\s+|business\s+)?"
    r"(?:hours?|days?|weeks?|months?|sprints?)\b"
    r"|\b(?:today|tomorrow)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:done|closed|complete|finished|success(?:ful)?)\s+when\b"
    r"|\b(?:measured|verified)\s+by\b"
    r"|\bacceptance\b"
    r"|\bso that\b.{3,}"
    r"|\buntil\b.{3,}"
    r"|\bfails?\s+(?:when|if|the build|ci|on)\b"
    r"|\b(?:alerts?|pages?|warns?)\s+(?:when|if|above|below|within|at|on)\b"
    r"|(?:<=|>=|<|>|≤|≥)\s?\d"
    r"|\b(?:at least|at most|less than|more than|fewer than|under|over|above|below|every|each|per)\s+"
    r"(?:\d|hour|day|week|deploy|release|night)"
    r"|\b\d+(?:\.\d+)?\s?(?:%|percent|per cent)"
    r"|\b\d+\s(?:questions?|answers?|cases?|tests?|minutes?|seconds?|probes?|alerts?|complaints?)"
    r"|\bin\s+ci\b"
    r"|\bblocks?\s+(?:the\s+)?(?:merge|deploy|release|build)",
    re.IGNORECASE,
)
_OWNER_PART = re.compile(
    r"\(?\b(?:owner|owned by|assignee|assigned to|responsible|dri|due|deadline)\b.*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Action:
    """A follow-up: what it begins with, who owns it, when it is due, and the words that give it an end to measure."""

    text: str
    verb: str | None
    owner: str | None
    due: str | None
    end: str | None

    @property
    def complete(self) -> bool:
        """Whether all four are there."""
        return None not in {self.verb, self.owner, self.due, self.end}


def action(found: FollowUp) -> Action:
    """Take one follow-up apart; of a table's row, the first cell that begins with a verb counts."""
    due = _DUE.search(found.text)
    without_due = found.text if due is None else found.text[: due.start()] + found.text[due.end() :]
    end = _ENDS.search(_OWNER_PART.sub("", without_due)) or _ENDS.search(without_due)
    return Action(
        text=found.text,
        verb=next((verb for cell in found.text.split(" | ") if (verb := _verb(cell)) is not None), None),
        owner=found.owner,
        due=due.group().strip() if due else None,
        end=end.group().strip() if end else None,
    )


def _verb(words: str) -> str | None:
    first = re.match(r"[A-Za-z][A-Za-z-]*", _LEAD.sub("", words.strip()).strip("*`_ "))
    return first.group().lower() if first and first.group().lower() in _VERBS else None


def as_json(found: Action) -> JsonObject:
    """A follow-up as the mentor's page shows it."""
    return {
        "text": found.text,
        "verb": found.verb,
        "owner": found.owner,
        "due": found.due,
        "measurable_end": found.end,
        "complete": found.complete,
    }
