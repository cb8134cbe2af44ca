"""The blast radius that a post-mortem states, and how far it is from the true one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from grading.postmortem import radius_words, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grading.ground_truth import GroundTruth, Harm
    from sandboxes.sandbox import JsonObject

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+.*$|^\s{0,3}\*\*[^*]+\*\*:?\s*$")
_ANNOUNCED = re.compile(r"blast|radius|impact|scope|affected|damage|who was", re.IGNORECASE)
AGREE = Fraction(1, 10)  # numbers that are closer than this say the same
_MOST_SHOWN = 100
_MOST_NAMED = 6  # in a sentence


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
        every = [each for each in stated if each.of == of]
        mine = [each for each in every if each.number or each.to] or every  # "after the fix 0 wrong answers"
        if not whole or not mine:
            continue
        found, how = _meant(mine)
        furthest = max(found, key=lambda number: abs(number - whole))
        if max(found) - min(found) > AGREE * max(found):
            some = ", ".join(str(each) for each in found[:_MOST_NAMED])
            some += f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
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
    for line_number, written in tables.spelled(_where_it_is_stated(text)):
        found += _of_line(line_number, written.replace("**", "").replace("`", ""))
    return tuple(found)


def _of_line(line_number: int, line: str) -> list[Stated]:
    matched: dict[int, tuple[str, re.Match[str]]] = {}
    for of, pattern in radius_words.STATED:
        for match in pattern.finditer(line):
            at = match.start("number")
            short = len(match["number"]) < 3  # noqa: PLR2004 - a day of a month
            before = (radius_words.DENOMINATOR, radius_words.SUMMED, *((radius_words.DAY_BEFORE,) if short else ()))
            if not any(each.search(line, max(at - radius_words.AROUND, 0), at) for each in before):
                matched.setdefault(at, (of, match))
    if matched:
        first = matched[min(matched)][0]
        for pattern in radius_words.ELLIPTIC:
            for match in pattern.finditer(line):
                matched.setdefault(match.start("number"), (first, match))
    found: list[Stated] = []
    last, counted, leading = "", 0, ""
    for at, (of, match) in sorted(matched.items()):
        last = of or last or "answers"
        to = int(match["to"]) if match["to"] else None
        number = int(re.sub(r"[,' ]", "", match["number"]))
        # "43 conversations: 41 until noon": what is counted already has a part after its colon
        marked = radius_words.marked(line, match) or ("some" if match.start() < counted else "")
        # "before the opening 120 answers in 90 conversations": both are of that part
        same = bool(leading) and not re.search(r"[,;.:]|\band\b", line[counted:at])
        leading = radius_words.leads(line, match) or (leading if same else "")
        counted = match.end()
        found.append(Stated(last, number, line_number, match[0].strip(" ,;:(")[:300], marked or leading, to))
    return found


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
