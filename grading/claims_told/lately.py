"""Reads how many of the answers since a moment, or of the last so many, were wrong: mostly that none were.

*0 of 80 questions were answered wrongly*, *none of the last 40 answers were harmful*, *0 harmful answers since 21:38*,
*the last wrong answer was at 21:37*. What gives such a number and is not read with certainty is unread.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from grading.claims_told import apart
from grading.claims_told.careful import NOW, THEN, Found
from grading.claims_told.spans import ASKED, Placed, nearest, spans, without
from grading.claims_told.stating import Kind, Span, Stated, cut
from grading.claims_told.times import ABOUT, SMALL, TIME, clock_of, small
from grading.claims_told.words import (
    ANSWERS,
    BOUND,
    EARLIER,
    HEDGED,
    IN_ALL,
    OF_SOME,
    OPEN,
    PARTLY,
    WRONG,
    bound_of,
    specific,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 8  # of one sentence
_NONE = r"(?:no|none|zero|nil|not\s+(?:one|a\s+single|any))"
_ANSWERED = re.compile(
    rf"\b{BOUND}(?P<number>{_NONE}|{SMALL})\s+(?:(?:single|new|more|further|other|additional|customer|live)\s+){{0,2}}"
    rf"{WRONG}\s+{ANSWERS}\b(?:[\s(,]{{1,3}}(?:out\s+)?of\s+(?:the\s+)?(?P<of>\d{{1,6}})\b)?",
    re.IGNORECASE,
)
_SHARE_OF = re.compile(
    rf"\b{BOUND}(?P<number>{_NONE}|all|{SMALL})\s*(?:(?:out\s+)?of\b|/)(?:\s+(?:the|all|our|these|those)\b){{0,2}}\s*"
    rf"{ABOUT}(?P<of>\d{{1,6}}\b)?\s*(?:(?:customer|live|production)\s+)?(?:{ASKED}\b)?(?P<between>[^.;:,%\d]{{0,60}}?)"
    rf"\b(?:(?P<bad>{WRONG}(?:ly)?|badly)|(?P<good>right(?:ly)?|correct(?:ly)?|harmless))\b",
    re.IGNORECASE,
)
_NONE_WERE = re.compile(
    rf"\b(?P<number>{_NONE}|{SMALL})\s+(?:(?:was|were|is|are|has|have|been|given|answered)\s+){{1,3}}"
    rf"(?P<bad>{WRONG}(?:ly)?)\b",
    re.IGNORECASE,
)
_ALL_RIGHT = re.compile(
    r"\b(?P<number>all)\s+(?:(?:of\s+them|answers)\s+)?(?:(?:were|are|answered)\s+){0,2}(?P<good>right(?:ly)?|correct(?:ly)?|harmless)\b",
    re.IGNORECASE,
)
_LAST_ONE = re.compile(
    rf"\blast\s+(?:\w+\s+)?{WRONG}\s+(?:customer\s+)?{ANSWERS}\s+(?:(?:was|is|came|went|given|told|sent|out)\s+){{0,3}}"
    rf"(?:at\s+)?{ABOUT}{TIME}",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\bnot\b|n['’]t\b|\bnever\b", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r",|:|\s[–—-]\s|\b(?:and|but|while|whereas|so)\b", re.IGNORECASE)
_ENDED = re.compile(r"\b(?:more|further)\b", re.IGNORECASE)  # without a span, that is the claim that it is over
_ANY_NUMBER = re.compile(rf"\d|\b{_NONE}\b", re.IGNORECASE)
_EVER = re.compile(r"\b(?:so far|at all|ever|in total|in all|overall)\b", re.IGNORECASE)
_BY_NOW = re.compile(r"\b(?:any ?more|any longer|now|currently|at (?:the|this) moment)\b", re.IGNORECASE)


def lately(sentence: str) -> Iterator[Found]:
    """Such claims of a sentence, and those that stay unread; nothing of what is hedged, aimed at or asked."""
    if HEDGED.search(sentence):
        return
    last = _LAST_ONE.search(sentence)
    if last is not None:
        since = Found(Stated(Kind.lately, cut(sentence), Fraction(0), span=Span(since=clock_of(last))), last)
        yield Found(Stated(Kind.unread, cut(sentence)), last) if _doubtful(sentence, last) else since
        return
    named = spans(sentence)
    bare = without(sentence, named)
    taken = 0
    matches = (
        each for pattern in (_SHARE_OF, _ANSWERED, _NONE_WERE, _ALL_RIGHT, THEN, NOW) for each in pattern.finditer(bare)
    )
    for match in sorted(matches, key=lambda each: each.start())[:MOST]:
        if match.start() < taken:
            continue
        span = nearest([each for each in named if _together(bare, match, each)], match)
        found = _read(sentence, bare, match, span) if span or match.re in {_SHARE_OF, _ANSWERED} else None
        if found is not None:
            taken = match.end()
            yield found


def _together(bare: str, match: re.Match[str], placed: Placed) -> bool:
    """Whether a span may be that of a number: in its clause, or in one that has no number of its own."""
    start, end = _clause(bare, placed.start, placed.end)
    return start <= match.start() < end or _ANY_NUMBER.search(bare, start, end) is None


def _clause(bare: str, first: int, after: int) -> tuple[int, int]:
    """From where to where the clause goes that holds some words."""
    ends = list(_CLAUSE_ENDS.finditer(bare))
    start = max((each.end() for each in ends if each.end() <= first), default=0)
    return start, min((each.start() for each in ends if each.start() >= after), default=len(bare))


def _read(sentence: str, bare: str, match: re.Match[str], span: Span | None) -> Found | None:
    """One claim; None where it is for others to read, which is a number of answers of no span that is not zero."""
    said, whole = _number(match)
    unread = Found(Stated(Kind.unread, cut(sentence)), match)
    if span is None and whole is None:
        if _ENDED.search(match[0]):
            return None
        if said is None or said > 0:
            return unread if match.re is _SHARE_OF and said else None
        kind = Kind.nobody if _EVER.search(bare) else Kind.nobody_now if _BY_NOW.search(bare) else Kind.unread
        return unread if _doubtful(bare, match) else Found(Stated(kind, cut(sentence)), match)
    if said is None or _doubtful(bare, match):
        return unread
    bound = bound_of(match.groupdict().get("bound")) if said else ""
    if said and not bound and whole is None and match.re is _ANSWERED and not IN_ALL.search(bare):
        bound = "at least"  # there may be others that it does not speak of
    of_which = replace(span or Span(), of=whole)
    return Found(Stated(Kind.lately, cut(sentence), said, bound, span=of_which, counts="answers"), match)


def _number(match: re.Match[str]) -> tuple[Fraction | None, int | None]:
    """How many were wrong, and of how many; where it says how many were right, that tells only if all were."""
    groups = match.groupdict()
    if "number" not in groups:  # nobody was told, and the last one
        return Fraction(0), None
    written = groups["number"].lower()
    whole = int(groups["of"]) if groups.get("of") else None
    every = written == "all" or (whole is not None and written == str(whole))
    if groups.get("good"):
        return (Fraction(0) if every else None), whole
    if written == "all":
        return None, whole
    none = not written[0].isdigit() and re.fullmatch(_NONE, written, re.IGNORECASE)
    return Fraction(0 if none else small(written)), whole


def _doubtful(bare: str, match: re.Match[str]) -> bool:
    """Whether the words around may make it one of another time, of some only, of a sample of one's own, or none."""
    start, end = _clause(bare, *match.span())
    rest = f"{bare[start : match.start()]} {bare[match.end() : end]}"
    between = match.groupdict().get("between") or ""
    return (
        any(each.search(rest) for each in (OPEN, PARTLY, EARLIER, _DENIED, OF_SOME))
        or any(each.search(between) for each in (_DENIED, EARLIER, OPEN, OF_SOME, PARTLY))
        or specific(bare, match.end())
        or apart.OWN.search(bare) is not None
    )
