"""What customers get by plan: decided by when acts were received, and not by how far our workers have come.

A version whose replay is late has been due since `due_at`, and counts as live from then on until its replay says that
it cannot be. So nothing that a learner may do then depends on how busy the platform is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.live.telemetry.reading import UNDECIDED
from exams.models import Deployment, DeploymentKind, DeploymentState
from exams.models.deployment import CAME_TO_NOTHING

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
        """What a rollback calls off: it was being rolled out, whatever has become of it since.

        It may have been announced, called off by a rollback that was received later and handled earlier, or found since
        to be no use.
        """
        return next((row for row in self._rows if self._rolled_out(row) and row.requested_at <= self._at), None)

    def is_gone_back_to(self, row: Deployment) -> bool:
        """Whether any rollback brings its code back: then calling it off would undo that one."""
        return row.state not in CAME_TO_NOTHING and any(each.of_id == row.pk for each in self._rows)

    def called_off_by(self, row: Deployment) -> Deployment | None:
        """The rollback that was received while a deployment was being rolled out, but handled before it was known."""
        return min(
            (
                each
                for each in self._rows
                if each.kind == DeploymentKind.ROLLBACK and row.requested_at < each.requested_at < row.due_at
            ),
            key=_order,
            default=None,
        )

    def present(self) -> Deployment | None:
        """The deployment that customers get, by plan."""
        return self._last(row for row in self._rows if self.was_live(row))

    def before(self, row: Deployment) -> Deployment | None:
        """What was live just before the code of a deployment went live, by plan: other code than that."""
        return self._last(
            each
            for each in self._rows
            if self.was_live(each) and _order(each) < _order(row) and _code(each) != _code(row)
        )

    def was_live(self, row: Deployment) -> bool:
        """Whether customers have got it, by plan."""
        since = _since(row)
        return since is not None and since <= self._at

    def _rolls_out(self, row: Deployment) -> bool:
        return row.kind == DeploymentKind.DEPLOY and row.state in _ROLLING_OUT and self._at < row.due_at

    def _rolled_out(self, row: Deployment) -> bool:
        """Whether it was being rolled out at that moment, also if it came to nothing since."""
        since = row.state in CAME_TO_NOTHING and row.ended_at is not None and self._at < row.ended_at
        return self._rolls_out(row) or (since and self._at < row.due_at)

    def _last(self, rows: Iterable[Deployment]) -> Deployment | None:
        return max(rows, key=_order, default=None)


def _order(row: Deployment) -> tuple[datetime, datetime, int]:
    """Its place on the attempt's clock: of two that go live together the one counts that was received later."""
    return row.due_at, row.requested_at, row.number


def _code(row: Deployment) -> int:
    return row.of_id or row.pk


def _since(row: Deployment) -> datetime | None:
    """From when on customers get it; None for what came to nothing, and for a rollback to that."""
    came_to_nothing = row.state not in _ROLLING_OUT or (row.of is not None and row.of.state not in _ROLLING_OUT)
    return None if came_to_nothing else row.due_at
