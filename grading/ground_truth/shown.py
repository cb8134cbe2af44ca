"""The ground truth as the mentor's page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from grading.ground_truth.facts import GroundTruth, Moment
    from sandboxes.sandbox import JsonObject


def as_json(found: GroundTruth) -> JsonObject:
    """The ground truth as the mentor's page shows it, seconds counted from the opening."""

    def moment(one: Moment | None) -> JsonObject | None:
        return None if one is None else _moment(one, found.opened.at)

    return {
        **{name: moment(getattr(found, name)) for name in _MOMENTS},
        "latent_seconds": None if found.latent is None else found.latent.total_seconds(),
        "blast_radius": {
            name: {"answers": harm.answers, "sessions": harm.sessions}
            for name, harm in (
                ("before_opening", found.before),
                ("while_live", found.live),
                ("until_mitigation", found.until_mitigation),
                ("total", found.total),
            )
        },
        "known_until": found.known_until,
        "events": [
            {"id": each.id, "what": each.what, "key": each.key} | _moment(each.when, found.opened.at)
            for each in found.events
        ],
    }


_MOMENTS = (
    "deployed",
    "onset",
    "first_harmful",
    "opened",
    "first_harmful_live",
    "detected",
    "first_repro",
    "confirmed",
    "mitigated",
    "fixed",
)


def _moment(one: Moment, opened_at: datetime) -> JsonObject:
    return {
        "at": one.at,
        "in_incident": one.in_incident,
        "seconds_after_opening": (one.at - opened_at).total_seconds(),
        "known_from": one.source,
        "cites": list(one.cites),
    }
