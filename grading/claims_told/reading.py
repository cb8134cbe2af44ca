"""Reads claims out of the words of an update."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from grading.followups import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """What is claimed."""

    over = "over"  # the harm has ended: resolved, fixed
    deployed = "deployed"  # customers get a changed version
    rolled_back = "rolled_back"
    nobody = "nobody"  # no customer is, or was, affected
    everybody = "everybody"  # all customers, or all answers, are affected
    how_much = "how_much"  # so many per cent of answers are wrong
    how_many = "how_many"  # so many wrong answers, or customers told wrong


class When(StrEnum):
    """Of which time it is claimed."""

    now = "now"
    before_the_fix = "before_the_fix"
    earlier = "earlier"  # at some time that is over, which we do not try to find out


@dataclass(frozen=True)
class Stated:
    """One claim: the sentence it is made in, the number it gives (a share as a fraction of one), and its bound."""

    kind: Kind
    sentence: str
    number: Fraction | None = None
    bound: str = ""  # "at least" | "at most" | ""
    when: When = When.now


_SENTENCE = re.compile(r"[^.!?\n;]+(?:\.(?=\d)[^.!?\n;]+)*[.!?;]?")
# What makes a sentence no claim of what is the case now.
_OPEN = re.compile(
    r"\?|\b(?:not|n['’]t|never|will|would|going to|gonna|once|when|until|unless|if|whether|expect\w*|plan\w*|hope\w*|"
    r"try\w*|should|may|might|could|aim\w*|soon|unclear|before|working on|work on|preparing|testing|investigat\w*|"
    r"suspect\w*|propos\w*|candidate|ready to|about to|next step|to be|being|need\w*|want\w*|waiting)\b",
    re.IGNORECASE,
)
_IS = r"(?:is|are|was|were|has been|have been)"
_PEOPLE = r"(?:customers?|users?|clients?|people|conversations?|sessions?)"
_SUBJECT = r"(?:incident|issue|problem|fault|bug|error|it|this|harm|wrong answers?|root cause|cause)"
_OVER = re.compile(
    rf"\b{_SUBJECT}\s+(?:is|are|was|were|has been|have been|'s)\s+(?:now\s+|fully\s+)*"
    r"(?:resolved|fixed|solved|over|mitigated|stopped|gone)\b"
    r"|\b(?:resolved|all clear)\s*[.:!]?\s*$|^\s*(?:fixed|resolved|mitigated)\b(?!\s+(?:by|in|the test))"
    r"|\bcustomers?\s+(?:now\s+)?(?:get|are getting|receive)\s+(?:only\s+)?(?:correct|right)\s+answers\b"
    r"|\bno\s+(?:more|further)\s+(?:wrong|harmful|incorrect|false)\s+answers\b"
    rf"|\b{_PEOPLE}\s+(?:are|is)\s+no\s+longer\s+(?:affected|impacted|harmed|told wrong|misled)\b",
    re.IGNORECASE,
)
_DEPLOYED = re.compile(
    r"\b(?:(?:hot)?fix|patch|change|new version|release)\s+(?:is|was|has been|has gone|went|'s)\s+(?:now\s+)?"
    r"(?:deployed|live|out|rolled out|in production|shipped|released)\b"
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
    rf"\b(?:no|zero)\s+(?:\w+\s+)?{_PEOPLE}\s+{_IS}\s+(?:\w+\s+)?(?:affected|impacted|harmed|told wrong|misled)\b"
    rf"|\b(?:nobody|no one|none)\s+(?:of\s+our\s+customers\s+)?{_IS}\s+(?:affected|impacted|harmed|misled)\b"
    r"|\b(?:there is|there was)?\s*no\s+(?:customer\s+)?impact\b|\bno\s+impact\s+on\s+customers\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    rf"\b(?:all|every)\s+(?:of\s+our\s+)?{_PEOPLE}\s+(?:{_IS}|gets?|getting|receiv\w+)\s+(?:\w+\s+){{0,3}}?"
    r"(?:affected|impacted|harmed|misled|wrong|incorrect|harmful|false)\b"
    rf"|\b(?:all|every)\s+answers?\s+{_IS}\s+(?:wrong|harmful|incorrect|affected|false)\b",
    re.IGNORECASE,
)
_NUMBER = r"(?P<number>\d{1,3}(?:[,' ]\d{3})+|\d{1,7}(?:\.\d{1,2})?)"
_BOUND = (
    r"(?P<bound>at least|more than|over|at most|up to|fewer than|less than|under)?\s*"
    r"(?:about|around|roughly|some|~|≈)?\s*"
)
_WRONG = r"(?:wrong|harmful|incorrect|false|misleading|bad|hallucinated|affected|unapproved)"
_SHARE = re.compile(
    rf"\b{_BOUND}{_NUMBER}\s?(?:%|percent|per cent)\s+of\s+(?:all\s+|the\s+|our\s+)*"
    rf"(?:answers?|repl(?:y|ies)|responses?|{_PEOPLE}|traffic|questions?)"
    rf"(?P<between>[^.%]{{0,60}}?)\b(?:{_WRONG}|told)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"\b{_BOUND}{_NUMBER}\s+(?:{_WRONG}\s+(?:answers?|repl(?:y|ies)|responses?)"
    rf"|{_PEOPLE}\s+(?:\w+\s+){{0,3}}?(?:affected|impacted|told|misled|got|received|were given))\b",
    re.IGNORECASE,
)
# What makes a share one of some questions only, and a count one of all of them.
_OF_SOME = re.compile(
    r"\b(?:about|for|on|regarding|concerning|involving|mentioning|with|where|that|which)\b", re.IGNORECASE
)
_IN_ALL = re.compile(r"\b(?:only|just|in total|in all|altogether|overall|no more than)\b", re.IGNORECASE)
# What makes the claim that nobody is affected one about from now on, and a claim one of a part or of another place.
_FROM_NOW_ON = re.compile(
    r"\b(?:any ?more|further|longer|now|currently|since|after|new|other|additional)\b", re.IGNORECASE
)
_PARTLY = re.compile(
    r"\b(?:partly|partially|mostly|only for|except|some|staging|locally|local|my branch|test environment|in a run)\b",
    re.IGNORECASE,
)
_AT_LEAST = frozenset({"at least", "more than", "over"})


def claims(text: str, *, state: str = "") -> list[Stated]:
    """What an update claims, in its order; the state `resolved` is a claim of its own."""
    found = [Stated(Kind.over, "The state of the update is: resolved.")] if state == "resolved" else []
    for sentence in _SENTENCE.findall(shortened(text)):
        found += _numbers(sentence)
        if _OPEN.search(sentence) or _PARTLY.search(sentence):
            continue
        for kind, pattern in _PATTERNS:
            if match := pattern.search(sentence):
                ended = kind is Kind.nobody and _FROM_NOW_ON.search(sentence)
                when = _of_when(sentence, match) if kind is Kind.everybody else When.now
                found.append(Stated(Kind.over if ended else kind, sentence.strip(), when=when))
    return found


_PATTERNS = (
    (Kind.over, _OVER),
    (Kind.deployed, _DEPLOYED),
    (Kind.rolled_back, _ROLLED_BACK),
    (Kind.nobody, _NOBODY),
    (Kind.everybody, _EVERYBODY),
)
_HEDGED = re.compile(
    r"\?|\b(?:if|whether|may|might|could|would|goal|target|aim|expect\w*|threshold|below which)\b", re.IGNORECASE
)


# What makes a number one of an earlier time than the update's: its own verb, or a moment that its sentence names.
_PAST = re.compile(r"\b(?:was|were|had|used to|got|received)\b", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:before|prior to|until|till|up to (?:then|that point)|at that (?:time|point)|at the time|back then|earlier|"
    r"previously|originally|initially|at (?:its|the) (?:peak|worst|start|beginning|onset)|at first|yesterday|overnight|"
    r"last (?:night|week|hour)|(?:minutes|hours) ago|during the (?:incident|outage)|"
    r"(?:at|around|by|between|from)\s+\d{1,2}[:.]\d{2})\b",
    re.IGNORECASE,
)
_NOW = re.compile(r"\b(?:now|currently|today|at present|at the moment|still|since|after|afterwards)\b", re.IGNORECASE)
_BEFORE_THE_FIX = re.compile(
    r"\b(?:before|prior to|until|till)\s+(?:(?:the|our|this|that|my|it|we|i|was|were|had|have|first|new|a)\s+){0,3}"
    r"(?:(?:hot)?fix(?:ed)?|patch(?:ed)?|deploy(?:ed|ment)?|roll(?:ed)?[- ]?(?:back|out)|mitigat(?:ed|ion))\b",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r",|:|\s[–—-]\s|\b(?:and|but|while|whereas)\b", re.IGNORECASE)


def _of_when(sentence: str, match: re.Match[str]) -> When:
    """Which time a claim tells of; in doubt an earlier one, since then less can contradict it."""
    starts = max((found.end() for found in _CLAUSE_ENDS.finditer(sentence, 0, match.start())), default=0)
    ended = _CLAUSE_ENDS.search(sentence, match.end())
    clause = sentence[starts : ended.start() if ended else len(sentence)]
    past = _PAST.search(match[0]) is not None
    if not past and (_NOW.search(clause) or not _EARLIER.search(sentence)):
        return When.now
    return When.before_the_fix if _BEFORE_THE_FIX.search(sentence) else When.earlier


def _numbers(sentence: str) -> Iterator[Stated]:
    """Shares and counts; a number in what may be, or in a question, is no claim."""
    if _HEDGED.search(sentence):
        return
    for kind, pattern in ((Kind.how_much, _SHARE), (Kind.how_many, _COUNT)):
        for match in pattern.finditer(sentence):
            if kind is Kind.how_much and _OF_SOME.search(match["between"]):
                continue
            number = Fraction(re.sub(r"[,' ]", "", match["number"]))
            bound = (match["bound"] or "").lower()
            limit = "" if not bound else "at least" if bound in _AT_LEAST else "at most"
            if kind is Kind.how_many and not bound and not _IN_ALL.search(sentence):
                limit = "at least"  # there may be others that it does not speak of
            yield Stated(
                kind,
                sentence.strip(),
                number / 100 if kind is Kind.how_much else number,
                limit,
                when=_of_when(sentence, match),
            )
