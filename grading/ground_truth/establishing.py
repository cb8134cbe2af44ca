"""Puts together what happened, from the pack's truth, from what customers got and from what the ledger has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from grading.ground_truth.clocks import Clocks
from grading.ground_truth.facts import GroundTruth, Harm, KeyEvent, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from exams.live.telemetry import Telemetry
    from grading.ground_truth.facts import Acts


def establish(*, truth: Mapping[str, Any], opened_at: datetime, told: Telemetry | None, acts: Acts) -> GroundTruth:
    """Put together what happened.

    Args:
        truth: what the pack says of the incident, in its own dates.
        opened_at: when the attempt was started.
        told: what customers got while live; None for an attempt from before that was measured.
        acts: what the ledger has.
    """
    clocks = Clocks.of(truth, opened_at)
    deployed = clocks.moment(truth.get("deployed_at"))
    onset = clocks.moment(truth.get("onset_at")) or deployed
    first = clocks.moment(truth.get("first_wrong_at"))
    opened = Moment(opened_at, clocks.in_incident(opened_at))
    live_first = _live(told.first_harmful_at if told else None, clocks)
    mitigated = _live(told.mitigated_at if told else None, clocks)
    fixed = _live(_fixed_at(told), clocks)
    moments: list[KeyEvent] = [
        *_event("deployed", "the faulty release went live", deployed),
        *_event("onset", "it began to do harm", onset if onset != deployed else None, key=False),
        *_event("first_harmful", "the first customer was told something wrong", first),
        *_event("opened", "the incident was opened", opened),
        *_event("detected", "the wrong answers were seen", clocks.act(acts.detected)),
        *_event("confirmed", "the cause was confirmed", clocks.act(acts.confirmed)),
        *_event("mitigated", "the harm to customers had ended", mitigated),
        *_event("first_update", "the first status update", clocks.act(acts.first_update), key=False),
        *_event("resolved", "it was said to be resolved", clocks.act(acts.resolved), key=False),
        *_event("first_harmful_live", "the first wrong answer after the opening", live_first, key=False),
    ]
    if fixed is not None and fixed != mitigated:
        moments += _event("fixed", "the fix went live", fixed)
    moments += _of_pack(truth, clocks, taken={each.id for each in moments})
    moments += [
        KeyEvent(each.id, each.what, found, key=False)
        for each in (*acts.deployments.values(), *acts.others)
        if (found := clocks.act(each)) is not None
    ]
    return GroundTruth(
        deployed=deployed,
        onset=onset,
        first_harmful=first,
        opened=opened,
        first_harmful_live=live_first,
        detected=clocks.act(acts.detected),
        first_repro=clocks.act(acts.first_repro),
        confirmed=clocks.act(acts.confirmed),
        mitigated=mitigated,
        fixed=fixed,
        before=Harm(_count(truth, "wrong_answers_before_opening"), _count(truth, "customers_told_wrong")),
        live=Harm(told.total.harmful, told.harmful_sessions) if told else Harm(None, None),
        until_mitigation=_until(told),
        events=tuple(sorted(moments, key=lambda each: (each.when.at, each.id))),
        known_until=told.until if told else None,
    )


def _of_pack(truth: Mapping[str, Any], clocks: Clocks, *, taken: set[str]) -> list[KeyEvent]:
    """The events that the pack adds to ours; of several with one id, the later ones are numbered."""
    found: list[KeyEvent] = []
    named: Counter[str] = Counter()
    for each in truth.get("key_events", []):
        when = clocks.moment(each.get("at")) if isinstance(each, dict) else None
        name = str(each.get("id", "")) if isinstance(each, dict) else ""
        if when is None or not name or name in taken:
            continue
        named[name] += 1
        unique = name if named[name] == 1 else f"{name}-{named[name]}"
        meant = (clocks.moment(stamped) for stamped in each.get("or_at", ()))
        or_at = tuple(moment.at for moment in meant if moment is not None)
        found.append(KeyEvent(unique, str(each.get("what", name)), when, bool(each.get("key", True)), or_at))
    return found


def _live(at: datetime | None, clocks: Clocks) -> Moment | None:
    return None if at is None else Moment(at, clocks.in_incident(at), source="telemetry")


def _fixed_at(told: Telemetry | None) -> datetime | None:
    """When the first version of the learner's that ended the harm went live, and nothing harmful came after it."""
    found = None
    for stint in reversed(told.stints if told else ()):
        if not stint.clean:
            break
        if stint.release > 0:
            found = stint.begins_at
    return found


def _until(told: Telemetry | None) -> Harm:
    """The blast radius from the opening to the mitigation; of an incident that was not mitigated, all of it."""
    if told is None:
        return Harm(None, None)
    end = told.mitigated_at or told.until
    harmful = [each for each in told.answers if each.outcome.harmful and each.at < end]
    return Harm(len(harmful), len({each.session or each.number for each in harmful}))


def _event(name: str, what: str, when: Moment | None, *, key: bool = True) -> list[KeyEvent]:
    return [] if when is None else [KeyEvent(name, what, when, key)]


def _count(truth: Mapping[str, Any], name: str) -> int | None:
    found = truth.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
