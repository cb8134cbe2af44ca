"""Finds numbers of wrong answers and of customers in a line, and what is said of each: the total, or which part."""

from __future__ import annotations

import re

# A number begins where no digit stands before it, and nothing is looked for further on than a number reaches: else a
# long row of digits is read once from each of its places. A time of day, a date and a length of time are no numbers of
# answers or customers: "from 21:34 to 21:38 customers were told", "for 12 minutes customers got".
_MONTH = (
    r"(?-i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b"
)
_NO_COUNT = (
    r"\s?(?:%|percent|per cent)|:\d|\s?[ap]\.?m\b"
    r"|[\s-]?(?:hours?|hrs?|h|minutes?|mins?|seconds|secs?|days?|weeks?)\b"
    rf"|(?:st|nd|rd|th)?\s{_MONTH}"
)
_NUMBER = (
    r"(?<!\d)(?<!\d[.,':-])(?P<number>\d{1,3}(?:[,' ]\d{3}){1,2}(?!\d)|\d{1,7})"
    r"(?:\s?(?:-|–|—|to|or|and)\s?(?P<to>\d{1,7})(?![\d.,]))?"
    rf"(?![\d.,]{{0,12}}(?:{_NO_COUNT}))"
)
_OF = r"(?:\s+(?:out\s+)?of\s+(?:the\s+|all\s+|our\s+|some\s+)?\d[\d,' ]{0,9})?"
WRONG = r"(?:wrong|harmful|incorrect|false|misleading|bad|hallucinated|affected|unapproved|damaged)"
ANSWERS = r"(?:answers?|repl(?:y|ies)|responses?)"
PEOPLE = r"(?:customers?|users?|clients?|people|conversations?|sessions?)"
_IN_ALL = r"(?:in all|in total|altogether|overall|all told|total)"
_TOLD = (
    r"(?:answers?|repl(?:y|ies)|responses?|figures?|values?|statements?|numbers?|amounts?|terms?|fees?|rates?|prices?)"
)
_BEFORE = (
    r"(?:(?:before|prior to|until|up to|ahead of)\s+(?:(?:the|it|we|was|were|incident|had|been)\s+){0,3}"
    r"(?:opening|opened|pag(?:e|ed)|incident|live window|start|took over|take-?over)\b|pre-opening)"
)
_LIVE = (
    r"(?:while\s+(?:(?:the|it|we|was|were|incident|customers)\s+){0,3}(?:live|open|working)\b"
    r"|(?:during|in)\s+(?:the|our)\s+(?:live\s+|incident\s+)?(?:incident|window|response)\b"
    r"|(?:after|since)\s+(?:(?:the|it|we|was|were|incident)\s+){0,3}(?:opening|opened|page|paged)\b|after opening"
    r"|once (?:it|the incident) was (?:live|open(?:ed)?)|in the live window)"
)
_STOP = r"(?=\s*(?:[.,;)]|$))"
_THEN = (
    rf"(?:after(?:wards)?{_STOP}|after (?:it|that|this|then)\b|since(?: then)?\b|later\b"
    rf"|before(?: (?:it|that|then)\b|{_STOP}))"
)
_NO_NOUN = r"(?=\s*(?:[.,;)|]|$|and\b|more\b|in\b|to\b))"
_BEGINS = r"(?:^\s*(?:[-*+•]\s+|\d{1,2}[.)]\s+)?|[,;.:|(–—]|\s-|\b(?:and|but|plus|then|with))\s*"
_SOME_MORE = r"(?:(?:another|further|only|just|about|there were|it was|we gave|plus)\s+){0,2}"
# "(before the opening: 120": what is said there is said of the number after it
_ANNOUNCES = re.compile(rf"[(:–—]\s*(?:{_BEFORE}|{_LIVE})\s*[:,=]?\s*{_SOME_MORE}\d", re.IGNORECASE)
# where nothing else says of what, of that of which the first number on the line is
ELLIPTIC = (
    re.compile(
        rf"{_BEGINS}(?:{_BEFORE}|{_LIVE})(?:\s*\([^)]{{0,40}}\))?\s*[:,=|–—-]?\s*{_SOME_MORE}{_NUMBER}{_NO_NOUN}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:[,;(:]|\b(?:and|plus|then))\s*{_SOME_MORE}{_NUMBER}\s+(?:more\s+)?(?={_BEFORE}|{_LIVE}|{_THEN})",
        re.IGNORECASE,
    ),
)
# "Before the opening: 120 wrong answers", "while live 3": what leads says which part, whatever follows.
_LEADS = tuple(
    (
        name,
        re.compile(rf"{_BEGINS}{phrase}(?:\s*\([^)]{{0,40}}\))?\s*[:,=|–—-]?\s*(?:[a-z']+\s+){{0,4}}$", re.IGNORECASE),
    )
    for name, phrase in (("before", _BEFORE), ("live", _LIVE))
)
STATED = (
    ("answers", re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+){{0,2}}?{WRONG}\s+(?:\w+\s+)?{ANSWERS}", re.IGNORECASE)),
    (
        "answers",
        re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+)?{ANSWERS}\s+(?:[^\W\d]+\s+){{0,3}}?{WRONG}\b", re.IGNORECASE),
    ),
    ("answers", re.compile(rf"\b{WRONG}\s+{ANSWERS}\s*(?:\([^)]{{0,80}}\)\s*)?[:=|]+\s*{_NUMBER}", re.IGNORECASE)),
    ("answers", re.compile(rf"\b{ANSWERS}\s+(?:told\s+|given\s+)?{WRONG}\s*[:=|]+\s*{_NUMBER}", re.IGNORECASE)),
    ("answers", re.compile(rf"\b{WRONG}\s+{ANSWERS}\s+{_NUMBER}(?=\s*(?:[.,;)]|$))", re.IGNORECASE)),
    (
        "answers",
        re.compile(rf"\bof\s+\d[\d,' ]{{0,9}}\s+{ANSWERS},?\s+{_NUMBER}\s+(?:were|are)\s+{WRONG}", re.IGNORECASE),
    ),
    ("sessions", re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+){{0,2}}?{PEOPLE}\b(?!['’])", re.IGNORECASE)),
    (
        "sessions",
        re.compile(rf"\b{PEOPLE}(?:\s+\w+){{0,3}}\s*(?:\([^)]{{0,80}}\)\s*)?[:=|]+\s*{_NUMBER}", re.IGNORECASE),
    ),
    # "In all 237 wrong figures": what is counted as the total may be called by what was told
    (
        "answers",
        re.compile(rf"\b{_IN_ALL}\b[,:]?\s+(?:\w+\s+){{0,3}}?{_NUMBER}{_OF}\s+{WRONG}\s+{_TOLD}\b", re.IGNORECASE),
    ),
    # of what, says the number before it on the line; with none, of answers
    ("", re.compile(rf"\b{_NUMBER}\s+(?:{WRONG}\s+)?{_IN_ALL}\b", re.IGNORECASE)),
)
DENOMINATOR = re.compile(r"\d\s+(?:out\s+)?of\s+(?:the\s+|all\s+|our\s+|some\s+)?$", re.IGNORECASE)
_TOTAL_BEFORE = re.compile(rf"\b(?:a\s+)?{_IN_ALL}\b[^.;\d]{{0,40}}$", re.IGNORECASE)
_TOTAL_AFTER = re.compile(rf"^[^.;,\d]{{0,40}}\b{_IN_ALL}\b", re.IGNORECASE)
_PARTS = (
    (
        "before",
        re.compile(
            r"^[^.;,\d]{0,40}\b(?:before|prior to|ahead of|until the (?:opening|page|incident))\b", re.IGNORECASE
        ),
    ),
    (
        "live",
        re.compile(
            r"^[^.;,\d]{0,40}\b(?:after (?:it|that|we|the (?:opening|page|incident))\b|after(?:wards)?\s*(?:[.,;)]|$)"
            r"|while (?:we|it|live|the)"
            r"|during the (?:incident|live|window)|in the live window|after opening|once (?:it|the incident) was)",
            re.IGNORECASE,
        ),
    ),
    (
        "some",
        re.compile(
            r"^[^.;,\d]{0,40}?\b(?:of (?:them|these|which|those)|per|each|hourly|daily|an? (?:hour|day|minute))\b",
            re.IGNORECASE,
        ),
    ),
)
_MORE = re.compile(r"\b(?:another|further|additional|plus|more)\b[^.;\d]{0,30}$", re.IGNORECASE)
_SOME = re.compile(r"\b(?:of (?:which|these|them|those)|includ\w+|per|each|among)\b[^.;\d]{0,30}$", re.IGNORECASE)
SUMMED = re.compile(r"\+\s*$")  # "121 = 120 + 1 wrong answers": which of them is meant, we do not work out
DAY_BEFORE = re.compile(rf"\b{_MONTH}\s$")
AROUND = 60  # characters beside a number that say what it is a number of


def marked(line: str, match: re.Match[str]) -> str:
    """What is said of a number: that it is the total, or which part."""
    at, end = match.start("number"), match.end("to" if match["to"] else "number")
    before, after = line[max(at - AROUND, 0) : at], line[end : end + 2 * AROUND]
    after = _ANNOUNCES.split(after, maxsplit=1)[0]
    if _SOME.search(before):
        return "some"
    if _TOTAL_BEFORE.search(before) or _TOTAL_AFTER.search(after):
        return "total"
    leading = leads(line, match)
    if leading:
        return leading
    part = next((name for name, pattern in _PARTS if pattern.search(after)), "")
    return "more" if not part and _MORE.search(before) else part


def leads(line: str, match: re.Match[str]) -> str:
    """Which part stands before a number, at the beginning of its clause."""
    at = match.start("number")
    before = line[max(at - 2 * AROUND, 0) : at]
    return next((name for name, pattern in _LEADS if pattern.search(before)), "")
