"""Finds what makes a sentence one of another place, time or part than all that customers get at that minute.

Such a sentence may be true whatever telemetry says: *fixed on main*, *live since 4 March*, *no impact on payments*.
"""

from __future__ import annotations

import re

from grading.claims_told.stating import Kind
from grading.claims_told.words import LATELY, OF_SOME, PEOPLE, has, specific

_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_COPY = r"(?:machine|laptop|copy|clone|branch|fork|worktree|checkout|tests?|runs?|sample|sandbox|repository|repo|code)"
# On something of one's own, or in something that customers do not get yet.
_NOT_LIVE = re.compile(
    rf"\b(?:(?:on|in|from|to|at)\s+(?:(?:a|an|the|my|our|this|one|own|local|test|scratch)\s+){{0,3}}{_COPY}"
    r"|on (?:main|master)|in (?:git|review)|for (?:a )?review|sandbox|laptop|scratch"
    r"|(?:my|our|a) (?:local )?(?:copy|clone|checkout|worktree)|to follow|follows|rollout (?:starts|to)"
    r"|roll(?:s|ing) out|goes live)\b",
    re.IGNORECASE,
)
_TO_COME = re.compile(
    r"\W{0,2}(?:within (?:\d+|\w+) min|in (?:the next |about )?(?:\d+|\w+) min|by (?:about )?\d{1,2}[:.]\d{2}\b)",
    re.IGNORECASE,
)
_ON_ANOTHER_DAY = re.compile(
    r"\byesterday\b|\bovernight\b|\b(?:days?|weeks?|months?|years?) ago\b|\bthis morning\b"
    r"|\blast (?:night|week|month|year|time)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{4}-\d{2}-\d{2}\b"
    rf"|\b\d{{1,2}}\.?(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\b(?:in|since|last) {_MONTH}\b",
    re.IGNORECASE,
)
# Of whom or what it is so, unless that is everybody and everything.
_OF_WHOM = re.compile(
    r"\b(?:for|on|in|of|to|from|about|outside|beyond|among|regarding|concerning|besides|other than|apart from"
    r"|financially|when|while|known|reported|confirmed|seen|aware|as far as|that we)\b"
    r"(?! (?:now\b|good\b|all\b|every|any\b|prod|full\b|the (?:moment|time being|incident|learner)"
    rf"|(?:our |the |all )*{PEOPLE}\b))",
    re.IGNORECASE,
)
_BROKE_IT = re.compile(
    r"\b(?:introduc\w+|caus(?:e[sd]?|ing)|br(?:oke|eaks|oken)|faulty|faults?|bugs?|wrong\w*|harm\w*|regress\w*|spoil\w*"
    r"|drop(?:s|ped)|los(?:t|es)|culprit|guilty|blam\w+|since then)\b",
    re.IGNORECASE,
)
# A version that is no version customers get: it was sent out, and came to nothing.
_CAME_TO_NOTHING = re.compile(r"\b(?:fail(?:s|ed)|crash(?:es|ed)|called off|withdrawn|undone)\b", re.IGNORECASE)
# Nobody was harmed by what mends it: that says nothing of the fault.
_BY_WHAT_MENDS = re.compile(
    r"\W{0,2}by (?:the|this|that|our|my|an?) (?:\w+ ){0,2}?(?:roll(?:ing)?[ -]?(?:back|out)|deploy\w*|(?:hot-?)?fix"
    r"|patch|change|restart|tests?|mitigation|update|maintenance)\b",
    re.IGNORECASE,
)
_THAT_BROKE_IT = re.compile(
    r"\b(?:that|which) (?:\w+ )?(?:introduc\w+|caus(?:e[sd]?|ing)|br(?:oke|eaks)|regress\w*|spoil\w*|drop(?:s|ped)"
    r"|los(?:t|es))\b",
    re.IGNORECASE,
)
_A_FIX = re.compile(r"fix|patch|\b(?:we|i)\b", re.IGNORECASE)
_RATE = re.compile(
    r"[^.;]{0,30}?(?:\b(?:per|each|every|an?)\s+(?:hour|minute|min|day|h)\b|/\s?(?:hour|minute|min|day|h)\b)",
    re.IGNORECASE,
)
# Asked by oneself, of a copy or of what customers get.
OWN = re.compile(
    r"\b(?:sample\w*|(?:we|i)(?:['’]ve| have)? (?:\w+ )?(?:asked|tried|looked|checked|replayed|probed|ran)"
    r"|(?:my|our|a|an|the|this|in|own) (?:\w+ )?(?:tests?|runs?|replay|repro|suite|battery|probes?|set|spot[- ]check)"
    r"|(?:my|our) own|regression|held[- ]out|hold[- ]?out|locally|offline|replayed|synthetic)\b",
    re.IGNORECASE,
)
_OF_SO_MANY = re.compile(r"\bof (?:the |my |our )?\d+ (?:questions|prompts)\b", re.IGNORECASE)


