"""Who complains of an answer, and when: one law for what happened before an incident opens and while it is live.

An incident's pack says it in its truth, by the key ``complaining``, so that it stays what it was for as long as the
attempt lasts; and by ``carried_over`` what the time before the opening leaves to the time after it. With both the
chart of complaints goes on from `ops/complaints.jsonl` where nothing was done.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SHARE = 0.6  # no law lets more of them complain


class NoLaw(ValueError):
    """A share out of its bounds, or seconds in the wrong order, or on the wrong side of the opening."""


@dataclass(frozen=True)
class Complaining:
    """A law: the `share` of harmed customers who complain, `first` to `last` seconds after the answer.

    Of those who got no answer the share `refused` does, of those who got a right one the share `otherwise`. Of all who
    complain the share `late` does so later than `last`, up to `latest` seconds after the answer, and most of them soon.
    """

    share: float
    first: int
    last: int
    refused: float = 0.0
    otherwise: float = 0.0
    late: float = 0.0
    latest: int = 0

    def __post_init__(self) -> None:
        shares = (self.share, self.refused, self.otherwise)
        if not (min(shares) >= 0 and max(shares) <= MOST_SHARE and 0 <= self.first <= self.last):
            raise NoLaw(f"{shares} of the customers {self.first} to {self.last} seconds later is no law")
        if not (0 <= self.late <= 1 and (not self.late or self.latest > self.last)):
            raise NoLaw(f"{self.late} of them, up to {self.latest} seconds later, is none for those who come late")

    def of_refused(self) -> Complaining:
        """The law for those who got no answer."""
        return replace(self, share=self.refused)

    def of_others(self) -> Complaining:
        """The law for those who got a right one."""
        return replace(self, share=self.otherwise)

    def after(self, who: str) -> timedelta | None:
        """After how long the customer complains whom these words name; None when they do not. The same for the same."""
        drawn = hashlib.sha256(who.encode()).digest()
        if int.from_bytes(drawn[:4]) >= self.share * 2**32:
            return None
        if int.from_bytes(drawn[8:12]) < self.late * 2**32:
            far = int.from_bytes(drawn[12:16]) * int.from_bytes(drawn[16:20]) * (self.latest - self.last) >> 64
            return timedelta(seconds=self.last + 1 + far)
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
            refused, otherwise, late = (float(said.get(name, 0)) for name in ("refused", "otherwise", "late"))
            seconds = int(said["first"]), int(said["last"])
            return cls(float(said["share"]), *seconds, refused, otherwise, late, int(said.get("latest", 0)))
        except (AttributeError, KeyError, TypeError) as broken:
            raise NoLaw(f"this is no law: {said!r}") from broken


@dataclass(frozen=True)
class Later:
    """A complaint so many seconds after the opening, about an answer from before it.

    `question` and `said` are empty where nothing wrong was told; `began` is the first question of the conversation, if
    that was another one.
    """

    second: int
    question: str = ""
    said: str = ""
    began: str = ""


@dataclass(frozen=True)
class CarriedOver:
    """What customers did before the opening that matters after it, in seconds from it at 100 per cent of time.

    Attributes:
        complained: When they complained before it: all below zero.
        later: Who complains after it, of an answer from before it.
    """

    complained: tuple[int, ...] = ()
    later: tuple[Later, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form kept in the truth of an incident."""
        return {"complained": list(self.complained), "later": [asdict(one) for one in self.later]}

    @classmethod
    def of(cls, truth: Mapping[str, Any] | None) -> CarriedOver:
        """What an incident carries over, by its truth; nothing where that says nothing.

        Raises:
            NoLaw: what it says is not in this form.
        """
        said = (truth or {}).get("carried_over")
        if said is None:
            return cls()
        try:
            found = cls(tuple(map(int, said["complained"])), tuple(Later(**one) for one in said["later"]))
        except (KeyError, TypeError, ValueError) as broken:
            raise NoLaw(f"this carries nothing over: {said!r}") from broken
        if any(second >= 0 for second in found.complained) or any(one.second < 0 for one in found.later):
            raise NoLaw("what was complained of before the opening was not, or what comes after it does not")
        return found


NOTHING = CarriedOver()
USUAL = Complaining(share=0.4, first=120, last=720)
EVERYBODY_WHO_MIGHT = Complaining(share=MOST_SHARE, first=0, last=0)
