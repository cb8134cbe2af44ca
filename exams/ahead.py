"""What customers get from the release of a stocked incident, found out before anybody starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exams.models import StockedIncident, StockState

if TYPE_CHECKING:
    import uuid

    from exams.live.telemetry import Replayed
    from exams.models import Attempt


def lacking() -> list[uuid.UUID]:
    """The ready incidents whose release has not been replayed; those that were drawn first come first."""
    ready = StockedIncident.objects.filter(state=StockState.READY, outcomes__isnull=True)
    return list(ready.order_by("ready_at").values_list("pk", flat=True))


def keep(stocked_id: uuid.UUID, *, traffic: list[list[Any]], replayed: Replayed) -> bool:
    """Keep a replay, if the incident still waits and has none; whether it was kept."""
    waiting = StockedIncident.objects.filter(pk=stocked_id, state=StockState.READY, outcomes__isnull=True)
    return bool(waiting.update(traffic=traffic, outcomes=replayed.to_json()))


def of(attempt: Attempt) -> dict[str, Any] | None:
    """The traffic and outcomes of the incident that an attempt took from the stock; None when they are not there."""
    taken = StockedIncident.objects.filter(taken_by=attempt, outcomes__isnull=False)
    found = taken.values_list("traffic", "outcomes").first()
    return None if found is None else {"traffic": found[0], "outcomes": found[1]}
