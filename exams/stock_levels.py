"""How much stock there is, and why not more: for operators."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams import incident, stock, wanted
from exams.models import StockState
from exams.twins import Twin

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Level:
    """How much of one class of a published twin there is. For operators: it tells which classes there are."""

    twin: str
    failure_class: str
    ready: int
    making: int
    failed: int  # since the last that could be drawn
    last_failure: str
    out_of_time: int  # of late, on a busy machine


def levels(*, now: datetime) -> list[Level]:
    """What there is of each class of each published twin that has a pack.

    A failure before the last of its class that could be drawn is over, and told no more.
    """
    found = []
    for version in stock.published():
        rows = stock.rows_of(version)
        try:
            classes = incident.pack_of(Twin.from_json(version.definition)).classes
        except Exception as fault:  # noqa: BLE001 - whatever its import does, the other twins' levels are shown
            found.append(Level(version.slug, "", 0, 0, 1, f"{type(fault).__name__}: {fault}", 0))
            continue
        for failure_class in classes:
            ours = [row for row in rows if row.incident_class == failure_class]
            count = Counter(row.state for row in ours)
            reasons = [row.failed_because for row in wanted.failed_since_the_last_drawn(ours)]
            found.append(
                Level(
                    twin=version.slug,
                    failure_class=failure_class,
                    ready=count[StockState.READY],
                    making=count[StockState.MAKING],
                    failed=len(reasons),
                    last_failure=reasons[-1] if reasons else "",
                    out_of_time=len(wanted.out_of_time(ours, now)),
                )
            )
    return found
