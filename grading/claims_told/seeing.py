"""What telemetry knew at one moment, in the figures that claims are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from exams.live.deployments import ROLL_OUT
from grading.claims_told.given import Dials, Given, given

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from exams.live.telemetry import Stint, Telemetry, Told

RECENT = timedelta(minutes=15)


@dataclass(frozen=True)
class Seen:
    """What telemetry knew at one moment, which it says reaches to then.

    `asked` and `harmful` count answers since the opening, the `recent_` ones those of the last 15 minutes.
    The `since_` ones count answers of the version that customers got then, from `since_at` on; the `first_` ones all
    answers since the same code first went live, which is earlier where a rollback went back to it.
    `deployment` is what customers got (0: the release of the opening), `version_share` what part of all the traffic it
    harms, `clean` whether that is so little that the harm has ended. `before_` is what had happened at the opening.
    `rolling_out` is when a version goes live that had been deployed by then, and is not live yet.
    """

    asked: int
    harmful: int
    sessions: int
    recent_asked: int
    recent_harmful: int
    deployment: int
    release: int
    rolled_back: bool
    version_share: Fraction
    clean: bool
    before_answers: int | None
    before_sessions: int | None
    earlier: tuple[Earlier, ...] = ()
    since_asked: int = 0
    since_harmful: int = 0
    since_at: datetime | None = None
    first_asked: int = 0
    first_harmful: int = 0
    first_at: datetime | None = None
    given: Given | None = None
    rolling_out: datetime | None = None


@dataclass(frozen=True)
class Earlier:
    """A version that customers do not get any more: what part of the traffic it harms, and what it had done.

    `so_far` counts the harmful answers since the opening until it was replaced.
    """

    version_share: Fraction
    asked: int
    harmful: int
    so_far: int
    sessions_so_far: int


def seen_at(
    told: Telemetry | None,
    at: datetime,
    *,
    before_answers: int | None,
    before_sessions: int | None,
    dials: Dials | None = None,
) -> Seen | None:
    """What telemetry knew at a moment; None where it does not reach so far. A time of day is read by the `dials`."""
    if told is None or not told.stints or at > told.until:
        return None
    answers = [each for each in told.answers if each.at < at]
    harmful = [each for each in answers if each.outcome.harmful]
    recent = [each for each in answers if each.at >= at - RECENT]
    live = [each for each in told.stints if each.begins_at <= at]
    if not live:
        return None
    now = live[-1]
    since = [each for each in answers if each.at >= now.begins_at]
    first_at = next(each.begins_at for each in live if each.release == now.release)
    first = [each for each in answers if each.at >= first_at]
    return Seen(
        asked=len(answers),
        harmful=len(harmful),
        sessions=len({each.session or each.number for each in harmful}),
        recent_asked=len(recent),
        recent_harmful=sum(each.outcome.harmful for each in recent),
        deployment=now.deployment,
        release=now.release,
        rolled_back=any(each.deployment != each.release for each in live),
        version_share=Fraction(now.share).limit_denominator(10**6),
        clean=now.clean,
        before_answers=before_answers,
        before_sessions=before_sessions,
        earlier=tuple(_earlier(each, answers) for each in live[:-1]),
        since_asked=len(since),
        since_harmful=sum(each.outcome.harmful for each in since),
        since_at=now.begins_at,
        first_asked=len(first),
        first_harmful=sum(each.outcome.harmful for each in first),
        first_at=first_at,
        given=given(at, answers, live, dials or Dials((told.stints[0].begins_at,))),
        rolling_out=_rolling_out(told.stints, at),
    )


def _rolling_out(stints: Sequence[Stint], at: datetime) -> datetime | None:
    """When the version that was being rolled out at a moment went live; a rollback takes no time to."""
    later = (each.begins_at for each in stints if each.deployment == each.release)
    return next((moment for moment in later if at < moment <= at + ROLL_OUT), None)


def _earlier(stint: Stint, answers: Sequence[Told]) -> Earlier:
    while_live = [each for each in answers if stint.begins_at <= each.at < stint.ends_at]
    until_then = [each for each in answers if each.at < stint.ends_at and each.outcome.harmful]
    return Earlier(
        version_share=Fraction(stint.share).limit_denominator(10**6),
        asked=len(while_live),
        harmful=sum(each.outcome.harmful for each in while_live),
        so_far=len(until_then),
        sessions_so_far=len({each.session or each.number for each in until_then}),
    )
