"""Who complains of a harmful answer, and when: one law for what happened before an incident opens and while it is live.

An incident's pack says it in its truth, by the key ``complaining``, so that it stays what it was for as long as the
attempt lasts. With one law the chart of complaints goes on from `ops/complaints.jsonl` where nothing was done.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SHARE = 0.6  # no law lets more of them complain


class NoLaw(ValueError):
    """A share outside 0 to `MOST_SHARE`, or seconds in the wrong order."""


@dataclass(frozen=True)
class Complaining:
    """A law: the `share` of harmed customers who complain, `first` to `last` seconds after the answer."""

    share: float
    first: int
    last: int

    def __post_init__(self) -> None:
        if not (0 <= self.share <= MOST_SHARE and 0 <= self.first <= self.last):
            raise NoLaw(f"{self.share} of the customers {self.first} to {self.last} seconds later is no law")

    def after(self, who: str) -> timedelta | None:
        """After how long the customer complains whom these words name; None when they do not. The same for the same."""
        drawn = hashlib.sha256(who.encode()).digest()
        if int.from_bytes(drawn[:4]) >= self.share * 2**32:
            return None
        return timedelta(seconds=self.first + int.from_bytes(drawn[4:8]) % (self.last - self.first + 1))

    def to_json(self) -> dict[str, Any]:
        """The form kept in the truth of an incident."""
        return asdict(self)

    @classmethod
    def of(cls, truth: Mapping[str, Any] | None) -> Complaining:
        """The law of an incident, by its truth; the usual one where that says none.

        Raises:
            NoLaw: what it says is none.
        """
        said = (truth or {}).get("complaining")
        if said is None:
            return USUAL
        try:
            return cls(float(said["share"]), int(said["first"]), int(said["last"]))
        except (KeyError, TypeError) as broken:
            raise NoLaw(f"this is no law: {said!r}") from broken


USUAL = Complaining(share=0.4, first=120, last=720)
EVERYBODY_WHO_MIGHT = Complaining(share=MOST_SHARE, first=0, last=0)
