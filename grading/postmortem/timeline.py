"""Reads the timeline of a post-mortem: which lines carry a time, and which time that is. Plain values only.

A time may be a date and a time of day, a time of day alone (the date then comes from the heading above it, or is
anybody's guess), or a distance from the opening such as ``T+12`` or ``+1 h 05``.
"""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

MOST_ENTRIES = 200
MOST_WORDS = 500  # characters of an entry that are looked at
_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}\s+(?P<hash>.*?)\s*#*|\*\*(?P<bold>[^*]+)\*\*:?)\s*$")
_TIMELINE = re.compile(r"time\s?line|chronolog|what happened when|sequence of events", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?(?:\[[ xX]\]\s*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (  # whole, or as it is shortened: "SEV-2 declared" is no day of December
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})(?=\b|T)"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+(?P<year>\d{{4}})\b)?", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?\b", re.IGNORECASE),
)
_ZONE = r"(?P<zone>z\b|utc(?:[+-]\d{1,2}(?::?\d{2})?)?\b|gmt\b|cest\b|cet\b|[+-]\d{2}:?\d{2}\b)"
_CLOCK = re.compile(
    r"(?<![\d:+-])T?(?P<hour>[01]?\d|2[0-3])[:h.](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d+)?)?(?![\d%]|:\d)"
    rf"\s?(?P<half>[ap]\.?m\b\.?)?\s?{_ZONE}?",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"(?<![\w.])(?:T|start|opening|min(?:ute)?)?\s?(?P<sign>[+−–-])\s?"
    r"(?:(?P<hours>\d{1,3})\s?(?:h(?:ours?|rs?)?|:)\s?)?(?P<minutes>\d{1,4})?(?::(?P<seconds>[0-5]\d))?"
    r"\s?(?P<unit>m(?:in(?:ute)?s?)?\b|s(?:ec(?:ond)?s?)?\b|h(?:ours?|rs?)?\b|['′])?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^(?:T|start|opening)\s?[+−–-]", re.IGNORECASE)
_MINUTE = re.compile(r"^min(?:ute)?\s+(?P<minutes>\d{1,3})\b", re.IGNORECASE)
ANY_YEAR = 4  # stands for a year that was not written: it has every day that any year has, 29 February as well
_LEADING = 60  # characters of a line within which its time stands
_ZONES: dict[str, tzinfo] = {
    "z": UTC,
    "utc": UTC,
    "gmt": UTC,
    "cet": timezone(timedelta(hours=1)),
    "cest": timezone(timedelta(hours=2)),
}


@dataclass(frozen=True)
class Entry:
    """One entry: its line in the document (from one), its words, and its time as far as it is written.

    `after` is a distance from the opening. Else `clock` is a time of day, on `day` if one is known, in `zone` if one is
    said.
    """

    line: int
    text: str
    after: timedelta | None = None
    clock: time | None = None
    day: date | None = None
    zone: tzinfo | None = None
    words: str = ""  # without the time

    def offsets(self, *, openings: tuple[datetime, ...], zones: tuple[tzinfo, ...]) -> tuple[timedelta, ...]:
        """Every distance from the opening that it may mean.

        The opening is known by several clocks (the server's, the incident's own dates), and a time without a zone may
        be in any of `zones`. Without a day it may be any from a week before the opening to the day after.
        """
        if self.after is not None:
            return (self.after,)
        if self.clock is None:
            return ()
        found: set[timedelta] = set()
        for opened in openings:
            for zone in (self.zone,) if self.zone else zones:
                there = opened.astimezone(zone).date()
                days = _of_year(self.day, there) if self.day else [there + timedelta(days=n) for n in range(-7, 2)]
                found |= {datetime.combine(day, self.clock, zone) - opened for day in days}
        return tuple(sorted(found))


def _of_year(day: date, near: date) -> list[date]:
    """A day, in the year that brings it nearest if none was written; none if the years around have no such day."""
    if day.year != ANY_YEAR:
        return [day]
    found = [day.replace(year=near.year + n) for n in (-1, 0, 1) if _exists(day, near.year + n)]
    return sorted(found, key=lambda one: abs(one - near))[:1]


def _exists(day: date, year: int) -> bool:
    return (day.month, day.day) != (2, 29) or isleap(year)


def entries(text: str) -> list[Entry]:
    """The entries of the timeline that carry a time, in the order of the document.

    They are looked for below headings that announce a timeline; in a document without such a heading, everywhere.
    """
    lines = _timeline(text)
    found: list[Entry] = []
    day: date | None = None
    zone = _said_zone(lines)
    for number, line in lines:
        if heading := _title(line):
            day = _date(heading) or day
            continue
        words = _BULLET.sub("", line, count=1).replace("**", "").replace("`", "").strip(" |\t")
        if not words:
            continue
        own_day = _date(words[:_LEADING])
        entry = _entry(number, words[:MOST_WORDS], own_day or day, zone)
        if entry is not None and len(found) < MOST_ENTRIES:
            found.append(entry)
            day = None if own_day else day  # where entries bring their own days, a heading's is over
    return found


