"""Reads times of day, lengths and small numbers as updates write them."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from grading.claims_told.stating import Clock
from grading.postmortem.timeline import zone_of

if TYPE_CHECKING:
    import re

TIME = r"(?P<hour>[01]?\d|2[0-3])[:h](?P<minute>[0-5]\d)(?::[0-5]\d)?(?!\d)(?:\s?(?P<zone>z|utc|gmt|cest|cet)\b)?"
ABOUT = r"(?:(?:about|around|roughly|approx(?:imately|\.)?|~)\s*)?"
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "hundred": 100,
}  # fmt: skip
SMALL = rf"(?:\d{{1,5}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
LENGTH = (
    rf"(?:(?P<minutes>{SMALL})[\s-]*min(?:ute)?s?|(?P<hours>{SMALL})\s*h(?:ours?)?|(?P<half>half\s+(?:an\s+)?hour)"
    r"|(?P<quarter>(?:a\s+)?quarter\s+of\s+an\s+hour)|(?P<full>(?:an\s+)?hour))"
)


def small(written: str) -> int:
    """A number in figures or as a word."""
    return _WORDS.get(written.lower()) or int(written)


def clock_of(match: re.Match[str], *, written: str = "") -> Clock:
    """The time of day in a match of `TIME`."""
    return Clock(time(int(match["hour"]), int(match["minute"])), zone_of(match["zone"]), written or match[0].strip())


def minutes_of(match: re.Match[str]) -> int:
    """The minutes in a match of `LENGTH`."""
    if match["minutes"]:
        return small(match["minutes"])
    if match["hours"]:
        return 60 * small(match["hours"])
    return 30 if match["half"] else 15 if match["quarter"] else 60
