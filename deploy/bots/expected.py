"""What each bot should be proposed, by dimension, and why: the one place where that is written down.

`alone` are the scores that figures alone may propose, least and most. `open` is the most that a band may still offer if
a mentor sees what it asks for. Where one class needs something else, it says so with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DIAGNOSIS, HOTFIX, REGRESSION = "diagnosis_speed", "hotfix_correctness", "regression_safety"
POSTMORTEM, COMMUNICATION = "postmortem_quality", "communication"
NOTHING, QUARTER, HALF, MOST, ALL = (Fraction(part, 4) for part in range(5))


@dataclass(frozen=True)
class Expected:
    """Between which scores figures alone propose, up to which the open bands may go, and why that is right."""

    least: Fraction
    most: Fraction
    open_least: Fraction
    open_most: Fraction
    because: str


def _up_to(most: Fraction, because: str) -> Expected:
    """Never more than this, not even with what a mentor might see."""
    return Expected(NOTHING, most, NOTHING, most, because)


def _seen(alone: Fraction, most: Fraction, because: str) -> Expected:
    """Never more than `alone` by figures; a higher band asks for what a mentor would not find."""
    return Expected(NOTHING, alone, NOTHING, most, because)


def _fully(alone: Fraction, because: str) -> Expected:
    """So much by figures alone, and all of it once a mentor has seen what no figure tells."""
    return Expected(alone, alone, ALL, ALL, because)


_LIKE_THE_REFERENCE = {
    DIAGNOSIS: _fully(HALF, "right within 25 minutes with a minimal repro; that rivals are ruled out has to be read"),
    HOTFIX: _fully(MOST, "F is 1 with no answer lost, deployed; that the way back is noted has to be read"),
    REGRESSION: _fully(MOST, "every wrong fix caught, no right one refused; that it covers the class has to be read"),
    POSTMORTEM: _fully(
        QUARTER, "all of it is there by the figures; every higher band asks whether the trigger is right"
    ),
    COMMUNICATION: _fully(MOST, "first after 3 minutes, promises kept, compliance told; plain words have to be read"),
}

BANDS: Mapping[str, Mapping[str, Expected]] = {
    "reference": _LIKE_THE_REFERENCE,
    "superficial": {
        DIAGNOSIS: _up_to(QUARTER, "a wrong class was named"),
        HOTFIX: _up_to(HALF, "what was reported is put right, and by luck its like in the hidden questions"),
        REGRESSION: _seen(HALF, MOST, "it tests one answer; that it covers more a mentor would not find"),
        POSTMORTEM: _up_to(QUARTER, "the symptom is restated, with two entries and no follow-up that anybody owns"),
        COMMUNICATION: _up_to(QUARTER, "two updates, one of which says that it is over while it goes on"),
    },
    "refuse_everything": {
        DIAGNOSIS: _up_to(QUARTER, "a wrong class was named"),
        HOTFIX: _up_to(HALF, "containment at best, and every answer is lost"),
        REGRESSION: _seen(HALF, MOST, "it asks for one refusal, which most right fixes do not give"),
        POSTMORTEM: _up_to(QUARTER, "the cause is said not to be known"),
        COMMUNICATION: _up_to(MOST, "updates are regular and complete; compliance was not told"),
    },
    "silent": {
        **{key: _LIKE_THE_REFERENCE[key] for key in (DIAGNOSIS, HOTFIX, REGRESSION)},
        POSTMORTEM: _up_to(QUARTER, "one line"),
        COMMUNICATION: _up_to(NOTHING, "nobody was told anything"),
    },
    "generic": {
        DIAGNOSIS: _up_to(QUARTER, "a wrong class was named: taking a change back needs no cause"),
        HOTFIX: _LIKE_THE_REFERENCE[HOTFIX],
        REGRESSION: Expected(HALF, HALF, HALF, ALL, "it guards the class, and nobody named the class: see 0020"),
        POSTMORTEM: _up_to(QUARTER, "the symptom is restated"),
        COMMUNICATION: _up_to(QUARTER, "one update"),
    },
    "verbose": {
        DIAGNOSIS: _up_to(QUARTER, "a wrong class was named, at length"),
        HOTFIX: _up_to(HALF, "what was reported is put right, and by luck its like in the hidden questions"),
        REGRESSION: _seen(HALF, MOST, "it tests one answer; that it covers more a mentor would not find"),
        POSTMORTEM: _up_to(QUARTER, "thousands of words without a time, a number or a follow-up"),
        COMMUNICATION: _up_to(QUARTER, "updates every seven minutes that tell no impact and no next one"),
    },
}
BANDS = {**BANDS, "terse": BANDS["verbose"]}


def of(bot: str, dimension: str) -> Expected:
    """What a bot should be proposed."""
    return BANDS[bot][dimension]
