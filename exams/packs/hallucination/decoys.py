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
    from collections.abc import Mapping, Sequence

    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.past import Setting
    from exams.packs.hallucination.weave import Hunk

RECENT = 5  # innocent releases near the onset, in every incident
BEHAVING = 3  # of them change what the assistant does
SUSPECTS = 2  # of those, at least, look like harm
FOUNDED_SHARE = 0.5  # of the changes that are safe only with another may be made, with that one there from the start
SQUASHED = 2  # of them and the fault's hold a second change
ASKING_SHARE = 0.3  # of the incidents may have a change that shows in prompts: the model is asked anew then
BEHAVING_SHARE = 0.5  # of the second changes change what the assistant does
LARGE = 12  # lines taken away or added: as many as faults of the larger sort have
LARGE_ONES = (1, 2, 2)  # of the innocent releases
OLDER = 2  # at most, between the founding and the last published document
PRESENT = 0.45  # of the other innocent changes are in the code from the start


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
        self.setting = setting
        self.random = drawing
        self.hunks = hunks_of

    def choose(self, usable: list[Innocent]) -> Chosen:
        """Draw them from all that may be made with this fault."""
        files = {edit.path for edit in self.setting.fault.edits if not edit.path.startswith("tests/")}
        drawn = self.random.sample(usable, len(usable))
        asking = self.random.random() < ASKING_SHARE
        asks = next((one for one in drawn if one.asks and asking), None)
        drawn = [one for one in drawn if not one.asks or one is asks]
        drawn.sort(key=lambda one: one.note)  # what nobody would suspect is no decoy
        drawn, bases = self._founded(drawn)
        close = [one for one in drawn if one.files & files and not one.note]
        fault = hunks(self.setting.healthy, self.setting.faulty)
        close.sort(key=lambda one: (beside(self.hunks[one], fault), not one.suspect))
        near = next((one for one in close if one.behaves), (close or drawn)[0])
        drawn.remove(near)
        lately = [one for one in drawn if not beside(self.hunks[one], fault)]  # a revert of the cause must be clean
        behaving = self._together([near, *self._suspects_first(near, lately)])[: BEHAVING + (not near.behaves)]
        plain = [one for one in lately if not one.behaves]
        large = [one for one in plain if not one.note and size(self.hunks[one]) >= LARGE]
        large = large[: self.random.choice(LARGE_ONES)]
        together = self._together([*dict.fromkeys([*behaving, *large, *plain, *drawn])])
        recent, rest = together[:RECENT], together[RECENT:]
        made = [*fault, *(hunk for one in recent for hunk in self.hunks[one])]
        small = [one for one in rest if one in lately and not one.asks and size(self.hunks[one]) < LARGE]
        small = [one for one in small if not beside(self.hunks[one], made)]
        riders: list[Innocent] = []
        for _ in range(SQUASHED):
            behaves = self.random.random() < BEHAVING_SHARE
            riders.append(self.random.choice([one for one in small if one.behaves is behaves]))
            small = [one for one in small if not beside(self.hunks[one], [*self.hunks[riders[-1]]])]
        rest = [one for one in rest if one not in riders and one is not asks]
        self.random.shuffle(rest)
        older = [one for one in rest if not one.note][: self.random.randrange(1, OLDER + 1)]
        present = [one for one in rest if one not in older and self.random.random() < PRESENT]
        return Chosen(recent, riders, older, [*bases, *present])

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
