"""What people were told: updates, the silences between them, the promises made and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading import silences

if TYPE_CHECKING:
    from exams.models import StatusUpdate
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def updates(kept: Kept) -> JsonObject:
    """Updates, the silences between them, and promises of a next one."""
    window = next((stage for stage in kept.stages if kept.twin.stage(stage.key).status_updates), None)
    if window is None or kept.attempt.started_at is None:
        return {"posted": [], "silences": [], "longest_silence": None, "promises": [], "promises_kept": None}
    told = [
        silences.Update(update.number, update.received_at, update.state, update.next_update_at)
        for update in kept.updates
    ]
    closed = min(window.closes_at, kept.now)
    gaps = silences.silences(told, opened=window.opens_at, closed=closed)
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
                "cites": kept.event("status_update.posted", number=promise.update),
            }
            for promise in made
        ],
        "promises_kept": {"kept": sum(bool(promise.kept) for promise in due), "due": len(due)},
    }


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
