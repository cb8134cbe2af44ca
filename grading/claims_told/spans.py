"""Finds which answers a sentence speaks of: the last so many, those of the last minutes, those since a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading.claims_told.stating import Span
from grading.claims_told.times import ABOUT, LENGTH, SMALL, TIME, clock_of, minutes_of, small
from grading.claims_told.words import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST = 8  # of one sentence
ASKED = rf"(?:{ANSWERS}|questions?|prompts?|requests?|queries)"
_NO_RANGE = r"(?!\s*(?:z|utc|gmt|cest|cet)?\s*(?:(?:to|till|until)\b|[-–]\s*\d))"
_VERSION = (
    r"(?:(?:hot)?fix(?:ed)?|patch(?:ed)?|deploy(?:ed|ment|ing)?|roll(?:ed|ing)?(?: it)?[- ]?back|release|version|live"
    r"|mitigation)\b"
)
_BEFORE = (
    r"(?:(?:the|our|this|that|we|i|it|new|first|second|latest|corrected|went|came|has|have|was|is|been|gone)\s+){0,4}"
)
_AFTER = rf"(?:\s+(?:\d{{1,3}}\b(?![:.%])|it\b|went\b|came\b|has\b|is\b|was\b|been\b|gone\b|live\b|out\b|at\s+{TIME}))*"


@dataclass(frozen=True)
class Placed:
    """A span, and where the sentence names it."""

    span: Span
    start: int
    end: int


def _patterns() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Span]], ...]:
    def one(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    return (
        (
            one(rf"\b(?:the\s+)?(?:last|latest|past)\s+(?P<last>{SMALL})\s+(?:(?:live|customer)\s+)?{ASKED}\b"),
            lambda found: Span(last=small(found["last"])),
        ),
        (
            one(rf"\b(?:(?:in|for|over|during|within|of)\s+)?(?:the\s+)?(?:last|past)\s+{ABOUT}{LENGTH}(?!\w)"),
            lambda found: Span(minutes=minutes_of(found)),
        ),
        (
            one(rf"\bfor\s+(?:(?:more than|over|at least)\s+)?{ABOUT}{LENGTH}(?!\w)(?:\s+now\b)?"),
            lambda found: Span(minutes=minutes_of(found)),
        ),
        (
            one(rf"\b(?:since|after|from)\s+{ABOUT}{TIME}{_NO_RANGE}(?:\s+on(?:wards?)?\b)?"),
            lambda found: Span(since=clock_of(found)),
        ),
        (one(rf"\b(?:since|after)\s+{_BEFORE}{_VERSION}{_AFTER}"), lambda _: Span(since_version=True)),
    )


_PATTERNS = _patterns()


def spans(sentence: str) -> list[Placed]:
    """Every span that a sentence names, none of them within another."""
    found: list[Placed] = []
    for pattern, made in _PATTERNS:
        for match in pattern.finditer(sentence):
            if len(found) < MOST and not any(match.start() < one.end and one.start < match.end() for one in found):
                found.append(Placed(made(match), *match.span()))
    return found


def without(sentence: str, found: Sequence[Placed]) -> str:
    """A sentence with blanks where it names spans, so that every other word stays where it is."""
    for one in found:
        sentence = sentence[: one.start] + " " * (one.end - one.start) + sentence[one.end :]
    return sentence


def nearest(found: Sequence[Placed], match: re.Match[str]) -> Span | None:
    """The span that stands nearest to some words."""
    if not found:
        return None
    return min(found, key=lambda one: max(one.start - match.end(), match.start() - one.end, 0)).span
