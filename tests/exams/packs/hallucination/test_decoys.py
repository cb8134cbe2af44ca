"""Which innocent changes an incident's past holds: as many of each kind, whatever the fault, the trade and the seed."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

import pytest

from exams.packs.hallucination import decoys
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.weave import apart, size, taken, woven
from exams.packs.hallucination.world import DOMAINS

from .pasts import FAULTS, clear_of, healthy, setting_of

if TYPE_CHECKING:
    from exams.packs.hallucination.edits import Fault
    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.past import Setting
    from exams.packs.hallucination.weave import Hunk

SEEDS = 4


@cache
def hunks_of(domain: str) -> dict[Innocent, tuple[Hunk, ...]]:
    return {one: taken(healthy(domain), one.edits) for one in INNOCENTS}


def chosen(setting: Setting, domain: str, seed: int, usable: list[Innocent] | None = None) -> decoys.Chosen:
    drawing = random.Random(f"decoys/{setting.key}/{setting.fault.name}/{seed}")  # noqa: S311 - a seeded drawing
    return decoys.choose(setting, drawing, hunks_of(domain), may_be_made(setting, domain) if usable is None else usable)


def may_be_made(setting: Setting, domain: str) -> list[Innocent]:
    clear = clear_of(setting.key, setting.fault.name, domain)
    return [one for one in INNOCENTS if setting.key not in one.not_with and apart(hunks_of(domain)[one], clear)]


@pytest.mark.parametrize("domain", sorted(DOMAINS))
@pytest.mark.parametrize(("key", "fault"), FAULTS, ids=lambda one: one if isinstance(one, str) else one.name)
def test_every_choice_has_as_many_of_each_kind(key: str, fault: Fault, domain: str) -> None:
    setting = setting_of(key, fault, domain)
    for seed in range(SEEDS):
        made = chosen(setting, domain, seed)
        assert (len(made.recent), len(made.riders)) == (decoys.RECENT, decoys.SQUASHED)
        assert 1 <= len(made.older) <= decoys.OLDER
        every = [*made.recent, *made.riders, *made.older, *made.present]
        assert len({*every}) == len(every)
        woven(setting.healthy, *(hunks_of(domain)[one] for one in every))  # raises if two take the same line


@pytest.mark.parametrize("behaves", [True, False])
def test_where_no_rider_is_left_of_the_sort_drawn_the_other_sort_rides(behaves: bool) -> None:
    key, fault = FAULTS[0]
    setting = setting_of(key, fault, "bank")
    usable = may_be_made(setting, "bank")
    lasting = [one for one in usable if one.behaves][: 30 if behaves else decoys.BEHAVING]
    lasting += [one for one in usable if not one.behaves][: decoys.RECENT if behaves else 30]
    for seed in range(40):
        assert len(chosen(setting, "bank", seed, lasting).riders) == decoys.SQUASHED


def test_where_only_large_ones_are_left_they_ride() -> None:
    key, fault = FAULTS[0]
    setting = setting_of(key, fault, "bank")
    found = hunks_of("bank")
    usable = sorted(may_be_made(setting, "bank"), key=lambda one: -size(found[one]))
    assert size(found[usable[11]]) >= decoys.LARGE
    for seed in range(40):
        assert len(chosen(setting, "bank", seed, usable[:12]).riders) == decoys.SQUASHED
