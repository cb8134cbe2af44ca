"""What customers get by plan: decided by when acts were received, and not by how far our workers have come.

A version whose replay is late has been due since `due_at`, and counts as live from then on until its replay says that
it cannot be. So nothing that a learner may do then depends on how busy the platform is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.live.telemetry.reading import UNDECIDED
from exams.models import Deployment, DeploymentKind, DeploymentState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from exams.models import Attempt

_ROLLING_OUT = (*UNDECIDED, DeploymentState.READY, DeploymentState.LIVE)


class Plan:
    """The deployments of an attempt as they stand at a moment; the attempt is held."""

    def __init__(self, attempt: Attempt, *, at: datetime) -> None:
        rows = Deployment.objects.filter(attempt=attempt).select_related("attempt", "submission", "of")
        self._rows = list(rows.defer("traffic", "outcomes"))
        self._at = at

    def in_the_way(self, *, until: datetime) -> Deployment | None:
        """What keeps another from being rolled out from now until a moment: its own minute meets that time."""
        return next((row for row in self._rows if self._rolls_out(row) and row.requested_at < until), None)

    def to_call_off(self) -> Deployment | None:
        """What a rollback calls off: it was being rolled out, whether or not it has been announced since."""
        return next((row for row in self._rows if self._rolls_out(row) and row.requested_at <= self._at), None)

    def present(self) -> Deployment | None:
        """The deployment that customers get, by plan."""
        return self._last(row for row in self._rows if self.was_live(row))

    def before(self, row: Deployment) -> Deployment | None:
        """What was live just before a deployment went live, by plan."""
        return self._last(each for each in self._rows if self.was_live(each) and _order(each) < _order(row))

    def was_live(self, row: Deployment) -> bool:
        """Whether customers have got it, by plan."""
        since = _since(row)
        return since is not None and since <= self._at

    def _rolls_out(self, row: Deployment) -> bool:
        return row.kind == DeploymentKind.DEPLOY and row.state in _ROLLING_OUT and self._at < row.due_at

    def _last(self, rows: Iterable[Deployment]) -> Deployment | None:
        return max(rows, key=_order, default=None)


def _order(row: Deployment) -> tuple[datetime, int]:
    return row.due_at, row.number


def _since(row: Deployment) -> datetime | None:
    """From when on customers get it; None for what came to nothing, and for a rollback to that."""
    came_to_nothing = row.state not in _ROLLING_OUT or (row.of is not None and row.of.state not in _ROLLING_OUT)
    return None if came_to_nothing else row.due_at
