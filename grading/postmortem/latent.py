"""The latent period that a post-mortem tells: how long the fault lay there before it harmed, or before it was seen."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from grading.postmortem.lengths import lengths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from grading.ground_truth import GroundTruth

NEAR = Fraction(1, 4)
_LEAST_NEAR = timedelta(minutes=30)
_SHOWN = 300  # characters
_ITEM = re.compile(r"^\s{0,6}(?:[-*+•]|\d{1,3}[.)])\s")
_ALONE = re.compile(r"^\s*$|^\s{0,3}#|^\s*\||^\s{0,6}(?:[-*+•]|\d{1,3}[.)])\s")  # it, or what it begins, is read alone
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?](?!\s)[^.!?]*)*[.!?]*")
_LATENT = re.compile(
    r"latent|hidden|undetected|unnoticed|silent|went un|dormant|asleep|\bslept\b|\bla(?:y|in)\b|\bsat\b|live for"
    r"|in production for|exposed for|prepar(?:ed|ing)|harmless|time to detect|exposure"
    r"|no(?:body| one) (?:had )?(?:noticed|saw)|not (?:been )?(?:noticed|seen|detected)|had been (?:live|wrong|there)"
    r"|until (?:it was )?(?:detected|noticed|opened)|\bbetween\b|\b(?:earlier|later)\b"
    r"|before (?:it was|we|anyone|the (?:first )?(?:alert|incident|page|release|deploy\w*|opening)|detection|r\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Latent:
    """Whether the latent period is told: the sentence, the length it gives, and which true one that is near."""

    told: bool
    line: int | None
    text: str
    length: timedelta | None
    read_as: str = ""


def periods(happened: GroundTruth) -> dict[str, timedelta]:
    """The lengths of time that may be meant, the one from onset to opening first.

    A fault may have been prepared by an earlier change, and it may have waited for something after it went live.
    """
    ends = {
        "opening": happened.opened,
        "onset": happened.onset,
        "deployed": happened.deployed,
        "prepared": next((each.when for each in happened.events if each.id == "prepared"), None),
    }
    found = {}
    for begin, end in (
        ("onset", "opening"),
        ("deployed", "opening"),
        ("prepared", "opening"),
        ("prepared", "deployed"),
        ("prepared", "onset"),
        ("deployed", "onset"),
    ):
        first, last = ends[begin], ends[end]
        if first is not None and last is not None and last.at > first.at:
            found[f"{begin} to {end}"] = last.at - first.at
    return found


def latent(text: str, true: Mapping[str, timedelta]) -> Latent:
    """Look for a length of time told of how long it lay hidden; `true` are those that may be meant, by name.

    Paragraphs are read whole, however their lines are broken. A length counts if its sentence or its line speaks of
    lying hidden, or if its own words name both ends of what is meant; it does not if they name others. Of several the
    one that is right counts, first those whose ends are named.
    """
    nearest: Latent | None = None
    right: Latent | None = None
    for paragraph in _paragraphs(text):
        if not _LATENT.search(paragraph.text):
            continue
        for each in lengths(paragraph.text):
            if not (each.names_both or paragraph.speaks_of_it(each.at)):
                continue
            number, line = paragraph.line_of(each.at)
            fits = [name for name, one in true.items() if each.may_be(name) and _near(each.length, one)]
            name = min(fits, key=lambda name, told=each.length: abs(told - true[name]), default="")  # type: ignore[misc]
            found = Latent(bool(name), number, line.strip()[:_SHOWN], each.length, name)
            if name and each.names_both:
                return found
            right = right or (found if name else None)
            nearest = nearest or (found if paragraph.speaks_of_it(each.at) else None)
    return right or nearest or Latent(told=False, line=None, text="", length=None)


@dataclass(frozen=True)
class _Paragraph:
    """Lines that are read as one; `begins` is where each does in its text, and which line of the document it is."""

    text: str
    begins: tuple[tuple[int, int, str], ...]
    speaking: tuple[tuple[int, int], ...]  # lines and sentences that speak of lying hidden

    def line_of(self, at: int) -> tuple[int, str]:
        place = bisect_right(self.begins, at, key=lambda each: each[0]) - 1
        return self.begins[place][1:]

    def speaks_of_it(self, at: int) -> bool:
        place = bisect_right(self.speaking, at, key=lambda each: each[0]) - 1
        return place >= 0 and at < self.speaking[place][1]


def _paragraphs(text: str) -> Iterator[_Paragraph]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if _ALONE.match(line):
            yield from _paragraph(lines)
            lines = []
        if line.strip():
            lines.append((number, line))
        if _ALONE.match(line) and not _ITEM.match(line):
            yield from _paragraph(lines)
            lines = []
    yield from _paragraph(lines)


def _paragraph(lines: Sequence[tuple[int, str]]) -> Iterator[_Paragraph]:
    if not lines:
        return
    begins: list[tuple[int, int, str]] = []
    at = 0
    for number, line in lines:
        begins.append((at, number, line))
        at += len(line) + 1
    text = " ".join(line for _, line in lines)
    spans = [(begin, begin + len(line)) for begin, _, line in begins if _LATENT.search(line)]
    spans += [match.span() for match in _SENTENCE.finditer(text) if _LATENT.search(match[0])]
    yield _Paragraph(text, tuple(begins), tuple(_joined(spans)))


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order, those that meet as one."""
    last: tuple[int, int] | None = None
    for begin, end in sorted(spans):
        if last is not None and begin <= last[1]:
            last = (last[0], max(last[1], end))
            continue
        if last is not None:
            yield last
        last = (begin, end)
    if last is not None:
        yield last


def _near(length: timedelta, true: timedelta) -> bool:
    return abs(length - true) <= max(true * float(NEAR), _LEAST_NEAR)
