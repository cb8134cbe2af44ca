"""Which kinds of events an entry of a timeline speaks of, in common words and their paraphrases. Plain values only.

1. What follows a colon, or stands in brackets, explains what came before it: it is read only if that says nothing.
2. The rest is taken apart at ``;``, at the end of a sentence and at *and* or *then*: each part says one thing.
3. In each part the words of every kind are looked for. What is denied, planned, awaited, or past (*after the alert*) is
   not what happened, and who is still writing a fix or looking for a cause has none yet.
4. A part that speaks of more kinds than a sentence does is a list of words and is read as none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PARTS = 8
MOST_KINDS_IN_A_PART = 3  # groups of kinds, see `_GROUPS`
MOST_KINDS = 4

_WRONG = r"(?:wrong|harmful|incorrect|false|bad|hallucinated|invented|made[- ]up|unapproved|misleading|outdated|stale)"
_THINGS = r"(?:answer\w*|repl(?:y|ies)|values?|fees?|rates?|terms?|figures?|numbers?|prices?|amounts?|information)"
_TEAMS = (
    r"(?:stakeholders?|everyone|everybody|support|compliance|legal|management|executives?|customers?|users?|staff"
    r"|the (?:\w+ )?(?:team|desk|board|room))"
)
_CAME_LIVE = (
    r"(?:deploy(?:s|ed|ing|ment)?|releas(?:es|ed|ing)|roll(?:ed|s|ing)?[ -]?out|rollout|ship(?:s|ped)|landed|live"
    r"|in(?:to)? production|(?:to|in|on) prod)"
)
_KINDS: Mapping[str, str] = {
    "release": rf"\b{_CAME_LIVE}\b|\bmerg(?:es|ed)\b|\b(?:went|goes) out\b|\bintroduc\w+"
    r"|\bchange (?:landed|went|came)\b"
    r"|^\W*(?:(?:an?|the|our|next|new|faulty|bad|nightly)\s+){0,2}(?:release|deploy|deployment|rollout|version)\b"
    r"|^\W*(?:release|version)?\s*[rv]\d{1,4}\W*$",
    "fix": r"\b(?:hot-?)?fix(?:es|ed)?\b|\bpatch(?:es|ed)?\b|\bmitigat\w*|\bcontain(?:s|ed|ment)\b|\bworkaround\b"
    r"|\broll(?:ed|s|ing)?[ -]?back\b|\brevert(?:s|ed)?\b|\b(?:switched|turned|took) (?:\w+ ){0,3}?off\b|\bdisabled\b"
    rf"|\b(?:harm|damage|bleeding|{_WRONG} {_THINGS}) (?:\w+ )?(?:ended|ends|stopped|stops|ceased|over|gone)\b"
    rf"|\b(?:no more|no further|no longer|last) (?:\w+ )?{_WRONG}\b|\bstop(?:ped|s) (?:the )?(?:harm|{_WRONG}|bleeding)"
    rf"|\bend of (?:the )?harm\b|\b(?:right|correct) (?:{_THINGS} )?again\b|\brecovered\b|\brestored\b"
    r"|\bkill[ -]?switch\b",
    "harm": rf"\b(?:first|1st) (?:\w+ )?(?:{_WRONG}|harm\w*|hallucinat\w+)\b|\b{_WRONG} (?:\w+ ){{0,2}}?{_THINGS}\b"
    rf"|\bharm (?:began|begins|starts?|started|first)\b|\bonset\b|\btold (?:\w+ ){{0,4}}?{_WRONG}\b"
    r"|\b(?:misled|misinformed|misquoted)\b|\btold\b.{1,60}?\b(?:instead of|rather than)\b|\bhallucinat\w+"
    rf"|\bfirst (?:customer|person|user)\b.{{1,40}}?\b(?:{_WRONG}|harmed|affected|misled)\b"
    rf"|\b(?:is|was|were|are|came out|comes out|answered|answers|began|got|gets) {_WRONG}(?:ly)?\b",
    "complaint": r"\bcomplain\w*|\b(?:customers?|users?|clients?|members?) (?:\w+ ){0,2}?"
    r"(?:wrote|writes?|report(?:s|ed)?|call(?:s|ed)|contact(?:s|ed)|disput\w+|object(?:s|ed)|flag(?:s|ged))\b"
    r"|\b(?:reported|raised|flagged|disputed) by (?:\w+ ){0,2}?(?:customer|user|client|member)s?\b"
    r"|\b(?:customer|user|client|support|first|1st) (?:tickets?|reports?)\b"
    r"|\bsupport (?:hears?|heard|gets?|got|receiv\w+|was told)\b",
    "alert": r"\balert(?:s|ed)?\b|\balarms?\b|\bpag(?:ed|er|ing)\b|^\W*page\b|\b(?:the|a|first|got|my) page\b"
    r"|\bthreshold (?:was )?(?:crossed|breached|exceeded|reached)\b"
    r"|\bmonitor(?:ing)? (?:fired|fires|rang|trip\w+|warned)\b",
    "opened": r"\b(?:incident|attempt|case|sev[- ]?\d?|call|window)\b (?:\w+ ){0,2}?"
    r"(?:opened|opens|open|started|starts|start|began|begins|declared|raised|created)\b"
    r"|^\W*(?:opened|opening|start|kick-?off)\W*$"
    r"|\bopen(?:ed|s|ing)?(?: of)? (?:the |an |this )?(?:incident|case|sev)\b"
    r"|\bdeclar(?:ed|es|ing)\b|\b(?:take|took|taking|taken|hand(?:ed)?)[ -]?over\b|\bon[ -]?call\b|\bpag(?:ed|er)\b"
    r"|^\W*page\b|\b(?:the|a|got|my) page\b|\backnowledg\w+|\back(?:ed)?\b|\bpicked (?:it )?up\b"
    r"|\bincident (?:channel|bridge|call)\b|\bwe start(?:ed)?\b|\bstart(?:ed)? of (?:the )?incident\b",
    "seen": r"\bdetect(?:ed|s|ion)?\b|\brepro(?:duc(?:ed|es|ible|tion))?\b|\bcan (?:now )?reproduce\b|\bidentif\w+",
    "cause": r"\broot[ -]?causes?\b|\bcause[sd]?\b|\bculprit\b|\bdiagnos\w+|\bidentif\w+|\bRCA?\b|\bpinpoint\w*"
    r"|\b(?:bisect\w*|traced?|pinn?ed|narrowed) (?:\w+ ){0,3}?(?:to|down)\b|\bunderst(?:ood|and) why\b"
    r"|\bfound (?:the |a |our )?(?:bug|fault|defect|faulty|broken|reason|offending|guilty)\b|\bfault (?:is|was|lies)\b",
    "update": r"(?<!index )(?<!document )(?<!price )(?<!base )\bupdates?\b|\bstatus\b|\binform(?:ed|s)\b|\bannounc\w+"
    r"|\bcommunicat\w+|\bnotif(?:y|ied|ies|ication)\b|\bposted\b|\bbriefed\b|\bwrote to\b"
    rf"|\b(?:told|messaged) (?:the |our |all |affected ){{0,2}}?{_TEAMS}(?! (?:\w+ )?{_WRONG}\b)"
    rf"|\b(?:told|reported|explained) to (?:the |our |all ){{0,2}}?(?!customers?\b|users?\b){_TEAMS}",
    "resolved": r"\bresolv(?:ed|es|ing)\b|\bresolution\b|\bincident (?:\w+ )?(?:closed|over|ended)\b|^\W*closed\W*$"
    r"|\bclosed the incident\b|\ball[ -]clear\b|\bstood down\b|\bback to normal\b|\bend of (?:the )?incident\b",
    "asked": r"\basks?\b|\basked\b|\brequest(?:s|ed)?\b|\bwants\b|\bquestion from\b|\bmessage from\b",
    "run": r"\bruns?\b|\btests? (?:pass\w*|green|red|fail\w*)\b|\bself-?check\b",
    "handed_in": r"\bhand(?:ed|ing)?[ -]in\b|\bsubmitted\b",
}
KINDS: Mapping[str, re.Pattern[str]] = {name: re.compile(words, re.IGNORECASE) for name, words in _KINDS.items()}

# Seeing is told by everyday verbs, too, but only of what an incident shows: "found the log file" sees nothing.
_SAW = re.compile(
    r"\b(?:saw|seen|sees|notic\w+|found|observ\w+|spot(?:ted|s)|confirm\w*|verif\w+|discover\w+)\b", re.IGNORECASE
)
_SHOWN = re.compile(
    rf"\b(?:{_WRONG}|harm\w*|problem|issue|symptom|mismatch\w*|contradict\w*|hallucinat\w*|mistakes?|errors?|faulty?)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"^\W*(?:we |i |it |was |first )*(?:saw|seen|notic\w+|observ\w+|spotted|confirmed|verified)(?: it)?\W*$"
)
_CONFIRMED = re.compile(r"^\W*(?:we |i |it |is |was )*confirm(?:ed|s)(?: it)?\W*$", re.IGNORECASE)

_HELD_BACK = re.compile(
    r"\b(?:no|not|never|nobody|nothing|none|neither|without|cannot|\w+n['’]t|yet to|fail(?:ed|s)? to|unable to"
    r"|tried to|will|would|shall|should|might|could|plan(?:s|ned|ning)?|about to|going to|want(?:ed|s)? to|meant to"
    r"|hop(?:ed|ing) to|wait(?:ed|ing|s)? (?:for|on)|await\w*|instead of|rather than|if|whether|suspect(?:ed|s)?"
    r"|possible|unclear|next|ask(?:s|ed|ing)? (?:for|about|whether|when|if))\b(?:\W+\w+){0,3}\W*$"
    r"|\b(?:before|until|after|since|following)\b(?:\W+(?!(?:we|i|it|they)\b)\w+){0,3}\W*$",
    re.IGNORECASE,
)
_HELD_BACK_LATER = re.compile(
    r"^\W*(?:\w+ ){0,3}?(?:not|never|\w+n['’]t|unknown|unclear|pending|unconfirmed|fail(?:ed|s)|impossible|silent)\b",
    re.IGNORECASE,
)
# "update promised to engineering is missed" was not posted then
_OWED = re.compile(
    r"^\W*(?:\w+ ){0,2}?(?:promised|owed|due|overdue|missed|missing|expected|wanted|requested)\b", re.IGNORECASE
)
# What others ask for is nothing that was done: "the COO asks for it"
_OTHERS_ASK = re.compile(
    r"(?:\b(?i:coo|ceo|cto|cfo|ciso|executives?|management|board|support|compliance|legal|customers?|users?|stakeholders?"
    r"|engineering|partners?|they|he|she|somebody|someone|everybody|lead|head|officer|team|desk|manager)"
    r"|\b[A-Z][a-z'-]+ [A-Z][a-z'-]+)\s+(?:\w+ly\s+|again\s+|has\s+|had\s+)?"
    r"(?i:asks?|asked|wants?|wanted|requests?|requested)\b.*"
    r"|\b(?i:questions?|messages?|requests?) from\b.*"
)
# "Cause and counted scope told to stakeholders": what is told is not what happened then
_TOLD_TO = re.compile(
    rf"^\W*(?P<what>(?:[\w'-]+,?\s+){{1,8}}?)(?:(?:was|were|is|are|now)\s+)*"
    rf"(?:told|given|sent|explained|reported) to\s+(?:\w+\s+){{0,2}}?{_TEAMS}"
    rf"(?:(?:,|\s+and)\s+(?:the\s+|to\s+)*{_TEAMS})*",
    re.IGNORECASE,
)
_HAPPENED = re.compile(
    rf"\b(?:found|identif\w+|confirm\w+|deployed|live|rolled|released|fixed|filed|diagnosed|reproduced|detected|seen|saw"
    rf"|mitigated|resolved|ended|stopped|began|{_WRONG})\b",
    re.IGNORECASE,
)
_STAYED_SILENT = re.compile(
    r"^\W*(?:\w+ ){0,2}?(?:did not|didn['’]t|does not|never|fail(?:ed|s) to|stayed|remained|was silent|silent)\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"\b(?:work(?:ing|ed|s)? on|writ(?:e|es|ing|ten)|wrote|draft\w*|prepar\w*|consider\w*|weigh(?:ed|ing)"
    r"|test(?:ing|ed|s)?|review\w*|read\w*|check\w*|look(?:ing|ed|s)? (?:for|at|into|through)|search\w*"
    r"|investigat\w*|hunt\w*|discuss\w*|propos\w*"
    r"|start(?:ed|s)? (?:on|to))\b(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
_MAY_BE_UNFINISHED = frozenset({"release", "fix", "cause"})
_HAPPENS_UNSEEN = frozenset({"harm", "complaint"})  # "the first wrong answer was not noticed" did happen
_AROUND = 60  # characters before and after a word that may hold it back
_NAME = re.compile(r"(?<=[a-z])[._](?=[a-z])")  # "status_update.posted" are words, too
_BREAK = re.compile(r"[,;:()]")
_BRACKETS = re.compile(r"\([^()]{0,300}\)")
_JOINED = re.compile(r";|[.!]\s+(?=\S)|,?\s+(?:and|then|&|\+|→|->|=>)\s+", re.IGNORECASE)
_HEAD = re.compile(r":\s+|\s[–—]\s")

# Kinds that one happening is often told by: they weigh as one where words are counted.
_GROUPS: Mapping[str, str] = {
    "fix": "ended", "resolved": "ended", "release": "ended", "alert": "opened", "opened": "opened", "seen": "found",
    "cause": "found", "harm": "harm", "complaint": "complaint", "update": "update",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of an entry, and the kinds of events that it speaks of."""

    text: str
    kinds: frozenset[str]


