"""Which innocent changes an incident's past holds: lately made ones, those squashed with them, older ones, early ones.

Those that were made lately surround the cause. So that git alone leaves several suspects, some of them change what the
assistant does, some of those look like harm, and one of these is in a file of the fault's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination.weave import apart, beside, hunks, size

if TYPE_CHECKING:
    import random
    from collections.abc import Container, Mapping, Sequence

    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.past import Setting
    from exams.packs.hallucination.weave import Hunk

RECENT = 5  # innocent releases near the onset, in every incident
BEHAVING = 3  # of them change what the assistant does
SUSPECTS = 2  # of those, at least, look like harm
FOUNDED_SHARE = 0.1  # of the changes that are safe only with another may be made, with that one there from the start
SQUASHED = 2  # of them and the fault's hold a second change
ASKING_SHARE = 0.3  # of the incidents may have a change that shows in prompts: the model is asked anew then
BEHAVING_SHARE = 0.5  # of the second changes change what the assistant does
LARGE = 12  # lines taken away or added: as many as faults of the larger sort have
LARGE_ONES = (1, 2, 2)  # of the innocent releases
OLDER = 2  # at most, between the founding and the last published document
PRESENT = 0.1  # of the other innocent changes are in the code from the start: few trees have the same ones


@dataclass(frozen=True)
class Chosen:
    """Innocent changes made lately, the first close to the fault; one to squash with some; older ones; early ones.

    Those lately made that behave otherwise come first. What is `present` was there from the start.
    """

    recent: list[Innocent]
    riders: list[Innocent]
    older: list[Innocent]
    present: list[Innocent]


class _Choice:
    """One choice of innocent changes."""

    def __init__(self, setting: Setting, drawing: random.Random, hunks_of: Mapping[Innocent, tuple[Hunk, ...]]) -> None:
        self.random = drawing
        self.hunks = hunks_of
        self.fault = hunks(setting.healthy, setting.faulty)
        self.files = {edit.path for edit in setting.fault.edits if not edit.path.startswith("tests/")}

    def choose(self, usable: list[Innocent]) -> Chosen:
        """Draw them from all that may be made with this fault."""
        drawn, asks = self._drawn(usable)
        drawn, bases = self._founded(drawn)
        near = self._near(drawn)
        drawn.remove(near)
        lately = [one for one in drawn if not beside(self.hunks[one], self.fault)]  # its revert must be clean
        together = self._in_order(near, lately, drawn)
        recent, rest = together[:RECENT], together[RECENT:]
        riders = self._riders(recent, rest, {*lately})
        rest = [one for one in rest if one not in riders and one is not asks]
        self.random.shuffle(rest)
        older = [one for one in rest if not one.note][: self.random.randrange(1, OLDER + 1)]
        present = [one for one in rest if one not in older and self.random.random() < PRESENT]
        return Chosen(recent, riders, older, [*bases, *present])

    def _drawn(self, usable: list[Innocent]) -> tuple[list[Innocent], Innocent | None]:
        """Draw an order of all that may be made, and which of them asks the model anew: one at most."""
        drawn = self.random.sample(usable, len(usable))
        asking = self.random.random() < ASKING_SHARE
        asks = next((one for one in drawn if one.asks and asking), None)
        drawn = [one for one in drawn if not one.asks or one is asks]
        return sorted(drawn, key=lambda one: one.note), asks  # what nobody would suspect is no decoy

    def _near(self, drawn: list[Innocent]) -> Innocent:
        """The one in a file of the fault's own: one that behaves otherwise and looks like harm, if there is any."""
        close = [one for one in drawn if one.files & self.files and not one.note]
        close.sort(key=lambda one: (beside(self.hunks[one], self.fault), not one.suspect))
        return next((one for one in close if one.behaves), (close or drawn)[0])

    def _in_order(self, near: Innocent, lately: list[Innocent], drawn: list[Innocent]) -> list[Innocent]:
        """All that can be made at once, those that should be made lately in front: behaving ones, large ones, others.

        `lately` are those that do not stand in the way of the fault's revert, `drawn` are all but the near one.
        """
        behaving = self._together([near, *self._suspects_first(near, lately)])[: BEHAVING + (not near.behaves)]
        plain = [one for one in lately if not one.behaves]
        large = [one for one in plain if not one.note and size(self.hunks[one]) >= LARGE]
        large = large[: self.random.choice(LARGE_ONES)]
        return self._together([*dict.fromkeys([*behaving, *large, *plain, *drawn])])

    def _riders(self, recent: list[Innocent], rest: list[Innocent], lately: Container[Innocent]) -> list[Innocent]:
        """Draw what is squashed with lately made changes: always as many, so that no incident has a suspect less.

        Of the sort drawn if any is left, else of the other; small ones away from all that was made lately; only where
        none is left of either sort, the next best: any away from it, and at last any that can be made at all.
        """
        made = [*self.fault, *(hunk for one in recent for hunk in self.hunks[one])]
        riders: list[Innocent] = []
        for _ in range(SQUASHED):
            behaves = self.random.random() < BEHAVING_SHARE
            left = [one for one in rest if not one.asks and one not in riders]
            lone = [one for one in left if one in lately and not beside(self.hunks[one], made)]
            small = [one for one in lone if size(self.hunks[one]) < LARGE]
            sorted_out = [one for one in small if one.behaves is behaves]
            riders.append(self.random.choice(sorted_out or small or lone or left))
            made += self.hunks[riders[-1]]
        return riders

    def _founded(self, drawn: list[Innocent]) -> tuple[list[Innocent], list[Innocent]]:
        """Draw which changes may be made that need another, and return all that may be, and those others.

        What is needed is there from the start; what it excludes, or what has nothing to rest on, is not made.
        """
        by_subject = {one.subject: one for one in drawn}
        bases: list[Innocent] = []
        for one in drawn:
            base = by_subject.get(one.after)
            if base and base not in bases and self._free(base, bases) and self.random.random() < FOUNDED_SHARE:
                bases.append(base)
        there = {base.subject for base in bases}
        free = [one for one in drawn if one not in bases and self._free(one, bases)]
        return [one for one in free if not one.after or one.after in there], bases

    def _suspects_first(self, near: Innocent, lately: list[Innocent]) -> list[Innocent]:
        """Those that behave otherwise, as many in front that look like harm as there should be beside the near one."""
        found = self._together([near, *(one for one in lately if one.suspect)])
        looked = found[1:][: SUSPECTS - near.suspect]
        return [*looked, *(one for one in lately if one.behaves and one not in looked)]

    def _free(self, one: Innocent, others: Sequence[Innocent]) -> bool:
        """Whether a change can be made beside others."""
        return all(apart(self.hunks[one], self.hunks[other]) for other in others)

    def _together(self, drawn: list[Innocent]) -> list[Innocent]:
        """As many of them as can be made all at once, the first ones first."""
        found: list[Innocent] = []
        for one in drawn:
            if self._free(one, found):
                found.append(one)
        return found


def choose(
    setting: Setting,
    drawing: random.Random,
    hunks_of: Mapping[Innocent, tuple[Hunk, ...]],
    usable: list[Innocent],
) -> Chosen:
    """Draw the innocent changes of an incident from those that may be made with its fault."""
    return _Choice(setting, drawing, hunks_of).choose(usable)
