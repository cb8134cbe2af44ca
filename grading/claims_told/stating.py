"""What a claim is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
class Stated:
    """One claim: the sentence it is made in, the number it gives (a share as a fraction of one), and its bound.

    `of` says what a number counts where the sentence tells ("answers", "conversations"), else it may be either.
    """

    kind: Kind
    sentence: str
    number: Fraction | None = None
    bound: str = ""  # "at least" | "at most" | ""
    when: When = When.now
    of: str = ""
