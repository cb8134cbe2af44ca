"""What a claim is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import time, tzinfo
    from fractions import Fraction


class Kind(StrEnum):
    """What is claimed."""

    over = "over"  # the harm has ended: resolved, fixed
    deployed = "deployed"  # customers get a changed version
    rolled_back = "rolled_back"
    nobody = "nobody"  # no customer is, or was, affected
    nobody_now = "nobody_now"  # no customer is told anything wrong any more
    everybody = "everybody"  # all customers, or all answers, are affected
    how_much = "how_much"  # so many per cent of answers are wrong
    how_many = "how_many"  # so many wrong answers, or customers told wrong
    lately = "lately"  # so many of the answers since a moment, or of the last so many, were wrong; mostly: none
    unread = "unread"  # it speaks of what telemetry knows, and we cannot tell what it says


class When(StrEnum):
    """Of which time it is claimed."""

    now = "now"
    before_the_fix = "before_the_fix"
    earlier = "earlier"  # at some time that is over, which we do not try to find out


MOST_SHOWN = 500  # characters of a sentence


def cut(sentence: str) -> str:
    """A sentence as it is shown."""
    found = sentence.strip()
    return found if len(found) <= MOST_SHOWN else f"{found[: MOST_SHOWN - 1]}…"


@dataclass(frozen=True)
class Clock:
    """A time of day that a claim names, in `zone` if it says one."""

    clock: time
    zone: tzinfo | None = None
    written: str = ""


@dataclass(frozen=True)
class Span:
    """Which answers a claim speaks of: the last so many, those of the last minutes, those since a time or a version.

    `of` is how many there were, as the claim tells it. Without any of the others it may speak of answers of its own.
    """

    last: int | None = None
    minutes: int | None = None
    since: Clock | None = None
    since_version: bool = False
    of: int | None = None


@dataclass(frozen=True)
class Stated:
    """One claim: the sentence it is made in, the number it gives (a share as a fraction of one), and its bound.

    `of` says what a number counts where the sentence tells ("answers", "conversations"), else it may be either.
    `span` is of a number of answers given lately, `at` the time from which something is said to be live.
    `counts` is what a number is a number of, where only that is asked, and not which figures it could mean.
    """

    kind: Kind
    sentence: str
    number: Fraction | None = None
    bound: str = ""  # "at least" | "at most" | ""
    when: When = When.now
    of: str = ""
    span: Span | None = None
    at: Clock | None = None
    counts: str = ""
