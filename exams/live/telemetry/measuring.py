"""Computes what customers got: pure functions of the traffic, the versions and when each went live. No clock is read.

A customer who asks at `t` gets what the version with the latest `live_from <= t` did with that question when it was
replayed. So the same seed and the same acts give the same series, to the microsecond.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.live.telemetry.outcomes import Guard, Outcome
from exams.packs.complaining import EVERYBODY_WHO_MIGHT, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from exams.live.telemetry.outcomes import Replayed
    from exams.packs.complaining import Complaining

MINUTE = timedelta(minutes=1)
# A version has put an end to the harm when of all the traffic less than this share is harmed by it …
MITIGATED_SHARE = 0.02
# … and at most this part of what the first release harmed, so that half a fix of a rare fault is none.
MITIGATED_PART = 0.25


@dataclass(frozen=True)
class Entry:
    """A question of the traffic: `second` counts from the opening at a learner's 100 per cent of time."""

    second: int
    question: str
    session: str


@dataclass(frozen=True)
class Version:
    """What customers get from `live_from` on; `number` is the deployment's, `release` whose code runs.

    They differ after a rollback, which is a deployment of its own of an earlier release.
    """

    number: int
    release: int
    live_from: datetime
    replayed: Replayed


@dataclass(frozen=True)
class Course:
    """When the incident opened, the learner's time in per cent, the incident's seed, and who complains."""

    begins_at: datetime
    percent: int
    seed: int
    complaining: Complaining = USUAL


