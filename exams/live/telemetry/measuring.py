"""Computes what customers got: pure functions of the traffic, the versions and when each went live. No clock is read.

A customer who asks at `t` gets what the version with the latest `live_from <= t` did with that question when it was
replayed. So the same seed and the same acts give the same series, to the microsecond.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.live.telemetry.outcomes import Guard, Outcome
from exams.live.telemetry.shapes import Figures, Minute, Stint, Telemetry, Told
from exams.packs.complaining import EVERYBODY_WHO_MIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from exams.live.telemetry.shapes import Course, Entry, Version
    from exams.packs.complaining import Complaining

MINUTE = timedelta(minutes=1)
# A version has put an end to the harm when of all the traffic less than this share is harmed by it …
MITIGATED_SHARE = 0.02
# … and at most this part of what the first release harmed, so that half a fix of a rare fault is none.
MITIGATED_PART = 0.25


def measure(traffic: Sequence[Entry], versions: Sequence[Version], course: Course, *, until: datetime) -> Telemetry:
    """What customers got until before `until`.

    `versions` are those that went live, in any order; the first is live from the opening. Those asked for later win
    over others with the same `live_from`.
    """
    live = sorted((each for each in versions if each.live_from < until), key=lambda each: each.order)
    later = tuple((course.at(one.second), one) for one in course.carried.later)
    before = tuple(course.at(second) for second in course.carried.complained)
    if not live or until <= course.begins_at:
        complained = tuple(sorted([*before, *(moment for moment, _ in later)]))
        return Telemetry(course.begins_at, max(until, course.begins_at), complained=complained, later=later)
    answers = tuple(_told(traffic, live, course, until))
    harmful = [each for each in answers if each.outcome.harmful]
    stints = _stints(live, answers, until)
    since = [*(moment for moment, _ in later), *_complain(answers)]
    return Telemetry(
        begins_at=course.begins_at,
        until=until,
        minutes=_minutes(answers, since, course.begins_at, until),
        stints=stints,
        answers=answers,
        complained=tuple(sorted([*before, *since])),
        later=later,
        total=Figures(**_count(answers, sum(moment < until for moment in since))),
        harmful_sessions=len({each.session or each.number for each in harmful}),
        first_harmful_at=harmful[0].at if harmful else None,
        mitigated_at=_mitigated_at(stints),
    )


def live_at(versions: Sequence[Version], at: datetime) -> Version | None:
    """The version that a customer who asks at `at` gets."""
    gone_live = [each for each in versions if each.live_from <= at]
    return max(gone_live, key=lambda each: each.order, default=None)


def complains_after(law: Complaining, seed: int, entry: int) -> timedelta | None:
    """After how long the customer with question `entry` complains by a law; None when they do not."""
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
    law, current = course.complaining, 0
    laws = {"harmful": law, "refused": law.of_refused(), "right": law.of_others()}
    for number, (place, at) in enumerate(arrivals(traffic, course, until=until)):
        while current + 1 < len(live) and live[current + 1].live_from <= at:
            current += 1
        version, entry, again = live[current], traffic[place], number // len(traffic)
        outcome = version.replayed.outcomes[place]
        after = complains_after(laws[_SORTS.get(outcome, "harmful")], course.seed, place)
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


# By whose law a customer complains; all else is harmful. Who got nothing they could use was refused.
_SORTS = {
    Outcome.correct: "right",
    Outcome.correct_refusal: "refused",
    Outcome.over_refusal: "refused",
    Outcome.failed: "refused",
}
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


def _complain(answers: Sequence[Told]) -> list[datetime]:
    return [each.complains_at for each in answers if each.complains_at is not None]


def _minutes(
    answers: Sequence[Told], complain: Sequence[datetime], begins_at: datetime, until: datetime
) -> tuple[Minute, ...]:
    count = -((begins_at - until) // MINUTE)  # rounded up: the last one may not be over
    asked: list[list[Told]] = [[] for _ in range(count)]
    complaints = [0] * count
    for each in answers:
        asked[(each.at - begins_at) // MINUTE].append(each)
    for moment in complain:
        if moment < until:
            complaints[(moment - begins_at) // MINUTE] += 1
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
            **_count(told := by_deployment.get(version.number, []), sum(at < until for at in _complain(told))),
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
