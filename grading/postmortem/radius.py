"""The blast radius that a post-mortem states, how far it is from the true one, and the latent period it tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grading.ground_truth import GroundTruth, Harm
    from sandboxes.sandbox import JsonObject

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
_WRONG = r"(?:wrong|harmful|incorrect|false|misleading|bad|hallucinated|affected|unapproved|damaged)"
_ANSWERS = r"(?:answers?|repl(?:y|ies)|responses?)"
_PEOPLE = r"(?:customers?|users?|clients?|people|conversations?|sessions?)"
_IN_ALL = r"(?:in all|in total|altogether|overall|all told|total)"
_STATED = (
    ("answers", re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+){{0,2}}?{_WRONG}\s+(?:\w+\s+)?{_ANSWERS}", re.IGNORECASE)),
    (
        "answers",
        re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+)?{_ANSWERS}\s+(?:\w+\s+){{0,3}}?{_WRONG}\b", re.IGNORECASE),
    ),
    ("answers", re.compile(rf"\b{_WRONG}\s+{_ANSWERS}\s*(?:\([^)]{{0,80}}\)\s*)?[:=|]+\s*{_NUMBER}", re.IGNORECASE)),
    ("sessions", re.compile(rf"\b{_NUMBER}{_OF}\s+(?:\w+\s+){{0,2}}?{_PEOPLE}\b", re.IGNORECASE)),
    (
        "sessions",
        re.compile(rf"\b{_PEOPLE}\s*(?:\w+\s+){{0,3}}(?:\([^)]{{0,80}}\)\s*)?[:=|]+\s*{_NUMBER}", re.IGNORECASE),
    ),
    # of what, says the number before it on the line; with none, of answers
    ("", re.compile(rf"\b{_NUMBER}\s+(?:{_WRONG}\s+)?{_IN_ALL}\b", re.IGNORECASE)),
)
_DENOMINATOR = re.compile(r"\d\s+(?:out\s+)?of\s+(?:the\s+|all\s+|our\s+|some\s+)?$", re.IGNORECASE)
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
            r"^[^.;,\d]{0,40}\b(?:after (?:it|that|we|the (?:opening|page|incident))\b|while (?:we|it|live|the)"
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
_DAY_BEFORE = re.compile(rf"\b{_MONTH}\s$")
_AROUND = 60  # characters beside a number that say what it is a number of
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
AGREE = Fraction(1, 10)  # numbers that are closer than this say the same
_MOST_SHOWN = 100
_LEAST_NEAR = timedelta(minutes=30)


@dataclass(frozen=True)
class Stated:
    """A number that a text gives for the wrong answers, or for the customers who got them; and its line, from one.

    `marked` says whether it is said to be the total, the part before the opening or while live, some other part, or
    more than what was told before.
    """

    of: str  # answers | sessions
    number: int
    line: int
    text: str
    marked: str = ""  # total | before | live | some | more
    to: int | None = None  # the end of a range


@dataclass(frozen=True)
class Radius:
    """What is stated, how it is read, and how far that is from the true total.

    `ambiguous` are the numbers that it could be, where the text does not say which.
    """

    stated: tuple[Stated, ...]
    error: Fraction | None
    read_as: str
    ambiguous: tuple[int, ...] = ()


def radius(text: str, happened: GroundTruth) -> Radius:
    """Hold the blast radius that a text states against the true total (before the opening and while live).

    The number of wrong answers counts, and that of customers if no answers are stated. Of several numbers

    1. the one that is said to be the total counts, whatever else is stated;
    2. else the one that all others add up to;
    3. else the only one that is not said to be a part;
    4. else the sum of the part before the opening and the part while live;
    5. else they are ambiguous: those that all but agree are read as the one that is furthest from the truth, and of
       others none is, so that it helps nobody to state many.
    """
    stated = numbers(text)
    for of, whole in (("answers", happened.total.answers), ("sessions", happened.total.sessions)):
        mine = [each for each in stated if each.of == of]
        if not whole or not mine:
            continue
        found, how = _meant(mine)
        furthest = max(found, key=lambda number: abs(number - whole))
        if max(found) - min(found) > AGREE * max(found):
            some = ", ".join(str(each) for each in found[:_MOST_SHOWN])
            why = f"several numbers of {of} are stated, and none is said to be the total: {some}; read which is meant"
            return Radius(stated, None, why, found)
        against = f"{how.format(number=furthest, of=of)}, against {whole} {of}"
        return Radius(stated, Fraction(abs(furthest - whole), whole), against, found if len(found) > 1 else ())
    return Radius(stated, None, "")


def _meant(stated: Sequence[Stated]) -> tuple[tuple[int, ...], str]:
    """What several numbers of one kind state in all, several if that is not said; and how that was read."""
    totals = _different(each for each in stated if each.marked == "total")
    if totals:
        return totals, "{number} {of}, said to be all of them"
    every = [each.number for each in stated if each.to is None]
    whole = every and any(each.number == max(every) and not each.marked for each in stated)
    if whole and len(every) > 2 and sum(every) == 2 * max(every):  # noqa: PLR2004 - two parts and their sum
        return (max(every),), "{number} {of}, which is what the others add up to"
    unmarked = _different(each for each in stated if not each.marked)
    if any(each.marked == "more" for each in stated):
        return tuple(sorted({*_different(stated), sum(every)})), "{number} {of}"
    if len(unmarked) == 1:
        return unmarked, "{number} {of}"
    before, live = (_different(each for each in stated if each.marked == part) for part in ("before", "live"))
    if not unmarked and len(before) == len(live) == 1:
        return (before[0] + live[0],), "{number} {of}, before the opening and while live"
    return _different(stated), "{number} {of}"


def _different(stated: Iterable[Stated]) -> tuple[int, ...]:
    every = {number for each in stated for number in (each.number, each.to) if number is not None}
    return tuple(sorted(every))


def numbers(text: str) -> tuple[Stated, ...]:
    """Every number of wrong answers, or of customers, that a text states; shares are none.

    Looked for below headings that announce the blast radius; in a text without one, everywhere.
    """
    found: list[Stated] = []
    for line_number, written in _where_it_is_stated(text):
        line = written.replace("**", "").replace("`", "")
        matched: dict[int, tuple[str, re.Match[str]]] = {}
        for of, pattern in _STATED:
            for match in pattern.finditer(line):
                at = match.start("number")
                before = (_DENOMINATOR, _DAY_BEFORE) if len(match["number"]) < 3 else (_DENOMINATOR,)  # noqa: PLR2004
                if not any(each.search(line, max(at - _AROUND, 0), at) for each in before):
                    matched.setdefault(at, (of, match))
        last, counted = "", 0
        for _, (of, match) in sorted(matched.items()):
            last = of or last or "answers"
            to = int(match["to"]) if match["to"] else None
            number = int(re.sub(r"[,' ]", "", match["number"]))
            # "43 conversations: 41 until noon": what is counted already has a part after its colon
            marked = _marked(line, match) or ("some" if match.start() < counted else "")
            counted = match.end()
            found.append(Stated(last, number, line_number, match[0].strip()[:300], marked, to))
    return tuple(found)


def _marked(line: str, match: re.Match[str]) -> str:
    """What is said of a number: that it is the total, or which part."""
    at, end = match.start("number"), match.end("to" if match["to"] else "number")
    before, after = line[max(at - _AROUND, 0) : at], line[end : end + 2 * _AROUND]
    if _SOME.search(before):
        return "some"
    if _TOTAL_BEFORE.search(before) or _TOTAL_AFTER.search(after):
        return "total"
    part = next((name for name, pattern in _PARTS if pattern.search(after)), "")
    return "more" if not part and _MORE.search(before) else part


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
            {"of": each.of, "number": each.number, "line": each.line, "text": each.text, "marked": each.marked}
            | ({} if each.to is None else {"to": each.to})
            for each in found.stated[:_MOST_SHOWN]
        ],
        "error": None if found.error is None else {"share": round(float(found.error), 4), "exact": str(found.error)},
        "read_as": found.read_as,
        "ambiguous": list(found.ambiguous[:_MOST_SHOWN]),
        "true": {
            "total": harm(happened.total),
            "before_opening": harm(happened.before),
            "while_live": harm(happened.live),
            "until_mitigation": harm(happened.until_mitigation),
        },
    }
