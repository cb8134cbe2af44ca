"""The figures of the post-mortem, from what was read in it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grading.bands import Known

if TYPE_CHECKING:
    from sandboxes.sandbox import JsonObject


def of_postmortem(written: JsonObject | None) -> dict[str, Known]:
    """Figures of a post-mortem; of none, that there is none."""
    if written is None:
        return {"postmortem.present": Known(value=False)}
    cites = written["cites"]
    line, stated = written["timeline"], written["blast_radius"]
    follow_ups = written["follow_ups"]
    dated = [each for each in follow_ups if each["owner"] and each["due"]]
    complete = [each for each in follow_ups if each["complete"]]
    return {
        "postmortem.present": Known(value=True, cites=cites),
        "postmortem.timeline_entries": Known(Fraction(line["entries"]), cites),
        "postmortem.key_events": _share(line["recall"], cites, "nothing is known of what happened"),
        "postmortem.contradicted": _share(
            {"part": len(line["invented"]), "of": line["precision"]["of"]},
            cites,
            "no entry of its timeline with a time is read as an event",
        ),
        "postmortem.inversions": Known(Fraction(len(line["inversions"])), cites),
        "postmortem.blast_radius_error": Known(
            Fraction(stated["error"]["exact"]) if stated["error"] else None, cites, _why_no_radius(stated)
        ),
        "postmortem.follow_ups": Known(Fraction(len(follow_ups)), cites),
        "postmortem.follow_ups_owned_and_dated": Known(Fraction(len(dated)), cites),
        "postmortem.follow_ups_complete": Known(Fraction(len(complete)), cites),
        "postmortem.latent_period_told": Known(
            written["latent_period"]["told"] if written["latent_period"]["true_seconds"] is not None else None,
            cites,
            "the true length is not known",
        ),
        "postmortem.blames": Known(Fraction(len(written["blame"])), cites),
    }


def _why_no_radius(stated: JsonObject) -> str:
    if stated["true"]["total"]["answers"] is None:
        return "the true blast radius is not known"
    return stated["read_as"] or "no number of wrong answers or customers is read in it"


def _share(of: JsonObject, cites: list[JsonObject], why_none: str) -> Known:
    return Known(Fraction(of["part"], of["of"]) if of["of"] else None, cites, why_none)
