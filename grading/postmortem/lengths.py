"""Lengths of time in a text, and the two ends that the words beside one name: "3 h 3 min from release to page"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {
    "half a": 0.5, "half an": 0.5, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60,
}  # fmt: skip
_AFTER = ("for", "over", "about", "nearly", "almost", "than", "after")  # "a day" may be a rate as well
_WORD = "|".join(
    [
        *sorted((word.replace(" ", r"\s") for word in _WORDS), key=len, reverse=True),
        rf"(?:{'|'.join(rf'(?<={word} )' for word in _AFTER)})an?",
    ]
)
_LENGTH = re.compile(
    rf"(?:(?<![\d.,:])(?P<amount>\d{{1,6}}(?:\.\d{{1,4}}|:[0-5]\d(?=\s?h)|½)?)|\b(?P<word>{_WORD}))(?P<half>\s+and\s+a\s+half)?\s?-?"
    r"(?P<unit>weeks?|(?:calendar\s)?d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?)(?![a-z])"
    rf"(?:,?\s*(?:and\s+)?(?P<rest>\d{{1,2}}|\b(?:{_WORD}))\s?(?:days?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?)\b)?"
    r"(?:,?\s*(?:and\s+)?(?P<seconds>[0-5]?\d)\s?s(?:ec(?:ond)?s?)?\b)?",
    re.IGNORECASE,
)

_AROUND = 160  # characters beside a length that may name its ends
_PLACE = r"[^.;,:()]{1,60}?"
_FROM_TO = re.compile(
    rf"^\W{{0,3}}(?:\w+\s){{0,2}}?(?:from|between)\s+(?P<begin>{_PLACE})\s+(?:to|until|till|and|before)\s+"
    r"(?P<end>[^.;,:()]{1,60})",
    re.IGNORECASE,
)
_TOLD_FIRST = re.compile(
    rf"(?:^|[.;,:(]\s*|\s)(?:from|between)\s+(?P<begin>{_PLACE})\s+(?:to|until|till|and)\s+(?P<end>{_PLACE})"
    r"(?:\s+(?:it\s+took|took|is|was|are|were|it\s+was|there\s+(?:are|were)|passed)|\s*[:=,(])?\s*(?:about\s+)?$",
    re.IGNORECASE,
)
_END = re.compile(r"\b(?:end(?:s|ed)?|fix\w*|mitigat\w+|roll(?:ed|s)?[\s-]?back|over|resol\w+)\b", re.IGNORECASE)
_NAMED = (
    (
        frozenset({"prepared", "deployed"}),  # what is merged is what goes out
        re.compile(r"\b(?:merg\w+|commit\w*|prepar\w+|written)\b", re.IGNORECASE),
    ),
    (
        frozenset({"deployed"}),
        re.compile(r"\b(?:releas\w+|deploy\w*|roll-?out|(?:went|goes|going|go)[\s-]live|[rv]\d{1,4})\b", re.IGNORECASE),
    ),
    (
        frozenset({"onset"}),
        re.compile(r"\b(?:onset|harm\w*|wrong\w*|damage|it began|began|first (?:victim|customer))\b", re.IGNORECASE),
    ),
    (frozenset({"alert"}), re.compile(r"\b(?:alert\w*|alarm\w*|complain\w*)\b", re.IGNORECASE)),
    (
        frozenset({"opening"}),
        re.compile(
            r"\b(?:page[ds]?|open(?:ed|ing)|incident|detect\w+|notic\w+|seen|take-?over|took over|compliance)\b",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True)
class Length:
    """A length of time, where it stands in its text, and what the words beside it call its ends, as far as known."""

    length: timedelta
    at: int
    begin: frozenset[str] = frozenset()
    end: frozenset[str] = frozenset()

    def may_be(self, period: str) -> bool:
        """Whether it may be of a period, such as "onset to opening": no end that is named is another."""
        begin, _, end = period.partition(" to ")
        return (not self.begin or begin in self.begin) and (not self.end or end in self.end)

    @property
    def names_both(self) -> bool:
        """Whether both of its ends are named."""
        return bool(self.begin and self.end)


def lengths(text: str) -> Iterator[Length]:
    """Every length of time that a text tells, in its order."""
    for match in _LENGTH.finditer(text):
        after = text[match.end() : match.end() + _AROUND]
        before = text[max(match.start() - _AROUND, 0) : match.start()]
        ends = _FROM_TO.match(after) or _TOLD_FIRST.search(before)
        begin, end = (_called(ends["begin"]), _called(ends["end"])) if ends else (frozenset[str](), frozenset[str]())
        yield Length(_length(match), match.start(), begin, end)


def _called(words: str) -> frozenset[str]:
    if _END.search(words):
        return frozenset({"end"})
    return frozenset().union(*(names for names, pattern in _NAMED if pattern.search(words)))


def _length(match: re.Match[str]) -> timedelta:
    hours, _, minutes = (match["amount"] or "").replace("½", ".5").partition(":")
    amount = float(hours) + int(minutes or 0) / 60 if match["amount"] else _of_word(match["word"])
    amount += 0.5 if match["half"] else 0
    rest = 0.0 if not match["rest"] else float(match["rest"]) if match["rest"].isdigit() else _of_word(match["rest"])
    unit = match["unit"].lower()
    seconds = int(match["seconds"] or 0)
    if unit.startswith("w"):
        return timedelta(weeks=amount, days=rest)
    if "d" in unit:
        return timedelta(days=amount, hours=rest)
    return (
        timedelta(hours=amount, minutes=rest, seconds=seconds)
        if unit[0] == "h"
        else timedelta(minutes=amount, seconds=seconds)
    )


def _of_word(word: str) -> float:
    return _WORDS.get(re.sub(r"\s", " ", word.lower()), 1)
