"""Which headings of a document announce follow-ups, and which lines stand below them. It reads form, it does not judge.

1. A heading announces them if it *is* what follow-ups are called, with a few words before it or after it. In these
   incidents customers ask follow-ups too: a heading that speaks of questions, answers or products means those.
2. A document's title, its only heading of the highest rank with others below, is about the whole of it and announces
   nothing; unless it is nothing else than what follow-ups are called, and no other heading announces any.
3. What a heading announces ends at the next heading of its rank or above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*$")
_BOLD_HEADING = re.compile(r"^\*\*(.+?)\*\*:?$")
_BOLD = 6  # the rank of a line in bold
_MOST_WORDS = 6  # before what follow-ups are called, or after it
_NUMBERED = re.compile(r"^[\W_]*(?:(?:\d{1,2}|[ivx]{1,4}|[a-h])(?:\.\d{1,2})*[.):]?\s+)?[\W_]*", re.IGNORECASE)
_FOLLOW_UP = r"follow[\s-]?ups?"
_CALLED = re.compile(
    rf"\b(?:{_FOLLOW_UP}(?:\s+(?:actions?|items?|tasks?|work|measures?|list|plan|register))?"
    r"|(?:action|corrective|preventive|preventative|remediation|improvement)(?:\s+(?:and|&)\s+\w{1,20})?"
    r"\s+(?:items?|actions?|measures?|plan|points?)"
    r"|next\s+(?:steps?|actions?)|to-?\s?dos?)(?![\w-])"
    r"|^actions?(?=$|\s*[:(,–—]|\s+(?:and|with|by|to)\b)"
    r"|^what\s+(?:we|i)(?:\s+(?:will|shall)|['’]ll|\s+are\s+going\s+to)?\s+(?:do|change)(?:\s+(?:next|now|about\s+it))?$"
    r"|^what\s+(?:happens|comes|is)\s+next$",
    re.IGNORECASE,
)
_BEGINS_OTHERWISE = re.compile(r"^(?:how|why|when|where|who|whose|which|what|no|every)\b", re.IGNORECASE)
_OF_CUSTOMERS = re.compile(
    r"\b(?:answer\w*|question\w*|ask(?:s|ed|ing)?|repl(?:y|ies|ied)|told|refus\w+|wrong\w*|lost|lose|forg\w+|guess\w*"
    r"|products?|conversations?|sessions?|customers?|somebody|pronouns?|context|broken?|fail\w*|mix\w*|stale|drop\w*)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"^(?:$|\s*[:(\[,;/&+|–—-]|\s+(?:and|or|with|from|by|after|per|for|of|to|in|agreed|planned|proposed|we|until)\b)",
    re.IGNORECASE,
)
_FOR_WHOM = re.compile(r"^\W*(?:for|with|by|from|of)\s+(?:the\s+)?(?:customers?|product)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Heading:
    place: int
    rank: int
    title: str


def sections(text: str) -> Iterator[list[str]]:
    """The lines below each heading of follow-ups, without the headings among them."""
    lines = text.splitlines()
    every = [found for place, line in enumerate(lines) if (found := _heading(place, line)) is not None]
    about = {each.place for each in every if announces(each.title)}
    title = _title(every)
    if title is not None and (about - {title.place} or not _nothing_else(title.title)):
        about.discard(title.place)
    ranks = {each.place: each.rank for each in every}
    inside: list[str] | None = None
    rank = 0
    for place, line in enumerate(lines):
        if place not in ranks:
            if inside is not None:
                inside.append(line)
            continue
        if inside is not None and ranks[place] <= rank:
            yield inside
            inside = None
        if inside is None and place in about:
            inside, rank = [], ranks[place]
    if inside is not None:
        yield inside


def announces(title: str) -> bool:
    """Whether a heading is about what is to be done, rather than one that has the word in it."""
    plain = _NUMBERED.sub("", title, count=1).replace("*", "").replace("`", "").strip(" _:.")
    found = _CALLED.search(plain)
    if found is None:
        return False
    before, after = plain[: found.start()], plain[found.end() :]
    if max(len(before.split()), len(after.split())) > _MOST_WORDS or not _GOES_ON.match(after):
        return False
    if before and _BEGINS_OTHERWISE.match(before):
        return False
    around = before + " " + _FOR_WHOM.sub("", after)
    return not (re.fullmatch(_FOLLOW_UP, found[0], re.IGNORECASE) and _OF_CUSTOMERS.search(around))


def _nothing_else(title: str) -> bool:
    plain = _NUMBERED.sub("", title, count=1).strip(" *_:.")
    return _CALLED.fullmatch(plain) is not None


def _heading(place: int, line: str) -> _Heading | None:
    if found := _HEADING.match(line):
        return _Heading(place, len(found[1]), found[2])
    bold = _BOLD_HEADING.match(line.strip())
    return _Heading(place, _BOLD, bold[1]) if bold else None


def _title(every: Sequence[_Heading]) -> _Heading | None:
    """The first heading, if no other is as high."""
    others = every[1:]
    return every[0] if others and all(each.rank > every[0].rank for each in others) else None