@dataclass(frozen=True)
class Said:
    """The parts of an entry; `listed` if there are more of them, or of what they speak of, than an entry tells."""

    parts: tuple[Part, ...]
    listed: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """Everything it speaks of."""
        return frozenset().union(*(part.kinds for part in self.parts))


def said(words: str) -> Said:
    """What the words of an entry, its time left out, speak of."""
    found = _parts(_NAME.sub(" ", words))
    every: frozenset[str] = frozenset().union(*(part.kinds for part in found))
    listed = (
        len(found) > MOST_PARTS
        or _groups(every) > MOST_KINDS
        or any(_groups(part.kinds) > MOST_KINDS_IN_A_PART for part in found)
    )
    return Said(tuple(found), listed)


def kinds(words: str) -> frozenset[str]:
    """The kinds of events that a few words speak of, taken as one part."""
    words = _OTHERS_ASK.sub(" ", words)
    found = {
        name
        for name, pattern in KINDS.items()
        if any(not _held_back(name, words, match) for match in pattern.finditer(words))
    }
    if _ALONE.match(words.lower()):
        found.add("seen")
    elif "seen" not in found and _SHOWN.search(words):
        found |= {"seen" for match in _SAW.finditer(words) if not _held_back("seen", words, match)}
    if _CONFIRMED.match(words):
        found |= {"seen", "cause"}
    return frozenset(found)


