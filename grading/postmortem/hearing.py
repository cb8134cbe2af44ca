"""Which events of an incident the parts of each entry speak of, and how far off they may be. Plain values only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from grading.postmortem import speaking, timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grading.ground_truth import KeyEvent
    from grading.postmortem.timeline import Entry

TOLERANCE = timedelta(minutes=10)
NEAR = timedelta(minutes=5)

_OVER = frozenset({"fix", "release", "resolved"})
_EVENTS: Mapping[str, frozenset[str]] = {
    "deployed": frozenset({"release"}),
    "onset": frozenset({"harm", "release"}),
    "first_harmful": frozenset({"harm"}),
    "first_harmful_live": frozenset({"harm"}),
    "first_complaint": frozenset({"complaint"}),
    "first_alert": frozenset({"alert"}),
    "opened": frozenset({"opened", "alert"}),  # what opens an incident is a page
    "detected": frozenset({"seen"}),
    "confirmed": frozenset({"cause"}),
    "mitigated": _OVER,
    "fixed": _OVER,
    "first_update": frozenset({"update"}),
    "resolved": frozenset({"resolved"}),
}
# What was done in the live window is on record, all of it. These words say so plainly that something was that nothing
# else can be meant; one of the kinds beside them then has to be on record near it.
_FOR_SURE: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (
        re.compile(
            r"\b(?:first|second|third|final|last|status) (?:status )?update\b"
            r"|\b(?:posted|sent|published) (?:\w+ ){0,3}?update\b",
            re.IGNORECASE,
        ),
        frozenset({"update", "resolved"}),
    ),
    (
        re.compile(
            r"\b(?:fix|patch|hotfix) (?:\w+ ){0,2}?(?:deployed|released|shipped|live|rolled out|in production)\b"
            r"|\b(?:deployed|released|shipped|rolled out) (?:\w+ ){0,2}?(?:fix|patch|hotfix)\b"
            r"|\brolled back (?:to\b|production\b|the (?:release|deploy\w*)\b)",
            re.IGNORECASE,
        ),
        _OVER,
    ),
    (re.compile(r"\bincident (?:\w+ )?(?:resolved|closed)\b|^\W*resolved\W*$", re.IGNORECASE), _OVER),
)
# The words of such a part. One more that is not among them leaves it to the mentor.
_SAYS_NO_MORE = re.compile(
    r"[^\w%]*(?:(?:we|i|our|my|the|a|an|this|is|was|were|has|have|been|went|goes|now|just|successfully|finally|fully|again"
    r"|first|second|third|final|last|status|updates?|posted|sent|published"
    r"|(?:hot)?fix|patch|deploy(?:ed|ment)?|released?|shipped|live|out|rolled|back|version|production|prod"
    r"|incident|resolved|closed|previous|earlier|old|investigating|identified|monitoring"
    r"|to|in|for|on|everyone|everybody|stakeholders?|support|compliance|legal|management|executives?|customers?|users?"
    r"|staff|team|desk|board|[rv]\d{1,4}|#?\d{1,3}|(?=\w*\d)[0-9a-f]{4,40})[^\w%]*)?",
    re.IGNORECASE,
)
# What an entry that explains itself, after a colon or in brackets, takes back.
_NOT_DONE = re.compile(
    r"\?|\b(?:no|not|none|never|nothing|nobody|\w+n['’]t|yet|missing|missed|overdue|due|late|promised|scheduled"
    r"|plan\w*|goal|target|eta|draft\w*|fail\w*|cancel\w*|called off|undone|local\w*|laptop|machine|copy|clone|staging"
    r"|sandbox|branch|review|would|could|should|will|wants?|ask(?:s|ed)|expect\w*|almost|mistake\w*|history|log|says?"
    r"|said)\b",
    re.IGNORECASE,
)
# "we read the traces since 08:40" is not at 08:40
_OTHER_TIME = re.compile(
    r"\b(?:since|until|till|by|before|after|from|of|for|than|between)\s+(?:about\s+)?\d{1,2}[:h.]\d", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{5,}")
_POSTED_TO = re.compile(r"\bposted to (?P<audience>\w+)$")
_LONG_ENOUGH = 8  # characters of what an event is called
_ENOUGH_WORDS = 2  # of what an event is called, to speak of it


@dataclass(frozen=True)
class Part:
    """A part of an entry: when it is, how far off it may be, and the ids of the events that its words speak of."""

    entry: Entry
    at: Entry
    within: timedelta
    events: frozenset[str]
    not_to: frozenset[str] = frozenset()  # those of them that are updates to an audience which it does not name


@dataclass(frozen=True)
class Heard:
    """A timeline as far as its words go, whatever its times mean; made once for every reading of them.

    `sure` are the entries of which `for_sure` says so.
    """

    entries: tuple[Entry, ...]
    said: Mapping[Entry, speaking.Said]
    parts: tuple[Part, ...]
    sure: frozenset[Entry]


def hear(entries: Sequence[Entry], events: Sequence[KeyEvent]) -> Heard:
    """Find what each part of each entry speaks of."""
    what = {event.id: _kinds(event) for event in events}
    names = {event.id: _words(_POSTED_TO.sub("", event.what)) for event in events if event.id not in _EVENTS}
    everything = {entry: speaking.said(entry.words) for entry in entries}
    audience = {event.id: sent["audience"] for event in events if (sent := _POSTED_TO.search(event.what))}
    parts: list[Part] = []
    for entry, found in everything.items():
        first = True
        for place, part in enumerate(() if found.listed else found.parts):
            own = (
                timeline.at_its_own_time(entry, part.text)
                if place and not (first and _OTHER_TIME.search(part.text))
                else None
            )
            words = _words(part.text)
            spoken = frozenset(
                event.id
                for event in events
                if part.kinds & what[event.id] or (event.id in names and _named(event, entry, words & names[event.id]))
            )
            if spoken:
                within = TOLERANCE if first or own else NEAR
                named = {each for each in set(audience.values()) if each in part.text.casefold()}
                others = frozenset(event for event in spoken if named and audience.get(event, "") not in {"", *named})
                parts.append(Part(entry, own or entry, within, spoken, others))
                first = False
    sure = frozenset(entry for entry, found in everything.items() if for_sure(entry, found))
    return Heard(tuple(entries), everything, tuple(parts), sure)


def _kinds(event: KeyEvent) -> frozenset[str]:
    """The kinds that an event is of; of an event that is not one of ours, what the words for it speak of."""
    return _EVENTS.get(event.id) or speaking.kinds(event.what)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))


def _named(event: KeyEvent, entry: Entry, shared: frozenset[str]) -> bool:
    """Whether an entry calls an event what we call it, or by enough of its words."""
    called = event.what.casefold()
    return len(shared) >= _ENOUGH_WORDS or (len(called) >= _LONG_ENOUGH and called in entry.words.casefold())


def for_sure(entry: Entry, found: speaking.Said) -> bool:
    """Whether all it speaks of is something done that the record would have, if it had been done.

    Only if it says nothing else: any further word may make it somebody else's act, one on a copy, or one to come.
    """
    return (
        not found.listed
        and bool(found.parts)
        and _NOT_DONE.search(entry.words) is None
        and all(
            any(pattern.search(part.text) and part.kinds and part.kinds <= kinds for pattern, kinds in _FOR_SURE)
            and all(_SAYS_NO_MORE.fullmatch(word) for word in part.text.split())
            for part in found.parts
        )
    )
