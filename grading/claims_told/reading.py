"""Reads claims out of the words of an update."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from grading.claims_told import apart, careful, lately
from grading.claims_told.stating import Kind, Stated, When, cut
from grading.claims_told.times import ABOUT, TIME, clock_of
from grading.claims_told.words import (
    ANSWERS,
    BOUND,
    EARLIER,
    FROM_NOW_ON,
    HEDGED,
    LATELY,
    NUMBER,
    OF_SOME,
    OPEN,
    PARTLY,
    PEOPLE,
    WRONG,
    bound_of,
    bound_of_count,
    has,
    number_of,
    places,
)
from grading.followups import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grading.claims_told.stating import Clock

MOST_NUMBERS = 40  # of one update, and of what is unread in it
MORE = "This update holds more such sentences than are listed here."
_SENTENCE = re.compile(r"[^.!?\n;]+(?:\.(?=\d)[^.!?\n;]+)*[.!?;]?")
_IS = r"(?:is|are|was|were|has been|have been)"
_SUBJECT = r"(?:incident|issue|problem|fault|bug|error|it|this|harm|wrong answers?|root cause|cause)"
_OVER = re.compile(
    rf"\b{_SUBJECT}\s+(?:is|are|was|were|has been|have been|'s)\s+(?:now\s+|fully\s+)*"
    # but not "it is over 40 minutes", "a problem is fixed-width digits", "it is gone live"
    r"(?:resolved|fixed(?!-)|solved|mitigated|stopped|gone(?!\s+(?:live|out)\b)"
    r"|over(?!\s+(?!(?:now|for|since|and|as|but|at|with|from|because|so|by|again|in|thanks|after)\b)\w))\b"
    r"|\b(?:resolved|all clear)\s*[.:!]?\s*$"
    r"|^\s*(?:fixed|resolved|mitigated)\b(?!\s+(?:by|in|the test)|\W{1,3}(?:no|none|nothing|nil|pending)\b)"
    r"|\bcustomers?\s+(?:now\s+)?(?:get|are getting|receive)\s+(?:only\s+)?(?:correct|right)\s+answers\b"
    r"|\bno\s+(?:more|further)\s+(?:wrong|harmful|incorrect|false)\s+answers\b"
    rf"|\b{PEOPLE}\s+(?:are|is)\s+no\s+longer\s+(?:affected|impacted|harmed|told wrong|misled)\b",
    re.IGNORECASE,
)
_DEPLOYED = re.compile(
    r"\b(?:(?:hot)?fix|patch|change|new version|release|deployment \d{1,3})"
    r"\s+(?:is|was|has been|has gone|went|'s)\s+(?:now\s+)?"
    r"(?:deployed|live|out(?!\s+of\b)|rolled out|in production|shipped|released)\b"
    r"|\b(?:we|i)(?:\s+have|'ve)?\s+(?:just\s+|now\s+)?(?:deployed|shipped|rolled out|released)\s+(?:\w+\s+){0,3}?"
    r"(?:(?:hot)?fix|patch|change|version|commit|release|it|r\d+)\b"
    r"|\b(?:hot)?fix\s+deployed\b",
    re.IGNORECASE,
)
_ROLLED_BACK = re.compile(
    r"\b(?:we|i)(?:\s+have|'ve)?\s+(?:just\s+|now\s+)?rolled\s+(?:it\s+)?back\b"
    r"|\b(?:has been|have been|was|were|is)\s+(?:now\s+)?rolled\s+back\b|^\s*rolled\s+back\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    rf"\b(?:no|zero)\s+(?:\w+\s+)?{PEOPLE}\s+{_IS}\s+(?:\w+\s+)?(?:affected|impacted|harmed|told wrong|misled)\b"
    rf"|\b(?:nobody|no one|none)\s+(?:of\s+our\s+customers\s+)?{_IS}\s+(?:affected|impacted|harmed|misled)\b"
    r"|\b(?:there is|there was)?\s*no\s+(?:customer\s+)?impact\b"
    r"(?!\s+(?:number|figure|estimate|assessment|analysis|report|statement|data)s?\b)|\bno\s+impact\s+on\s+customers\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    rf"\b(?:all|every)\s+(?:of\s+our\s+)?{PEOPLE}\s+(?:{_IS}|gets?|getting|receiv\w+)\s+(?:\w+\s+){{0,3}}?"
    r"(?:affected|impacted|harmed|misled|wrong|incorrect|harmful|false)\b"
    rf"|\b(?:all|every)\s+answers?\s+{_IS}\s+(?:wrong|harmful|incorrect|affected|false)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    rf"\b{BOUND}{NUMBER}\s?(?:%|percent|per cent)\s+of\s+(?:all\s+|the\s+|our\s+)*"
    rf"(?:{ANSWERS}|{PEOPLE}|traffic|questions?)"
    rf"(?P<between>[^.%]{{0,60}}?)\b(?:{WRONG}|told)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"\b{BOUND}{NUMBER}\s+(?:{WRONG}\s+{ANSWERS}|{ANSWERS}\s+(?:were|are|have\s+been)\s+{WRONG}"
    rf"|(?:affected|harmed|misled|misinformed|misquoted)\s+(?P<them>{PEOPLE})"
    rf"|(?P<people>{PEOPLE})\s+(?:\w+\s+){{0,3}}?(?:affected|impacted|told|misled|misinformed|misquoted|got|received"
    r"|were given))\b",
    re.IGNORECASE,
)


_RANGE = re.compile(r"\d\s?%?\s*(?:to|or|and|-|–|—)\s*(?:about\s+)?$", re.IGNORECASE)


def claims(text: str, *, state: str = "") -> list[Stated]:
    """What an update claims, in its order; the state `resolved` is a claim of its own."""
    found = [Stated(Kind.over, "The state of the update is: resolved.")] if state == "resolved" else []
    for sentence in _SENTENCE.findall(shortened(text)):
        together = list(careful.pairs(sentence))
        late = [one for one in lately.lately(sentence) if not any(each.meets(one.match) for each in together)]
        found += [each.stated for each in late]
        found += _numbers(sentence, together, late)
        said = careful.nobody(sentence)
        if careful.may_claim(sentence) and not any((late, together, said)):
            found.append(Stated(Kind.unread, cut(sentence)))
        if said is not None and not any(each.meets(said.match) for each in late):
            found.append(said.stated)
        if OPEN.search(sentence) or PARTLY.search(sentence):
            continue
        for kind, pattern in _PATTERNS:
            match = pattern.search(sentence)
            if match is None or any(each.meets(match) for each in (*late, *([said] if said else []))):
                continue
            before = sentence[max(match.start() - _BEFORE_IT, 0) : match.start()]
            if _DENIED.search(before) or (kind is Kind.everybody and _PART.search(before)):
                continue
            ended = kind is Kind.nobody and FROM_NOW_ON.search(sentence)
            when = _of_when(sentence, match) if kind is Kind.everybody else When.now
            read = Kind.unread if apart.of_something_else(kind, sentence, match) else Kind.over if ended else kind
            at = _from_when(sentence, match) if read in {Kind.deployed, Kind.rolled_back} else None
            found.append(Stated(read, cut(sentence), when=when if read is kind else When.now, at=at))
    return _few(found)


_DENIED = re.compile(  # "no fix is live", "nothing has been resolved"
    r"\b(?:no|neither|nor|without)\s+(?:\w+\s+)?$|\bnothing\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_PART = re.compile(r"\bof\s+$", re.IGNORECASE)  # "half of all answers"
_SINCE_THEN = re.compile(
    r"(?:\s+(?:for|to|in|on)\s+(?:all|every\w*|production|prod)(?:\s+(?:customers?|users?|traffic))?"
    r"|\s+(?:now|successfully|again|live|out|deployed)|\s+to\s+(?:\w+\s+){0,2}?\w+)*"
    rf"\s*(?:\(\s*)?(?:since|as of|from|at|\()\s*{ABOUT}{TIME}",
    re.IGNORECASE,
)
_AT_THAT_TIME = re.compile(
    rf"(?:^|\b(?:since|at|as of))\s*{ABOUT}{TIME}\W{{1,3}}(?:(?:the|our|a|this)\s+)?$", re.IGNORECASE
)
_BEFORE_IT = 40  # characters


def _from_when(sentence: str, match: re.Match[str]) -> Clock | None:
    """The time of day that stands right beside the words for something being live."""
    found = _SINCE_THEN.match(sentence, match.end()) or _AT_THAT_TIME.search(
        sentence[max(match.start() - _BEFORE_IT, 0) : match.start()]
    )
    return None if found is None else clock_of(found, written=f"{found['hour']}:{found['minute']}")


def _none_of_them(sentence: str, match: re.Match[str]) -> Kind:
    """What a number of none claims, which as a lower bound of others could not be wrong whatever had happened."""
    past = _PAST.search(match[0]) is not None
    doubtful = any(has(each, sentence) for each in (OPEN, PARTLY, EARLIER, LATELY, OF_SOME))
    if doubtful or (past and has(FROM_NOW_ON, sentence)):
        return Kind.unread
    return Kind.nobody if past else Kind.nobody_now


def _counts_people(match: re.Match[str]) -> bool:
    groups = match.groupdict()
    return bool(groups.get("people") or groups.get("them"))


def _few(found: list[Stated]) -> list[Stated]:
    """Each claim once, where it is first made; of very many the first numbers, and that there are more as unread."""
    once = {_same(each): each for each in reversed(found)}
    kept = [each for each in found if once[_same(each)] is each]
    many = [each for each in kept if each.number is not None or each.kind is Kind.unread]
    if len(many) <= MOST_NUMBERS:
        return kept
    left = {id(each) for each in many[MOST_NUMBERS:]}
    return [each for each in kept if id(each) not in left] + [Stated(Kind.unread, MORE)]


def _same(each: Stated) -> tuple[object, ...]:
    """What is the same of two claims that stand alike to telemetry; what is unread is read sentence by sentence."""
    said = each.sentence if each.kind is Kind.unread else ""
    return each.kind, each.number, each.bound, each.when, each.of, each.span, each.at, said


_PATTERNS = (
    (Kind.over, _OVER),
    (Kind.deployed, _DEPLOYED),
    (Kind.rolled_back, _ROLLED_BACK),
    (Kind.nobody, _NOBODY),
    (Kind.everybody, _EVERYBODY),
)
# What makes a number one of an earlier time than the update's: its own verb, or a moment that its sentence names.
_PAST = re.compile(r"\b(?:was|were|had|used to|got|received)\b", re.IGNORECASE)
_NOW = re.compile(r"\b(?:now|currently|today|at present|at the moment|still|since|after|afterwards)\b", re.IGNORECASE)
_BEFORE_THE_FIX = re.compile(
    r"\b(?:before|prior to|until|till)\s+(?:(?:the|our|this|that|my|it|we|i|was|were|had|have|first|new|a)\s+){0,3}"
    r"(?:(?:hot)?fix(?:ed)?|patch(?:ed)?|deploy(?:ed|ment)?|roll(?:ed)?[- ]?(?:back|out)|mitigat(?:ed|ion))\b",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r",|:|\s[–—-]\s|\b(?:and|but|while|whereas)\b", re.IGNORECASE)


def _of_when(sentence: str, match: re.Match[str]) -> When:
    """Which time a claim tells of; in doubt an earlier one, since then less can contradict it."""
    ends = places(_CLAUSE_ENDS, sentence)
    after = bisect_left(ends, (match.start(), 0))
    while after and ends[after - 1][1] > match.start():
        after -= 1
    starts = ends[after - 1][1] if after else 0
    next_one = bisect_left(ends, (match.end(), 0))
    ended = ends[next_one][0] if next_one < len(ends) else len(sentence)
    past = _PAST.search(match[0]) is not None
    if not past and (has(_NOW, sentence, starts, ended) or not has(EARLIER, sentence)):
        return When.now
    return When.before_the_fix if has(_BEFORE_THE_FIX, sentence) else When.earlier


def _numbers(sentence: str, together: Sequence[careful.Found], late: Sequence[careful.Found]) -> Iterator[Stated]:
    """Shares and counts but those read already; a number in what may be, or in a question, is no claim."""
    if HEDGED.search(sentence):
        return
    for each in together:
        back = apart.taken_back(sentence, each.match)
        read = replace(each.stated, when=_of_when(sentence, each.match))
        yield Stated(Kind.unread, cut(sentence)) if back else read
    taken = (*together, *late)
    for kind, pattern in ((Kind.how_much, _SHARE), (Kind.how_many, _COUNT)):
        for match in pattern.finditer(sentence):
            if kind is Kind.how_much and OF_SOME.search(match["between"]):
                continue
            if any(each.meets(match) for each in taken):
                continue
            number, written = number_of(match["number"]), match["bound"]
            bound = bound_of(written) if kind is Kind.how_much else bound_of_count(written, sentence)
            ranged = _RANGE.search(sentence[max(match.start() - _BEFORE_IT, 0) : match.start("number")])
            if (
                ranged
                or apart.no_wrong_number(sentence, match)
                or apart.number_of_something_else(sentence, match, bound)
            ):
                yield Stated(Kind.unread, cut(sentence))
                continue
            if kind is Kind.how_many and not number and not written:
                yield Stated(_none_of_them(sentence, match), cut(sentence))
                continue
            yield Stated(
                kind,
                cut(sentence),
                number / 100 if kind is Kind.how_much else number,
                bound,
                when=_of_when(sentence, match),
                counts="conversations" if _counts_people(match) else "answers",
            )
