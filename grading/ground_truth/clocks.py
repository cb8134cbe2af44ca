"""The server's clock and the incident's own dates, and how a stamp of either is read on the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from grading.ground_truth.facts import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from grading.ground_truth.facts import Act


@dataclass(frozen=True)
class Clocks:
    """The server's clock and the incident's dates; `apart` is what is added to the latter, None if they never meet."""

    apart: timedelta | None

    @classmethod
    def of(cls, truth: Mapping[str, Any], opened_at: datetime) -> Clocks:
        """The clocks of an incident whose truth says when it was opened."""
        opened = moment_of(truth.get("opened_at"))
        return cls(None if opened is None else opened_at - opened)

    def moment(self, stamped: object) -> Moment | None:
        """A moment of the incident's own dates."""
        there = moment_of(stamped)
        if there is None or self.apart is None:
            return None
        return Moment(there + self.apart, there, source="truth")

    def in_incident(self, at: datetime) -> datetime | None:
        """A moment of the server's clock by the incident's dates."""
        return None if self.apart is None else at - self.apart

    def act(self, act: Act | None) -> Moment | None:
        """A moment the ledger has."""
        return None if act is None else Moment(act.at, self.in_incident(act.at), act.cites)


def moment_of(stamped: object) -> datetime | None:
    """A stamp of the incident's files, in UTC; None if it is none."""
    if isinstance(stamped, datetime):
        return stamped
    try:
        found = datetime.fromisoformat(str(stamped))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
