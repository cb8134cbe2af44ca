"""What the post-mortem says, held against the record: timeline, blast radius, follow-ups, latent period, blame."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from grading.evidence.ground import stamps
from grading.evidence.moments import moment_of
from grading.followups import follow_ups, shortened
from grading.postmortem import actions, blame, latent, radius, reading, shown, timeline

if TYPE_CHECKING:
    from datetime import tzinfo

    from grading.evidence.kept import Kept
    from grading.ground_truth import GroundTruth
    from sandboxes.sandbox import JsonObject


def written(kept: Kept, happened: GroundTruth) -> JsonObject | None:
    """The post-mortem of the last stage that has one, taken apart; None if none was handed in or it is empty."""
    for stage in reversed(kept.stages):
        hand_in = kept.hand_ins.get(stage.key)
        texts = [(key, text) for key, text in kept.texts(stage.key) if text.strip()]
        if hand_in is not None and texts:
            key, text = texts[0]
            return (
                {"stage": stage.key, "deliverable": key}
                | read(kept, happened, text)
                | {"cites": moment_of(kept, hand_in).cites}
            )
    return None


def read(kept: Kept, happened: GroundTruth, text: str) -> JsonObject:
    """One text, held against the record. Its length is told nowhere, because it counts for nothing."""
    text = shortened(text)
    found, way = reading.best(
        timeline.entries(text),
        happened.events,
        reading.readings(happened.opened.at, happened.opened.in_incident, zones(kept)),
        stamps=stamps(kept),
        until=happened.known_until,
    )
    hidden = latent.latent(text, latent.periods(happened))
    return {
        "timeline": shown.as_json(found, way),
        "blast_radius": radius.as_json(radius.radius(text, happened), happened),
        "latent_period": {
            "told": hidden.told,
            "line": hidden.line,
            "text": hidden.text,
            "seconds": None if hidden.length is None else hidden.length.total_seconds(),
            "true_seconds": None if happened.latent is None else happened.latent.total_seconds(),
            "read_as": hidden.read_as,
        },
        "follow_ups": [actions.as_json(actions.action(each)) for each in follow_ups(text)],
        "blame": [
            {"line": each.line, "sentence": each.sentence[:500], "person": each.person}
            for each in blame.blames(text, people=_people(kept))
        ],
    }


def zones(kept: Kept) -> tuple[tzinfo, ...]:
    """UTC, as everything the learner was handed is stamped, and the learner's own zone."""
    utc = ZoneInfo("UTC")
    try:
        own = ZoneInfo(kept.attempt.learner.time_zone or "UTC")
    except (KeyError, ValueError):
        return (utc,)
    return (utc,) if own == utc else (utc, own)


def _people(kept: Kept) -> list[str]:
    """The people of the incident: those who changed the assistant, and those who spoke in the room."""
    spoke = {
        str(event.payload["sender"].get("name", ""))
        for event in kept.events
        if event.kind.startswith("inject.") and isinstance(event.payload.get("sender"), dict)
    }
    return sorted({*(str(name) for name in kept.truth.get("people", [])), *spoke} - {""})
