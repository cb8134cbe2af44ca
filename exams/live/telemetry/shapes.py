"""Shapes of what customers ask and get: traffic, versions and an attempt's course; answers, figures, telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs.complaining import NOTHING, USUAL

if TYPE_CHECKING:
    from datetime import datetime

    from exams.live.telemetry.outcomes import Guard, Outcome, Replayed
    from exams.packs.complaining import CarriedOver, Complaining, Later


@dataclass(frozen=True)
class Entry:
    """A question of the traffic: `second` counts from the opening at a learner's 100 per cent of time."""

    second: int
    question: str
    session: str


@dataclass(frozen=True)
class Version:
    """What customers get from `live_from` on; `number` is the deployment's, `release` whose code runs.

    They differ after a rollback, which is a deployment of its own of an earlier release. Of two with the same
    `live_from` customers get the one that was asked for later; without `requested_at`, when it went live.
    """

    number: int
    release: int
    live_from: datetime
    replayed: Replayed
    requested_at: datetime | None = None

    @property
    def order(self) -> tuple[datetime, datetime, int]:
        """Its place on the attempt's clock, whatever the order in which acts were handled."""
        return self.live_from, self.requested_at or self.live_from, self.number


@dataclass(frozen=True)
class Course:
    """When the incident opened, the learner's time in per cent, the incident's seed, and who complains.

    `carried` is what the time before the opening leaves to it.
    """

    begins_at: datetime
    percent: int
    seed: int
    complaining: Complaining = USUAL
    carried: CarriedOver = NOTHING

    def at(self, second: int) -> datetime:
        """The moment so many seconds from the opening at 100 per cent of time."""
        return self.begins_at + timedelta(seconds=second) * self.percent / 100


@dataclass(frozen=True)
class Told:
    """One answer to one customer.

    Attributes:
        number: Counts the questions of the attempt from 0.
        entry: The question's number in the traffic.
        at: When it was asked and answered.
        deployment: The number of the deployment that answered.
        complains_at: When the customer will complain; None when they will not. It may lie after `until`.
        said: What the customer was told, of those who complain of something wrong.
    """

    number: int
    entry: int
    at: datetime
    question: str
    session: str
    deployment: int
    outcome: Outcome
    guard: Guard
    complains_at: datetime | None = None
    said: str = ""


@dataclass(frozen=True)
class Figures:
    """How many answers of each sort; `refused_right` and `refused_over` sum up to all refusals."""

    asked: int = 0
    correct: int = 0
    refused_right: int = 0
    refused_over: int = 0
    harmful: int = 0
    failed: int = 0
    guard_passed: int = 0
    guard_blocked: int = 0
    complaints: int = 0


@dataclass(frozen=True, kw_only=True)
class Minute(Figures):
    """The figures of the minute that began at `begins_at`; the last one may not be over yet."""

    minute: int
    begins_at: datetime


@dataclass(frozen=True, kw_only=True)
class Stint(Figures):
    """The figures of the time from which a deployment was live until the next one was, or until `until`.

    `share` is the part of the whole traffic that this version harms, which needs no luck; `clean` says whether that is
    so little that the harm has ended: see `MITIGATED_SHARE` and `MITIGATED_PART` of `measuring`.
    """

    deployment: int
    release: int
    begins_at: datetime
    ends_at: datetime
    share: float
    clean: bool


@dataclass(frozen=True)
class Telemetry:
    """What customers got from `begins_at` until before `until`.

    Attributes:
        minutes: Every minute that has begun, in order, also those in which nobody asked.
        stints: Every deployment that was live, in order.
        answers: Every answer, in order.
        complained: When customers complained, before the opening and after it, and when those will who are sure to;
            in order.
        later: Those of them who were answered before the opening and complain after it, as `CarriedOver` has them.
        total: All of it together: `total.harmful` is the blast radius in answers.
        harmful_sessions: The blast radius in conversations; a question without a session is one of its own.
        first_harmful_at: When the first harmful answer was given.
        mitigated_at: The moment from which the harm had ended until `until`: the beginning of the first stint of which
            it is true that it and all stints after it are clean. None while the last one is not.
    """

    begins_at: datetime
    until: datetime
    minutes: tuple[Minute, ...] = ()
    stints: tuple[Stint, ...] = ()
    answers: tuple[Told, ...] = ()
    complained: tuple[datetime, ...] = ()
    later: tuple[tuple[datetime, Later], ...] = ()
    total: Figures = Figures()
    harmful_sessions: int = 0
    first_harmful_at: datetime | None = None
    mitigated_at: datetime | None = None