def _parts(words: str) -> list[Part]:
    plain = _BRACKETS.sub(" ", words)
    told = _TOLD_TO.match(plain)
    if told and not _HAPPENED.search(told["what"]):
        after = plain[told.end() :]
        return [Part(told[0].strip(), frozenset({"update"})), *(_parts(after) if after.strip(" |.,;") else ())]
    head = _HEAD.split(plain.lstrip(" :–—-|,."), maxsplit=1)[0]
    for text in (head, plain, words):
        found = [Part(each.strip(), kinds(each)) for each in _JOINED.split(text) if each.strip()]
        if any(part.kinds for part in found):
            break
    return found


def _groups(found: frozenset[str]) -> int:
    return len({_GROUPS[kind] for kind in found if kind in _GROUPS})


def _held_back(kind: str, words: str, match: re.Match[str]) -> bool:
    """Whether the words around say that this did not happen, or not then."""
    before = _BREAK.split(words[max(match.start() - _AROUND, 0) : match.start()])[-1]
    after = _BREAK.split(words[match.end() : match.end() + _AROUND], maxsplit=1)[0]
    later = _STAYED_SILENT if kind == "alert" else _HELD_BACK_LATER
    return (
        _HELD_BACK.search(before) is not None
        or (kind not in _HAPPENS_UNSEEN and later.match(after) is not None)
        or (kind == "update" and _OWED.match(after) is not None)
        or (kind in _MAY_BE_UNFINISHED and _UNFINISHED.search(before) is not None)
    )
