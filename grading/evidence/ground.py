"""Gathers for the ground truth what the ledger has, and every stamp that could bear out an entry of a timeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exams import incident
from exams.models import DeploymentKind
from grading.evidence.moments import first_repro
from grading.evidence.seen import MOST_TIMES, counts_wrong_answers, wrong_answers
from grading.ground_truth import Act, Acts, Clocks, establish, moment_of
from grading.postmortem.aligned import Stamp

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Event, StatusUpdate
    from grading.evidence.kept import Kept
    from grading.evidence.moments import Moment as Found
    from grading.ground_truth import GroundTruth

# Acts that a timeline may tell. Questions are left out: there are hundreds, and any minute would be borne out.
_MAY_BE_TOLD = {
    "diagnosis.filed": "a diagnosis was filed",
    "status_update.posted": "a status update was posted",
    "run.offered": "a run was asked for",
    "deployment.requested": "a deployment was asked for",
    "deployment.failed": "a deployment failed",
    "deployment.rolled_back": "a rollback was asked for",
    "deployment.came_to_nothing": "a deployment came to nothing",
    "stage.handed_in": "a stage was handed in",
}
_OPERATED = re.compile(r"^ops/(?!traces)[^/]+\.(?:log|md|jsonl?|txt|csv|toml)$")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?")
_LINES_OF = {
    "deploy": "release",
    "release": "release",
    "alert": "alert",
    "complaint": "complaint",
    "ticket": "complaint",
}
MOST_STAMPS = 2_000


def ground_truth(kept: Kept) -> GroundTruth:
    """What really happened in this attempt; asked for before it was started, nothing but that."""
    opened_at = kept.attempt.started_at or kept.now
    return establish(truth=kept.truth, opened_at=opened_at, told=kept.told, acts=_acts(kept))


def _acts(kept: Kept) -> Acts:
    repro = _act("first_repro", "the wrong answers were reproduced", first_repro(kept))
    confirmed = kept.confirmed
    at_most = MOST_TIMES * wrong_answers(kept)
    return Acts(
        detected=_earliest(
            repro,
            _first(kept, lambda each: each.state != "investigating", "it was said to be identified"),
            _first(kept, lambda each: counts_wrong_answers(each, at_most), "wrong answers were counted"),
        ),
        first_repro=repro,
        confirmed=None
        if confirmed is None
        else _cited(
            Act("confirmed", "the cause was confirmed", confirmed.received_at),
            kept.event("diagnosis.filed", number=confirmed.number),
        ),
        first_update=_first(kept, lambda _: True, "the first status update"),
        resolved=_first(kept, lambda each: each.state == "resolved", "it was said to be resolved"),
        deployments={
            each.number: _cited(
                Act(f"deployment-{each.number}", _went_live(each.kind, each.number), each.live_from),
                kept.went_live(each.number),
            )
            for each in kept.deployments
            if each.number and each.live_from is not None
        },
        others=tuple(found for event in kept.events if (found := _told_by(event)) is not None),
    )


def _went_live(kind: str, number: int) -> str:
    return (
        f"deployment {number}, a rollback, went live"
        if kind == DeploymentKind.ROLLBACK
        else f"deployment {number} went live"
    )


def _told_by(event: Event) -> Act | None:
    payload: dict[str, Any] = event.payload
    cite = ({"kind": "event", "ref": str(event.seq)},)
    if event.kind.startswith("inject."):
        sender = payload.get("sender") or {}
        at = moment_of(payload.get("due_at")) or event.at
        return Act(
            f"event-{event.seq}", f"{event.kind.partition('.')[2]}: {sender.get('name', '')}".strip(": "), at, cite
        )
    what = _MAY_BE_TOLD.get(event.kind)
    if what is not None and event.kind == "status_update.posted" and payload.get("audience"):
        what = f"{what} to {payload['audience']}"
    return None if what is None else Act(f"event-{event.seq}", what, event.at, cite)


def _first(kept: Kept, wanted: Any, what: str) -> Act | None:
    found: StatusUpdate | None = next((each for each in kept.updates if wanted(each)), None)
    if found is None:
        return None
    return _cited(
        Act(f"update-{found.number}", what, found.received_at), kept.event("status_update.posted", number=found.number)
    )


def _act(name: str, what: str, found: Found | None) -> Act | None:
    return None if found is None else Act(name, what, found.at, tuple(found.cites))


def _cited(act: Act, cites: list[Any]) -> Act:
    return Act(act.id, act.what, act.at, tuple(cites))


def _earliest(*acts: Act | None) -> Act | None:
    return min((each for each in acts if each is not None), key=lambda each: each.at, default=None)


def stamps(kept: Kept) -> list[Stamp]:
    """Every moment in those files of operation, handed to the learner, whose lines are of one kind of event.

    That kind is told by the file's name.
    """
    clocks = Clocks.of(kept.truth, kept.attempt.started_at or kept.now)
    found: set[tuple[datetime, str]] = set()
    for path, content in incident.base_tree(kept.attempt).files.items():
        kind = next((kind for name, kind in _LINES_OF.items() if name in path), None)
        if kind and _OPERATED.match(path) and len(found) < MOST_STAMPS:
            written = _STAMP.findall(content.decode(errors="replace"))
            found |= {(at, kind) for each in written if (at := moment_of(each)) is not None}
    ordered = sorted(found)[:MOST_STAMPS]
    return [Stamp(each.at, kind) for at, kind in ordered if (each := clocks.moment(at)) is not None]
