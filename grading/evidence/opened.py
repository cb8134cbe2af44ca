"""Which of the incident's sources were handed to the learner, and when: beside the diagnosis and the first deployment.

No band asks for any of it. That something was handed out does not say that it was read, and reading is no virtue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.models import DeploymentKind, Opening, Source

if TYPE_CHECKING:
    from datetime import datetime

    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject

_SAYS = {
    Source.BRIEF: "the brief: in the answer to the start, and on the page of the twin after it",
    Source.REPOSITORY: "the repository, cloned or fetched from the platform",
    Source.TELEMETRY: "the chart of what customers get",
    Source.ALERTS: "alerts, in the feed",
    Source.COMPLAINTS: "customers' complaints, in the feed",
    Source.MESSAGES: "what coworkers said, in the feed",
    Source.DEPLOYMENTS: "the list of deployments",
    Source.ANSWERS: "answers to own questions, with their traces",
    Source.EXPORT: "the export, which holds all of these but the repository",
}


def opened(kept: Kept) -> list[JsonObject]:
    """One row for each source in the order of their first opening; those never opened come last."""
    rows = {row.what: row for row in Opening.objects.filter(attempt=kept.attempt)}
    confirmed = kept.confirmed.received_at if kept.confirmed else None
    deployed = next((each.requested_at for each in kept.deployments if each.kind == DeploymentKind.DEPLOY), None)
    known = sorted(rows.values(), key=lambda row: (row.first_at, row.pk))
    return [
        {
            "what": source,
            "says": _SAYS[source],
            "first_at": row.first_at if row else None,
            "seconds_after_start": _since(kept, row.first_at) if row else None,
            "last_at": row.last_at if row else None,
            "times": row.times if row else 0,
            "before_diagnosis": _before(row, confirmed),
            "before_deployment": _before(row, deployed),
        }
        for source in [*(Source(row.what) for row in known), *(each for each in Source if each not in rows)]
        for row in [rows.get(source)]
    ]


def _since(kept: Kept, at: datetime) -> float | None:
    return None if kept.attempt.started_at is None else (at - kept.attempt.started_at).total_seconds()


def _before(row: Opening | None, moment: datetime | None) -> bool | None:
    """Whether it was first opened before the moment; None if either never came."""
    return None if row is None or moment is None else row.first_at < moment
