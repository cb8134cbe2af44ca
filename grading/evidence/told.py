"""What people were told: updates, silences, promises, the claims in them, and what the room had asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exams.models import StatusUpdate
from grading import claims_told, silences
from grading.claims_told import Kind, Standing
from grading.claims_told.timed import hour
from grading.evidence.written import zones

if TYPE_CHECKING:
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
        "asked_in_the_room": _asked(kept),
    }


def _said(kept: Kept) -> JsonObject | None:
    """How many updates say the impact, what is being done, and when the next one comes.

    After the word *resolved* nobody waits for another: of what is done and of a next one only the others are asked, so
    that such an update counts neither for nor against its author.
    """
    if not kept.updates:
        return None
    others = [
        (bool(each.impact.strip()), says_an_action(each.text), each.next_update_at is not None)
        for each in kept.updates
        if each.state != StatusUpdate.State.RESOLVED
    ]
    return {
        "updates": len(kept.updates),
        "impact": sum(bool(each.impact.strip()) for each in kept.updates),
        "going_on": len(others),
        "action": sum(action for _, action, _ in others),
        "next_update": sum(following for _, _, following in others),
        "all_three": sum(all(each) for each in others),
    }


_ACTION = re.compile(
    r"\b(?:we|i|the team|engineering|on[- ]call)(?:['’](?:re|ve|m)|\s+(?:are|am|is|have|has|will))?\s+"
    r"(?:now\s+|also\s+|just\s+)*"
    r"(?!are\b|is\b|have\b)[a-z]{3,}"
    r"|\b(?:investigating|rolling|rolled|deploying|deployed|fixing|fixed|testing|monitoring|watching|reverting|reverted|"
    r"checking|reproduc\w+|identified|confirmed|verified|verifying|mitigat\w+|escalat\w+|looking|working|next step\w*"
    r"|action\w*|bisect\w*|ruled out|narrow\w+|notified|informed|disabled|switched|paused|in review|next:)(?!\w)"
    r"|\b(?:diagnosis|cause|fix|test|deploy\w*|rollback|review)\s+(?:is\s+|was\s+)?(?:filed|found|written|requested)\b"
    # "the cache is being bypassed", "Reading the last diffs", "still bisecting"
    r"|\b(?:is|are)\s+being\s+(?!told|misled|given|harmed|affected|served|misinformed|misquoted|quoted|shown|charged)\w+"
    r"|(?:^|[.;:!]\s+|\b(?:now|still|also)\s+)(?!(?:no|every|any|some)thing|during|being|regarding|concerning|pricing"
    r"|according|getting|seeing|including|following|morning|evening)[a-z]{3,}ing\b"
    # a thing that is done to what mends it: "is being tested", "is live", "goes out next", "tested now"
    r"|\b(?:is|are|was|were|has|have|will)\s+(?:now\s+|being\s+|been\s+|be\s+|also\s+|already\s+)*"
    r"(?:tested|reviewed|built|prepared|replayed|retested|live|(?:in|under)\s+(?:test|review))\b"
    r"|\b(?:tested|reviewed|built|retested)\s+now\b"
    r"|\b(?:goes|went|going|go)\s+(?:out|live)\b",
    re.IGNORECASE,
)


def says_an_action(text: str) -> bool:
    """Whether an update says what is being, was or will be done: somebody who does something, or the thing done."""
    return _ACTION.search(text) is not None


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


def _asked(kept: Kept) -> list[JsonObject]:
    """What people in the room asked for, and the update that answered it."""
    return [
        {
            "role": each.role,
            "name": each.name,
            "text": each.text,
            "asked_at": each.asked_at,
            "answer_by": each.answer_by,
            "answered_at": each.answered_at,
            "update": each.update,
            "in_time": each.in_time,
            "due": each.answer_by <= kept.now,
            "cites": kept.event(f"inject.{each.role}", key=each.key, occurrence=each.occurrence)
            + ([] if each.update is None else kept.event("status_update.posted", number=each.update)),
        }
        for each in kept.asked_in_the_room
    ]


def _update(kept: Kept, update: StatusUpdate) -> JsonObject:
    return {
        "number": update.number,
        "at": update.received_at,
        "seconds_after_start": (update.received_at - (kept.attempt.started_at or kept.now)).total_seconds(),
        "audience": update.audience,
        "state": update.state,
        "text": update.text,
        "impact": update.impact,
        "next_update_at": update.next_update_at,
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
