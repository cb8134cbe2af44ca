"""The blast radius that a post-mortem states, how far it is from the true one, and the latent period it tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.ground_truth import GroundTruth, Harm
    from sandboxes.sandbox import JsonObject

# A number begins where no digit stands before it, and nothing is looked for further on than a number reaches: else a
# long row of digits is read once from each of its places.
_NUMBER = r"(?<!\d)(?P<number>\d{1,3}(?:[,' ]\d{3}){1,2}|\d{1,7})(?![\d.,]{0,12}\s?(?:%|percent|per cent))"
_WRONG = r"(?:wrong|harmful|incorrect|false|misleading|bad|hallucinated|affected|unapproved|damaged)"
_ANSWERS = r"(?:answers?|repl(?:y|ies)|responses?)"
_PEOPLE = r"(?:customers?|users?|clients?|people|conversations?|sessions?)"
_STATED = (
    ("answers", re.compile(rf"\b{_NUMBER}\s+(?:\w+\s+){{0,2}}?{_WRONG}\s+(?:\w+\s+)?{_ANSWERS}", re.IGNORECASE)),
    ("answers", re.compile(rf"\b{_NUMBER}\s+(?:\w+\s+)?{_ANSWERS}\s+(?:\w+\s+){{0,3}}?{_WRONG}\b", re.IGNORECASE)),
    ("answers", re.compile(rf"\b{_WRONG}\s+{_ANSWERS}\s*(?:\([^)]*\)\s*)?[:=|]+\s*\**{_NUMBER}", re.IGNORECASE)),
    (
        "answers",
        re.compile(rf"\b{_NUMBER}\s+(?:{_WRONG}\s+)?(?:{_ANSWERS}\s+)?(?:in all|in total|altogether)\b", re.IGNORECASE),
    ),
    ("sessions", re.compile(rf"\b{_NUMBER}\s+(?:\w+\s+){{0,2}}?{_PEOPLE}\b", re.IGNORECASE)),
    ("sessions", re.compile(rf"\b{_PEOPLE}\s*(?:\w+\s+){{0,3}}[:=|]+\s*\**{_NUMBER}", re.IGNORECASE)),
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+.*$|^\s{0,3}\*\*[^*]+\*\*:?\s*$")
_ANNOUNCED = re.compile(r"blast|radius|impact|scope|affected|damage|who was", re.IGNORECASE)
_LATENT = re.compile(
    r"latent|hidden|undetected|unnoticed|silent|went un|dormant|\blay\b|live for|in production for|exposed for"
    r"|time to detect|had been (?:live|wrong)|until (?:it was )?(?:detected|noticed|opened)"
    r"|before (?:it was|we|anyone|the (?:first )?(?:alert|incident)|detection)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"(?<![\d.])(?P<amount>\d{1,6}(?:\.\d{1,4})?)\s?-?(?P<unit>d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?)\b"
    r"(?:\s*(?:and\s+)?(?P<rest>\d{1,2})\s?(?:m(?:in(?:ute)?s?)?|h(?:ours?|rs?)?)\b)?",
    re.IGNORECASE,
)
NEAR = Fraction(1, 4)
# Different numbers of answers, or of customers, that a text may state: before, since, until the end, in all, and two
# more. Of many, one is near whatever is true, and which of them it states is for the mentor to read.
MOST_STATED = 6
_LEAST_NEAR = timedelta(minutes=30)


@dataclass(frozen=True)
class Stated:
    """A number that a text gives for the wrong answers, or for the customers who got them; and its line, from one."""

    of: str  # answers | sessions
    number: int
    line: int
    text: str


@dataclass(frozen=True)
class Radius:
    """What is stated, how far the nearest reading of it is from the true total, and which reading that is."""

    stated: tuple[Stated, ...]
    error: Fraction | None
    nearest: str


def radius(text: str, happened: GroundTruth) -> Radius:
    """Hold the numbers of a text against the true blast radius.

    Each is held against the total of its kind (before the opening and while live); where several are stated, so is
    their sum, because the two parts may be given apart. The nearest reading counts; of more than `MOST_STATED` none.
    """
    stated = numbers(text)
    if any(len({each.number for each in stated if each.of == of}) > MOST_STATED for of in ("answers", "sessions")):
        return Radius(stated, None, f"more than {MOST_STATED} different numbers are stated: read which one is meant")
    true = {"answers": happened.total.answers, "sessions": happened.total.sessions}
    readings: list[tuple[Fraction, str]] = []
    for of, whole in true.items():
        mine = [each.number for each in stated if each.of == of]
        if not whole or not mine:
            continue
        sums = {sum(set(mine)): "the sum of what is stated"} if len(set(mine)) > 1 else {}
        for number, how in {**sums, **{each: f"{each} {of}" for each in mine}}.items():
            readings.append((Fraction(abs(number - whole), whole), f"{how}, against {whole} {of}"))
    error, nearest = min(readings, default=(None, ""))
    return Radius(stated, error, nearest)


def numbers(text: str) -> tuple[Stated, ...]:
    """Every number of wrong answers, or of customers, that a text states; shares are none.

    Looked for below headings that announce the blast radius; in a text without one, everywhere.
    """
    found: dict[tuple[int, int], Stated] = {}
    for line_number, line in _where_it_is_stated(text):
        for of, pattern in _STATED:
            for match in pattern.finditer(line.replace("**", "")):
                number = int(re.sub(r"[,' ]", "", match["number"]))
                found.setdefault(
                    (line_number, match.start("number")), Stated(of, number, line_number, match[0].strip())
                )
    return tuple(found.values())


def _where_it_is_stated(text: str) -> list[tuple[int, str]]:
    lines = list(enumerate(text.splitlines(), start=1))
    inside, chosen = False, []
    for number, line in lines:
        heading = _HEADING.match(line)
        if heading:
            inside = _ANNOUNCED.search(heading[0]) is not None
        elif inside:
            chosen.append((number, line))
    return chosen or lines


@dataclass(frozen=True)
class Latent:
    """Whether the latent period is told: the sentence, the length it gives, and whether that is near the true one."""

    told: bool
    line: int | None
    text: str
    length: timedelta | None


def latent(text: str, true: timedelta | None, *, also: timedelta | None = None) -> Latent:
    """Look for a length of time told of how long it lay hidden; `also` is another length that may be meant."""
    nearest: Latent | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not _LATENT.search(line):
            continue
        for match in _LENGTH.finditer(line):
            length = _length(match)
            near = any(one is not None and _near(length, one) for one in (true, also))
            if near or nearest is None:
                nearest = Latent(near, number, line.strip()[:300], length)
            if near:
                return nearest
    return nearest or Latent(told=False, line=None, text="", length=None)


def _length(match: re.Match[str]) -> timedelta:
    amount, unit = float(match["amount"]), match["unit"][0].lower()
    rest = int(match["rest"] or 0)
    if unit == "d":
        return timedelta(days=amount, hours=rest)
    return timedelta(hours=amount, minutes=rest) if unit == "h" else timedelta(minutes=amount)


def _near(length: timedelta, true: timedelta) -> bool:
    return abs(length - true) <= max(true * float(NEAR), _LEAST_NEAR)


def as_json(found: Radius, happened: GroundTruth) -> JsonObject:
    """The stated blast radius beside the true one."""

    def harm(one: Harm) -> JsonObject:
        return {"answers": one.answers, "sessions": one.sessions}

    return {
        "stated": [
            {"of": each.of, "number": each.number, "line": each.line, "text": each.text} for each in found.stated
        ],
        "error": None if found.error is None else {"share": round(float(found.error), 4), "exact": str(found.error)},
        "nearest_reading": found.nearest,
        "true": {
            "total": harm(happened.total),
            "before_opening": harm(happened.before),
            "while_live": harm(happened.live),
            "until_mitigation": harm(happened.until_mitigation),
        },
    }
