"""Which innocent changes an incident's past holds: as many of each kind, whatever the fault, the trade and the seed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import build, decoys
from exams.packs.hallucination.asked import sound
from exams.packs.hallucination.battery import plain
from exams.packs.hallucination.drawing import written
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import domain_of, fault_of
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.weave import apart, size, taken, woven
from exams.packs.hallucination.world import DOMAINS
from sandboxes.ingest.tree import Tree

from .pasts import FAULTS, clear_of, healthy, setting_of, world_of

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


def test_few_incidents_have_the_same_innocent_change() -> None:
    """Who has seen some incidents knows what comes back in others, and would pass over it unread."""
    made, there = Counter[str](), Counter[str]()
    specs = [Spec(key, seed) for key in CLASSES for seed in range(2000, 2004)]
    for spec in specs:
        domain = domain_of(spec.seed)
        setting = setting_of(spec.failure_class, fault_of(spec), domain, spec.seed)
        one = chosen(setting, domain, spec.seed)
        made.update(each.subject for each in (*one.recent, *one.riders, *one.older))
        there.update(each.subject for each in (*one.recent, *one.riders, *one.older, *one.present))
    assert made.most_common(1)[0][1] <= 0.25 * len(specs), made.most_common(3)
    assert there.most_common(1)[0][1] <= 0.3 * len(specs), there.most_common(3)


# --- Right by the code, not by the luck of these documents -----------------------------------------------------

BEHAVING = [one for one in INNOCENTS if one.behaves and not one.after]


def rewritten(name: str, old: str, new: str) -> Tree:
    """The documents of the bank with one line of a header put otherwise."""
    held = healthy("bank").files[f"kb/{name}.md"].decode()
    assert held.count(old) == 1
    return Tree({f"kb/{name}.md": held.replace(old, new).encode()})


def changed(on: Tree) -> list[str]:
    """The innocent changes with which these documents are answered from otherwise than without."""
    world = world_of("bank")
    asked = [plain(product, attribute) for product in world.products for attribute in world.domain.attributes]
    asked += [plain(world.products[0], one, name=f"x{one.name}x") for one in world.domain.attributes]

    def said(tree: Tree) -> list[tuple[bool, bool]]:
        with build.opened(tree.overlay(on)) as ask:
            replies = [(one, ask(one.question)) for one in asked]
        return [(sound(world, one, reply), bool(reply["refused"])) for one, reply in replies]

    healthy_ones = said(healthy("bank"))
    trees = {one.subject: woven(healthy("bank"), hunks_of("bank")[one]) for one in BEHAVING}
    return [subject for subject, tree in trees.items() if said(tree) != healthy_ones]


def test_no_change_takes_an_edition_over_before_its_day_though_it_is_near() -> None:
    world = world_of("bank")
    coming = next(one for one in world.documents if one.edition == "future")
    near = written(world.as_of + timedelta(days=1))
    assert changed(rewritten(coming.id, f"effective: {written(coming.effective)}", f"effective: {near}")) == []


def test_no_change_drops_an_edition_in_force_though_it_is_old() -> None:
    world = world_of("bank")
    series = [one.series for one in world.documents]
    lasting = next(one for one in world.in_force if series.count(one.series) == 1)
    old = written(lasting.effective.replace(year=lasting.effective.year - 12))
    assert changed(rewritten(lasting.id, f"effective: {written(lasting.effective)}", f"effective: {old}")) == []


@pytest.mark.parametrize("field", ["kind: terms\n", "status: approved\n"])
def test_no_change_takes_for_granted_what_a_header_does_not_say(field: str) -> None:
    terms = next(one for one in world_of("bank").in_force if one.kind == "terms")
    silent = rewritten(terms.id, field, "")
    for one in BEHAVING:
        with pytest.raises(KeyError), build.opened(woven(healthy("bank"), hunks_of("bank")[one]).overlay(silent)):
            pytest.fail(one.subject)


@pytest.mark.parametrize("length", [210, 290])
def test_no_change_takes_the_end_off_a_long_sentence(length: int) -> None:
    text = "a " * (length // 2) + "and 39 USD"
    for one in BEHAVING:
        code = woven(healthy("bank"), hunks_of("bank")[one]).files["assistant/ingest.py"].decode()
        module: dict[str, object] = {"__name__": __name__}
        exec(code, module)  # noqa: S102 - our own code
        clean = module["clean"]
        assert callable(clean)
        assert str(clean(text)).endswith("39 USD"), one.subject
