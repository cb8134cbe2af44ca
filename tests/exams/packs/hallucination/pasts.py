"""Pasts of incidents without the incidents: no question is asked, so many can be drawn at once."""

from __future__ import annotations

import random
from functools import cache

from exams.oracle import ClaimVerdict
from exams.packs import Spec
from exams.packs.hallucination import build, history, moments
from exams.packs.hallucination.asked import Wrong
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import COMPANIES, domain_of, fault_of
from exams.packs.hallucination.mending import healthy_with, kept_clear
from exams.packs.hallucination.past import Past, Setting
from exams.packs.hallucination.people import staff
from exams.packs.hallucination.weave import Hunk
from exams.packs.hallucination.world import World
from sandboxes.ingest.tree import Tree

FAULTS = [(key, fault) for key, failure in CLASSES.items() for fault in failure.faults]


@cache
def world_of(domain: str) -> World:
    return World.draw(domain=domain, seed=7)


@cache
def healthy(domain: str) -> Tree:
    return build.healthy(world_of(domain), service="some-answers", company="Some Company")


def told(world: World) -> Told:
    """A wrong answer of some kind: fixes that hang on one do so in words, not in places."""
    asked, fact = next(
        (one, fact) for one in battery(world) if (fact := one.fact(world)) is not None and fact.condition is not None
    )
    return Told(world, asked, "It is 3.", Wrong(3, None, fact, ClaimVerdict.conflict), (fact.document, fact.sentence))


@cache
def clear_of(key: str, name: str, domain: str) -> tuple[Hunk, ...]:
    failure = CLASSES[key]
    fault = next(one for one in failure.faults if one.name == name)
    tree = healthy(domain)
    faulty = apply(healthy_with(tree, fault), fault.edits)
    return kept_clear(tree, faulty, failure, fault, told(world_of(domain)))


def setting_of(key: str, fault: Fault, domain: str, seed: int = 0) -> Setting:
    """What a past with this fault is drawn from."""

    def drawing(purpose: str) -> random.Random:
        return random.Random(f"{purpose}/{key}/{fault.name}/{seed}")  # noqa: S311 - a seeded drawing

    world, tree = world_of(domain), healthy(domain)
    prepared = healthy_with(tree, fault)
    return Setting(
        draw=drawing,
        world=world,
        people=staff(domain, COMPANIES[domain][0], drawing("people")),
        fault=fault,
        when=moments.times(drawing("times"), world.as_of, dormant=bool(fault.waits_for)),
        healthy=tree,
        prepared=prepared,
        faulty=apply(prepared, fault.edits),
        key=key,
        kept_clear=clear_of(key, fault.name, domain),
    )


def past(failure: FailureClass, fault: Fault, domain: str, seed: int) -> tuple[Setting, Past]:
    setting = setting_of(failure.key, fault, domain, seed)
    return setting, history.draw(setting)


def of_spec(key: str, seed: int) -> tuple[Setting, Past]:
    """The past with the fault and the trade that a specification draws."""
    return past(CLASSES[key], fault_of(Spec(key, seed)), domain_of(seed), seed)