# A number that is told only to take it back: "not 900 wrong answers but 144", "our figure of 900 wrong answers".
_TAKEN_BACK = re.compile(
    r"\b(?:not|never|instead of|rather than|wrong that|untrue that|(?:figure|number|count|estimate)s? of"
    r"|(?:we|i) (?:first |had |once |wrongly )*(?:said|wrote|told|reported|claimed|posted|estimated|announced)"
    r"|(?:not|n['’]t) (?:believe|think|mean))\b\W*(?:(?:of|the|that|about|there were|there are)\b\s*){0,2}$",
    re.IGNORECASE,
)
_TAKEN_BACK_AFTER = re.compile(
    r"[^.;\d]{0,40}?\b(?:was|were|is|are) (?:a mistake|mistaken|miscounted|too (?:high|low|many|few))\b", re.IGNORECASE
)
# A share of those who were not told anything wrong.
_NOT_WRONG = re.compile(
    r"\b(?:not|never|no longer|none|right(?:ly)?|correct(?:ly)?|unaffected|harmless|fine)\b|n['’]t\b", re.IGNORECASE
)
# What people are told or get once the fault is known, as "300 customers got a correction by mail".
_PUTS_RIGHT = re.compile(
    r"\s+(?:only )?(?:(?:an?|the|our|their|its|this|what|to|by|in|of|from|with) ){0,3}(?:[\w-]+ )?"
    r"(?:right|correct\w*|truth|refund\w*|apolog\w+|e-?mails?|mails?|letters?|messages?|notices?|notification|explanation"
    r"|compensation|credit note|nothing|that (?:we|it|they|there|their|our|this|support)|about|support|phone|wait)\b",
    re.IGNORECASE,
)
_TO_PEOPLE = re.compile(r"\b(?:told|got|received|given)$", re.IGNORECASE)
_BESIDE = 60  # characters before a number that may take it back


def taken_back(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number is told as one that is not so: of whoever corrects a figure, that is no claim."""
    before = sentence[max(match.start() - _BESIDE, 0) : match.start()]
    return _TAKEN_BACK.search(before) is not None or _TAKEN_BACK_AFTER.match(sentence, match.end()) is not None


def no_wrong_number(sentence: str, match: re.Match[str]) -> bool:
    """Whether a number may not be one of wrong answers, or of those who got them, though its words look like it."""
    if taken_back(sentence, match) or _NOT_WRONG.search(match.groupdict().get("between") or ""):
        return True
    return _TO_PEOPLE.search(match[0]) is not None and _PUTS_RIGHT.match(sentence, match.end()) is not None


def of_something_else(kind: Kind, sentence: str, match: re.Match[str]) -> bool:
    """Whether a claim may be one of a copy, of another day, or of some customers only; then telemetry says nothing."""
    if has(_NOT_LIVE, sentence) or _TO_COME.match(sentence, match.end()):
        return True
    if kind in {Kind.nobody, Kind.over} and specific(sentence, match.end()):
        return True
    if kind is not Kind.nobody and has(_ON_ANOTHER_DAY, sentence):
        return True
    if kind is Kind.nobody and _BY_WHAT_MENDS.match(sentence, match.end()):
        return True
    if kind is Kind.deployed:
        no_fix = _THAT_BROKE_IT if _A_FIX.search(match[0]) else _BROKE_IT
        return has(_CAME_TO_NOTHING, sentence) or has(no_fix, sentence)
    some = {Kind.over: _OF_WHOM, Kind.nobody: _OF_WHOM, Kind.everybody: OF_SOME}.get(kind)
    return some is not None and has(some, sentence, match.end())


def number_of_something_else(sentence: str, match: re.Match[str], bound: str) -> bool:
    """Whether a number may count a sample, a rate, or some customers only, in a way that its bound would not allow."""
    if has(OWN, sentence) or has(_OF_SO_MANY, sentence) or _RATE.match(sentence, match.end()):
        return True
    return bound != "at least" and (has(LATELY, sentence) or has(OF_SOME, sentence, match.end()))