def _timeline(text: str) -> list[tuple[int, str]]:
    numbered = list(enumerate(text.splitlines(), start=1))
    inside: list[tuple[int, str]] = []
    rank = 0
    for number, line in numbered:
        title = _title(line)
        if title is not None:
            level = len(line) - len(line.lstrip().lstrip("#")) if "#" in line else 7
            if rank and level <= rank:
                rank = 0
            if not rank and _TIMELINE.search(title):
                rank = level
        if rank:
            inside.append((number, line))
    return inside or numbered


def _title(line: str) -> str | None:
    heading = _HEADING.match(line)
    return None if heading is None else heading["hash"] or heading["bold"]


def _said_zone(lines: list[tuple[int, str]]) -> tzinfo | None:
    """The zone that the section says all its times are in."""
    for _, line in lines:
        found = re.search(r"\b(?:times?|clock)\b[^.\n]{0,30}\b(utc|gmt|cest|cet)\b", line, re.IGNORECASE)
        if found:
            return _ZONES[found[1].lower()]
    return None


def _entry(line: int, words: str, day: date | None, zone: tzinfo | None) -> Entry | None:
    start = words[:_LEADING]
    after = _relative(start)
    if after is not None:
        return Entry(line, words, after=after, words=words[_relative_ends(start) :])
    without_date = start
    for pattern in _DATES:
        without_date = pattern.sub(lambda found: " " * len(found[0]), without_date)
    clock = _CLOCK.search(without_date)
    if clock is None or not _leads(without_date, clock.start()):
        return None
    return Entry(
        line,
        words,
        clock=_time(clock),
        day=day,
        zone=(None if _until(clock) else zone_of(clock["zone"])) or zone,
        words=without_date[: clock.start()] + without_date[clock.end() :] + words[_LEADING:],
    )


def at_its_own_time(entry: Entry, part: str) -> Entry | None:
    """An entry at the time that a later part of it names: "deployed at 16:30, and the first wrong answer at 16:42"."""
    found = _CLOCK.search(part)
    if found is None or ":" not in found[0]:
        return None
    return replace(entry, after=None, clock=_time(found), zone=zone_of(found["zone"]) or entry.zone)


def _until(clock: re.Match[str]) -> bool:
    """Whether what looks like a zone west of here is when it ended: "09:21-09:39", within three hours."""
    found = re.fullmatch(r"-(\d{2}):(\d{2})", clock["zone"] or "")
    if found is None:
        return False
    begun = _time(clock)
    return 0 < int(found[1]) * 60 + int(found[2]) - begun.hour * 60 - begun.minute <= 3 * 60


def _time(clock: re.Match[str]) -> time:
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"].lower().startswith("p") else 0)
    return time(hour, int(clock["minute"]), int(clock["second"] or 0))


def _leads(start: str, at: int) -> bool:
    """Whether a time stands before the words of its line, rather than among them."""
    return not re.search(r"[A-Za-z]{4,}", start[:at]) or start[:at].rstrip().endswith((":", "|"))


def _relative_ends(start: str) -> int:
    found = _MINUTE.match(start) or _RELATIVE.match(start)
    return found.end() if found else 0


def _relative(start: str) -> timedelta | None:
    if minute := _MINUTE.match(start):
        return timedelta(minutes=int(minute["minutes"]))
    found = _RELATIVE.match(start)
    if found is None or not (found["minutes"] or found["hours"]):
        return None
    if not (_NAMED.match(start) or found["unit"] or found["hours"]):
        return None
    if found["sign"] in "−–-" and not _NAMED.match(start):
        return None  # a dash before a number is a list as often as a minus
    unit = (found["unit"] or "").lower()
    amount = int(found["minutes"] or 0)
    hours = int(found["hours"] or 0)
    if unit.startswith("h") and not found["hours"]:
        length = timedelta(hours=amount)
    elif unit.startswith("s"):
        length = timedelta(hours=hours, seconds=amount)
    else:
        length = timedelta(hours=hours, minutes=amount, seconds=int(found["seconds"] or 0))
    return -length if found["sign"] != "+" else length


def zone_of(said: str | None) -> tzinfo | None:
    """The zone that is written so; None if none is, or none that there is."""
    if not said:
        return None
    name = said.lower()
    if name in _ZONES:
        return _ZONES[name]
    found = re.fullmatch(r"(?:utc)?(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?", name)
    if found is None or int(found["hours"]) > 14:  # noqa: PLR2004 - the furthest zone there is
        return None
    apart = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(-apart if found["sign"] == "-" else apart)


def _date(words: str) -> date | None:
    for pattern in _DATES:
        for found in pattern.finditer(words):
            parts = found.groupdict()
            month = int(parts["number"]) if parts.get("number") else _MONTHS.index(parts["month"].lower()[:3]) + 1
            try:
                return date(int(parts["year"] or ANY_YEAR), month, int(parts["day"]))
            except ValueError:
                continue
    return None
