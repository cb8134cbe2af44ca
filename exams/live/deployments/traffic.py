"""What customers ask in an attempt: drawn from its seed once, and kept, so that no later code can ask anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams import incident
from exams.live.telemetry.reading import traffic_of
from exams.models import Deployment

if TYPE_CHECKING:
    from exams.live.telemetry import Entry
    from exams.models import Attempt


def kept_traffic(attempt: Attempt) -> tuple[Entry, ...]:
    """The traffic of an attempt, which is drawn if nobody has needed it yet. That takes up to a second."""
    first = Deployment.objects.filter(attempt=attempt, number=0)
    if first.filter(traffic__isnull=True).exists():
        drawn = incident.of(attempt)
        rows = [[each.second, each.question, each.session] for each in drawn.pack.traffic(drawn.spec)]
        first.filter(traffic__isnull=True).update(traffic=rows)
    return traffic_of(attempt.pk)
