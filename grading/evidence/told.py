"""What people were told: updates, silences, promises, the claims in them, and what the room had asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading import claims_told, silences
from grading.claims_told import Kind, Standing
from grading.claims_told.timed import hour
from grading.evidence import saying
from grading.evidence.asked import asked_in_the_room
from grading.evidence.written import zones

if TYPE_CHECKING:
    from exams.models import StatusUpdate
    from grading.evidence.kept import Kept
    from grading.ground_truth import GroundTruth
    from sandboxes.sandbox import JsonObject


def updates(kept: Kept, happened: GroundTruth) -> JsonObject:
    """Updates, the silences between them, promises of a next one, claims, and what was asked in the room."""
    window = next((stage for stage in kept.stages if kept.twin.stage(stage.key).status_updates), None)
    if window is None or kept.attempt.started_at is None:
        return {
            "posted": [],
            "silences": [],
            "longest_silence": None,
            "promises": [],
            "promises_kept": None,
            "said": None,
            "claims": [],
            "asked_in_the_room": [],
        }
    told = [
        silences.Update(update.number, update.received_at, update.state, update.next_update_at, update.audience)
        for update in kept.updates
    ]
    closed = min(window.closes_at, kept.now)
    claims = _claims(kept, happened)
    gaps = silences.silences(told, opened=window.opens_at, closed=closed, contradicted=_untrue_end(kept, claims))
    made = silences.promises(told, closed=closed)
    longest = max(gaps, key=lambda gap: gap.seconds, default=None)
    due = [promise for promise in made if promise.kept is not None]
    return {
        "posted": [_update(kept, update) for update in kept.updates],
        "silences": [_silence(kept, gap) for gap in gaps],
        "longest_silence": _silence(kept, longest) if longest else None,
        "promises": [
            {
                "update": promise.update,
                "due": promise.due,
                "kept": promise.kept,
                "kept_by": promise.kept_by,
                "audience": promise.audience,
                "replaced_by": promise.replaced_by,
                "cites": kept.event("status_update.posted", number=promise.update),
            }
            for promise in made
        ],
        "promises_kept": {"kept": sum(bool(promise.kept) for promise in due), "due": len(due)},
        "said": _said(kept),
        "claims": claims,
        "asked_in_the_room": asked_in_the_room(kept),
    }


def _said(kept: Kept) -> JsonObject | None:
    """How many updates say the impact, what is being done, and when the next one comes.

    After the word *resolved* nobody waits for another: of what is done and of a next one only the others are asked, so
    that such an update counts neither for nor against its author.
    """
    if not kept.updates:
        return None
    every = [saying.says(each) for each in kept.updates]
    others = [each for each in every if each.going_on]
    return {
        "updates": len(every),
        "impact": sum(bool(each.impact) for each in every),
        "going_on": len(others),
        "action": sum(each.action for each in others),
        "next_update": sum(each.next_update for each in others),
        "all_three": sum(not each.lacks for each in others),
    }


def _claims(kept: Kept, happened: GroundTruth) -> list[JsonObject]:
    """Each checkable claim, with how it stands to the telemetry of its minute, and which later update put it right."""
    by_number = {update.number: update for update in kept.updates}
    in_incident = happened.opened.in_incident
    dials = claims_told.Dials((happened.opened.at, *([in_incident] if in_incident else [])), zones(kept))
    told, rows = [], []
    for update in kept.updates:
        seen = claims_told.seen_at(
            kept.told,
            update.received_at,
            before_answers=happened.before.answers,
            before_sessions=happened.before.sessions,
            dials=dials,
        )
        for stated in claims_told.claims(f"{update.text}\n{update.impact}", state=update.state):
            checked = claims_told.check(stated, seen)
            told.append(claims_told.Told(update.number, checked))
            rows.append(
                claims_told.as_json(checked, seen)
                | {
                    "in_update": update.number,
                    "at": update.received_at,
                    "corrected_by": None,
                    "cites": kept.event("status_update.posted", number=update.number)
                    + (kept.went_live(seen.deployment) if seen else []),
                }
            )
    for place, later in claims_told.corrections(told).items():
        by, sentence = by_number[told[later].update], told[later].checked.stated.sentence
        rows[place]["why"] = f"Corrected in update {by.number} at {hour(by.received_at)}. {rows[place]['why']}"
        rows[place]["corrected_by"] = {"update": by.number, "at": by.received_at, "sentence": sentence}
        rows[place]["cites"] += kept.event("status_update.posted", number=by.number)
    return rows


def _untrue_end(kept: Kept, claims: list[JsonObject]) -> bool:
    """Whether telemetry contradicts that it was over when the last update was posted."""
    last = kept.updates[-1].number if kept.updates else 0
    return any(
        each["in_update"] == last and each["claim"] == Kind.over and each["standing"] == Standing.contradicted
        for each in claims
    )


def _update(kept: Kept, update: StatusUpdate) -> JsonObject:
    said = saying.says(update)
    return {
        "number": update.number,
        "at": update.received_at,
        "seconds_after_start": (update.received_at - (kept.attempt.started_at or kept.now)).total_seconds(),
        "audience": update.audience,
        "state": update.state,
        "text": update.text,
        "impact": update.impact,
        "next_update_at": update.next_update_at,
        "impact_from": said.impact,
        "lacks": list(said.lacks),
        "cites": kept.event("status_update.posted", number=update.number),
    }


def _silence(kept: Kept, gap: silences.Silence) -> JsonObject:
    numbers = [number for number in (gap.after, gap.before) if number]
    return {
        "since": gap.since,
        "until": gap.until,
        "seconds": gap.seconds,
        "cites": [cite for number in numbers for cite in kept.event("status_update.posted", number=number)],
    }