@dataclass(frozen=True)
class Told:
    """One answer to one customer.

    Attributes:
        number: Counts the questions of the attempt from 0.
        entry: The question's number in the traffic.
        at: When it was asked and answered.
        deployment: The number of the deployment that answered.
        complains_at: When the customer will complain; None when they will not. It may lie after `until`.
        said: What the customer was told, of those who complain.
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
    so little that the harm has ended: see `MITIGATED_SHARE` and `MITIGATED_PART`.
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
    total: Figures = Figures()
    harmful_sessions: int = 0
    first_harmful_at: datetime | None = None
    mitigated_at: datetime | None = None


def measure(traffic: Sequence[Entry], versions: Sequence[Version], course: Course, *, until: datetime) -> Telemetry:
    """What customers got until before `until`.

    `versions` are those that went live, in any order; the first is live from the opening. Later ones win over earlier
    ones with the same `live_from`.
    """
    live = sorted((each for each in versions if each.live_from < until), key=lambda each: (each.live_from, each.number))
    if not live or until <= course.begins_at:
        return Telemetry(course.begins_at, max(until, course.begins_at))
    answers = tuple(_told(traffic, live, course, until))
    harmful = [each for each in answers if each.outcome.harmful]
    stints = _stints(live, answers, until)
    return Telemetry(
        begins_at=course.begins_at,
        until=until,
        minutes=_minutes(answers, course.begins_at, until),
        stints=stints,
        answers=answers,
        total=Figures(**_count(answers, _complaints(answers, until))),
        harmful_sessions=len({each.session or each.number for each in harmful}),
        first_harmful_at=harmful[0].at if harmful else None,
        mitigated_at=_mitigated_at(stints),
    )


def live_at(versions: Sequence[Version], at: datetime) -> Version | None:
    """The version that a customer who asks at `at` gets."""
    gone_live = [each for each in versions if each.live_from <= at]
    return max(gone_live, key=lambda each: (each.live_from, each.number), default=None)


def complains_after(law: Complaining, seed: int, entry: int) -> timedelta | None:
    """After how long the customer with question `entry` complains if the answer is harmful; None when they do not."""
    return law.after(f"{seed}/complaint/{entry}")


def may_complain(seed: int, entry: int) -> bool:
    """Whether there is any law by which they complain: their answer is worth keeping."""
    return complains_after(EVERYBODY_WHO_MIGHT, seed, entry) is not None


def arrivals(traffic: Sequence[Entry], course: Course, *, until: datetime) -> Iterator[tuple[int, datetime]]:
    """Which question of the traffic is asked when, until before `until`.

    A learner with more time has the same customers, further apart. Where the window outlasts the traffic (it was
    extended) they come again, from the first.
    """
    if not traffic:
        return
    span = (traffic[-1].second // 60 + 1) * MINUTE
    round_begins = timedelta(0)
    while True:
        for number, entry in enumerate(traffic):
            at = course.begins_at + (round_begins + timedelta(seconds=entry.second)) * course.percent / 100
            if at >= until:
                return
            yield number, at
        round_begins += span


def _told(traffic: Sequence[Entry], live: Sequence[Version], course: Course, until: datetime) -> Iterator[Told]:
    current = 0
    for number, (place, at) in enumerate(arrivals(traffic, course, until=until)):
        while current + 1 < len(live) and live[current + 1].live_from <= at:
            current += 1
        version, entry, again = live[current], traffic[place], number // len(traffic)
        outcome = version.replayed.outcomes[place]
        after = complains_after(course.complaining, course.seed, place) if outcome.harmful else None
        yield Told(
            number=number,
            entry=place,
            at=at,
            question=entry.question,
            session=f"{entry.session}+{again}" if again and entry.session else entry.session,
            deployment=version.number,
            outcome=outcome,
            guard=version.replayed.guards[place],
            complains_at=None if after is None else at + after * course.percent / 100,
            said=version.replayed.said.get(place, "") if after is not None else "",
        )


_COUNTED = {
    Outcome.correct: "correct",
    Outcome.correct_refusal: "refused_right",
    Outcome.over_refusal: "refused_over",
    Outcome.failed: "failed",
}
_GUARDED = {Guard.passed: "guard_passed", Guard.blocked: "guard_blocked"}


def _count(answers: Sequence[Told], complaints: int) -> dict[str, int]:
    found = Counter({each.name: 0 for each in fields(Figures)})
    for each in answers:
        found["asked"] += 1
        found[_COUNTED.get(each.outcome, "harmful")] += 1
        if each.guard in _GUARDED:
            found[_GUARDED[each.guard]] += 1
    found["complaints"] = complaints
    return dict(found)


def _complaints(answers: Sequence[Told], until: datetime) -> int:
    return sum(each.complains_at is not None and each.complains_at < until for each in answers)


def _minutes(answers: Sequence[Told], begins_at: datetime, until: datetime) -> tuple[Minute, ...]:
    count = -((begins_at - until) // MINUTE)  # rounded up: the last one may not be over
    asked: list[list[Told]] = [[] for _ in range(count)]
    complaints = [0] * count
    for each in answers:
        asked[(each.at - begins_at) // MINUTE].append(each)
        if each.complains_at is not None and each.complains_at < until:
            complaints[(each.complains_at - begins_at) // MINUTE] += 1
    return tuple(
        Minute(**_count(asked[number], complaints[number]), minute=number, begins_at=begins_at + number * MINUTE)
        for number in range(count)
    )


def _stints(live: Sequence[Version], answers: Sequence[Told], until: datetime) -> tuple[Stint, ...]:
    by_deployment: dict[int, list[Told]] = {}
    for each in answers:
        by_deployment.setdefault(each.deployment, []).append(each)
    ends = [*(each.live_from for each in live[1:]), until]
    first = _share(live[0])
    return tuple(
        Stint(
            **_count(told := by_deployment.get(version.number, []), _complaints(told, until)),
            deployment=version.number,
            release=version.release,
            begins_at=version.live_from,
            ends_at=ends_at,
            share=_share(version),
            clean=_share(version) < MITIGATED_SHARE and _share(version) <= MITIGATED_PART * first,
        )
        for version, ends_at in zip(live, ends, strict=True)
    )


def _share(version: Version) -> float:
    asked = len(version.replayed.outcomes)
    return version.replayed.harmful / asked if asked else 0.0


def _mitigated_at(stints: Sequence[Stint]) -> datetime | None:
    found = None
    for stint in reversed(stints):
        if not stint.clean:
            break
        found = stint.begins_at
    return found
