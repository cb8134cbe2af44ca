"""The latent period that a post-mortem tells: how long the fault lay there before it harmed, or before it was seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grading.ground_truth import GroundTruth

NEAR = Fraction(1, 4)
_LEAST_NEAR = timedelta(minutes=30)
_SHOWN = 300  # characters
_LATENT = re.compile(
    r"latent|hidden|undetected|unnoticed|silent|went un|dormant|asleep|\bslept\b|\bla(?:y|in)\b|\bsat\b|live for"
    r"|in production for|exposed for|prepar(?:ed|ing)|harmless|time to detect|exposure"
    r"|no(?:body| one) (?:had )?(?:noticed|saw)|not (?:been )?(?:noticed|seen|detected)|had been (?:live|wrong|there)"
    r"|until (?:it was )?(?:detected|noticed|opened)|\bbetween\b|\b(?:earlier|later)\b"
    r"|before (?:it was|we|anyone|the (?:first )?(?:alert|incident|page|release|deploy\w*|opening)|detection|r\d)",
    re.IGNORECASE,
)
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
    rf"(?:,?\s*(?:and\s+)?(?P<rest>\d{{1,2}}|\b(?:{_WORD}))\s?(?:days?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?)\b)?",
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
    """Look for a length of time told of how long it lay hidden; `true` are those that may be meant, by name."""
    nearest: Latent | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not _LATENT.search(line):
            continue
        for match in _LENGTH.finditer(line):
            length = _length(match)
            fits = [name for name, one in true.items() if _near(length, one)]
            name = min(fits, key=lambda name: abs(length - true[name]), default="")
            if name or nearest is None:
                nearest = Latent(bool(name), number, line.strip()[:_SHOWN], length, name)
            if name:
                return nearest
    return nearest or Latent(told=False, line=None, text="", length=None)


def _length(match: re.Match[str]) -> timedelta:
    hours, _, minutes = (match["amount"] or "").replace("½", ".5").partition(":")
    amount = float(hours) + int(minutes or 0) / 60 if match["amount"] else _of_word(match["word"])
    amount += 0.5 if match["half"] else 0
    rest = 0.0 if not match["rest"] else float(match["rest"]) if match["rest"].isdigit() else _of_word(match["rest"])
    unit = match["unit"].lower()
    if unit.startswith("w"):
        return timedelta(weeks=amount, days=rest)
    if "d" in unit:
        return timedelta(days=amount, hours=rest)
    return timedelta(hours=amount, minutes=rest) if unit[0] == "h" else timedelta(minutes=amount)


def _of_word(word: str) -> float:
    return _WORDS.get(re.sub(r"\s", " ", word.lower()), 1)


def _near(length: timedelta, true: timedelta) -> bool:
    return abs(length - true) <= max(true * float(NEAR), _LEAST_NEAR)
