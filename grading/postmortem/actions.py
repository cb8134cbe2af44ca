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
        """add adopt agree alert allow annotate answer apply approve archive ask assert assign audit automate avoid
    backfill backport ban block bound bring build cache call cap carry catch change check clarify clean close
    collect commit compare complete compute configure confirm connect contact convert correct count cover create cut
    decide define delete deliver demand demonstrate deploy deprecate describe design detect disable discuss
    distribute document drill drop edit eliminate embed emit enable encode encourage enforce ensure escalate
    establish evaluate exclude execute exercise expand explain export expose extend extract fail fetch file finalise
    finalize find finish fix flag follow force freeze gate generate get give go grant guard hand handle harden help
    hold identify ignore implement improve include inform insert inspect install instrument integrate introduce
    investigate invite isolate keep label launch learn let limit link lint list lock log look lower maintain make
    mandate map mark measure mention merge migrate mirror mitigate monitor move name notify obtain offer open order
    organise organize page parametrise parametrize pass patch pay perform persist pick pin plan poll practice
    practise prepare preserve prevent prioritise prioritize probe prohibit promote propose protect prove provide
    publish purge push put raise rate re-check re-index re-read re-run reach read rebuild recheck recompute
    reconcile record recover redact redesign reduce refactor refuse rehearse reindex reject relate release reload
    rely remind remove rename renew repair repeat rephrase replace replay report reproduce request require rerun
    rescan reset resolve respond restore restrict retain rethink retire retrain retry return reuse revert review
    revise rewrite roll rotate route run sample save scan schedule scope scrub select send separate serve set share
    ship shorten show sign simplify simulate skip sort speak specify split spread stamp standardise standardize
    state stop store strengthen strip subscribe supply suppress surface switch sync tag take talk teach tell test
    throttle tie tighten track train treat trigger tune turn unify update upgrade use validate verify version vet
    wait walk warm warn watch weigh widen wire withdraw wrap write""",
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
_NAME = re.compile(r"`[^`\n]{0,200}`")
_AFTER_COLON = re.compile(r":\s+(.{1,60})")
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
    """Take one follow-up apart.

    Of a table's row, what a column's head says it is for counts first: what is to be done is no verb of the column that
    says of which kind it is. Where no head says it, the first cell that begins with a verb counts. What stands in
    backticks is a name, and no date.
    """
    due = _DUE.search(found.columns.get("due", "")) or _DUE.search(_NAME.sub(_blank, found.text))
    without_due = found.text if due is None else found.text.replace(due.group(), "", 1)
    end = found.columns.get("end") or _end(without_due)
    return Action(
        text=found.text,
        verb=next((verb for cell in _says_what(found) if (verb := _verb(cell)) is not None), None),
        owner=found.owner,
        due=due.group().strip() if due else None,
        end=end,
    )


def _blank(name: re.Match[str]) -> str:
    return " " * len(name.group())


def _end(text: str) -> str | None:
    found = _ENDS.search(_OWNER_PART.sub("", text)) or _ENDS.search(text)
    return found.group().strip() if found else None


def _says_what(found: FollowUp) -> list[str]:
    if "what" in found.columns:
        return [found.columns["what"]]
    if found.columns:
        return [cell for name, cell in found.columns.items() if name.startswith("column")]
    return found.text.split(" | ")


def _verb(words: str) -> str | None:
    """What it begins with, or what comes after its first colon does: "Canary: ask each minute"."""
    for part in (words, *_AFTER_COLON.findall(words)[:1]):
        first = re.match(r"[A-Za-z][A-Za-z-]*", _LEAD.sub("", part.strip()).strip("*`_ "))
        if first and first.group().lower() in _VERBS:
            return first.group().lower()
    return None


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
