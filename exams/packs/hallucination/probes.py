"""Hidden questions: the failure class on documents drawn afresh, its neighbours, controls, and what nobody knows."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from exams.packs import Probe, ProbeSuite
from exams.packs.hallucination import battery, build
from exams.packs.hallucination.asked import sound
from exams.packs.hallucination.text import QUESTIONS
from exams.packs.hallucination.trades import JURISDICTIONS
from exams.packs.hallucination.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs import ProbeGroup
    from exams.packs.hallucination.asked import Asked
    from exams.packs.hallucination.edits import FailureClass
    from exams.packs.hallucination.incident import Incident
    from sandboxes.ingest.tree import Tree

REPLACING = ("kb/", "tests/")
MOST_DRAWINGS = 40
CLASS_QUESTIONS = 24
NEIGHBOURS = 10
CONTROLS = 12
UNKNOWNS = 6
AGAIN = 6  # of what the fault spoils, word for word a second time: some wrong fixes hold for the first answer only
SOON = 8  # questions later at most: caches are small
TALKS = 6  # pairs of conversations
LEAST_HARMED = 4  # of the class's questions: one alone may come out right by chance after a wrong fix
TALKS_ONLY = 12  # where the fault touches nothing else

Drawn = tuple["ProbeGroup", str, "Asked"]  # group, metamorphic relation, question


class NoUsableProbes(RuntimeError):
    """No drawing gave documents with enough to ask about that the healthy assistant answers without a mistake."""


def fresh(incident: Incident, *, seed: int) -> ProbeSuite:
    """Draw new documents of the same trade, and at least 40 questions about them.

    Raises:
        NoUsableProbes: no drawing would do.
    """
    failure = incident.failure
    drawing = random.Random(f"probes/{failure.key}/{incident.spec.seed}/{seed}")  # noqa: S311 - a seeded drawing
    healthy = incident.sound
    for _ in range(MOST_DRAWINGS):
        world = World.draw(domain=incident.world.domain.key, seed=drawing.randrange(2**48))
        asked = list(_questions(world, failure, drawing))
        data = build.knowledge(world)
        spoiled = _spoiled(incident.faulty.overlay(data, replacing=REPLACING), world, asked)
        if {group for group, _, _ in spoiled} != {"class"} or len(spoiled) < LEAST_HARMED:
            continue
        _ask_again(asked, [one for one in spoiled if not one[2].session], drawing)
        if not _answers_all(healthy.overlay(data, replacing=REPLACING), world, asked):
            continue
        return ProbeSuite(data=data, replacing=REPLACING, facts=world.facts_json(), probes=_named(asked))
    raise NoUsableProbes(
        f"{MOST_DRAWINGS} drawings for {failure.key} with seed {seed}: the fault did harm out of its scope or none, or "
        "the healthy assistant made a mistake; train the language model better"
    )


def _answers_all(tree: Tree, world: World, asked: list[Drawn]) -> bool:
    """Whether the healthy assistant answers every question exactly."""
    with build.opened(tree) as ask:
        return all(sound(world, one, ask(one.question, one.session)) for _, _, one in asked)


def _spoiled(tree: Tree, world: World, asked: list[Drawn]) -> list[Drawn]:
    """The questions that the fault gets a wrong answer to: several, and none out of its scope."""
    with build.opened(tree) as ask:
        return [one for one in asked if not sound(world, one[2], ask(one[2].question, one[2].session))]


def _ask_again(asked: list[Drawn], spoiled: list[Drawn], draw: random.Random) -> None:
    """Put some of what is spoiled a second time into the suite, soon after the first."""
    for one in draw.sample(spoiled, min(AGAIN, len(spoiled))):
        asked.insert(asked.index(one) + draw.randint(1, SOON), ("class", "again", one[2]))


def unchanged(incident: Incident) -> ProbeSuite:
    """Every question of the incident's own battery that its class touches nowhere, conversations apart."""
    world = incident.world
    chosen = [
        one
        for one in battery.battery(world)
        if not one.session and one not in incident.touched and not incident.failure.touches(world, one)
    ]
    probes = tuple(
        Probe(
            key=f"p2p-{number:02d}",
            group="control" if one.fact(world) else "unknown",
            question=one.question,
            relation="absent" if one.kind == "stranger" else "plain",
        )
        for number, one in enumerate(chosen)
    )
    return ProbeSuite(data=build.knowledge(world), replacing=REPLACING, facts=world.facts_json(), probes=probes)


def _questions(world: World, failure: FailureClass, draw: random.Random) -> Iterator[Drawn]:
    """Go through the suite's questions in the order they are asked: lone ones and conversations mixed."""
    lone = list(_lone(world, failure, draw))
    draw.shuffle(lone)
    damaged = [one for group, _, one in lone if group == "class"]
    pairs = TALKS if damaged else TALKS_ONLY
    talks: list[Drawn] = [
        (_group(world, failure, one), "session", one) for one in battery.conversations(world, draw, pairs=pairs)
    ]
    if not damaged:
        talks += ((_group(world, failure, one), "session", one) for one in _changing(world, draw))
    elif all(one.kind != "plain" for one in damaged):
        odd = [one for one in damaged if one.kind in {"stranger", "abroad"}]
        talks += _pursued(world, failure, draw.sample(odd, min(len(odd), TALKS)), draw)
    places = set(draw.sample(range(len(lone) + len(talks)), len(talks)))
    rest, talk = iter(lone), iter(talks)
    for place in range(len(lone) + len(talks)):
        yield next(talk) if place in places else next(rest)


def _changing(world: World, draw: random.Random) -> Iterator[Asked]:
    """Two customers at a time whose sessions' names are alike at both ends, and who go on to other products."""
    for number in range(2):
        products = draw.sample(world.products, 4)
        asked_first, asked_next = draw.sample(world.domain.attributes, 2)
        form = draw.randrange(len(battery.FOLLOW_UPS))
        for pair in (products[:2], products[2:]):
            sessions = [f"turn-{number}-{place}-a" for place in range(2)]
            for product, session in zip(pair, sessions, strict=True):
                yield battery.plain(product, asked_first, session=session)
            for product, session in zip(pair, sessions, strict=True):
                yield battery.follow_up(product, asked_next, session=session, form=form)


def _pursued(world: World, failure: FailureClass, damaged: list[Asked], draw: random.Random) -> Iterator[Drawn]:
    """Ask each question in a conversation of its own, then for something else of the same name, there."""
    for number, one in enumerate(damaged):
        opening = replace(one, session=f"next-{number}")
        what = draw.choice([attribute for attribute in world.domain.attributes if attribute != one.attribute])
        said = f"And the {what.name} in {one.place}?" if one.place else f"And the {what.name}?"
        for each in (opening, replace(opening, question=said, attribute=what)):
            yield _group(world, failure, each), "session", each


def _lone(world: World, failure: FailureClass, draw: random.Random) -> Iterator[Drawn]:
    """Go through the questions that stand alone: the class plainly first, then its metamorphic relations."""
    catalogue = [one for one in battery.battery(world) if one.kind == "plain" and not one.session]
    groups: dict[ProbeGroup, list[Asked]] = {"class": [], "neighbour": [], "control": [], "unknown": []}
    for one in catalogue:
        groups[_group(world, failure, one)].append(one)
    groups["class"] = groups["class"] or _elsewhere(world, failure)
    for group, most in (
        ("class", CLASS_QUESTIONS),
        ("neighbour", NEIGHBOURS),
        ("control", CONTROLS),
        ("unknown", UNKNOWNS),
    ):
        found = draw.sample(groups[group], len(groups[group]))  # type: ignore[index]
        for number in range(most if found else 0):
            one = found[number % len(found)]
            relation = "plain" if number < len(found) else draw.choice(("paraphrase", "alias", "case"))
            yield group, _relation(one, relation), _reworded(one, relation, draw)  # type: ignore[misc]
    for one in _odd(world, draw):
        yield _group(world, failure, one), _relation(one, "plain"), one


def _relation(asked: Asked, otherwise: str) -> str:
    return {"stranger": "absent", "chat": "small-talk"}.get(asked.kind, "place" if asked.place else otherwise)


def _elsewhere(world: World, failure: FailureClass) -> list[Asked]:
    """List the class's questions about what the catalogue does not have, or not there, in capitals and without."""
    found: list[Asked] = []
    for attribute in world.domain.attributes:
        found += [battery.stranger(name, attribute) for name in world.strangers]
        for product in world.products:
            places = [place for place in JURISDICTIONS if place != product.jurisdiction]
            found += [battery.somewhere(product, attribute, place) for place in places]
    damaged = [one for one in found if failure.touches(world, one)]
    return [*damaged, *map(battery.lower, damaged)]


def _odd(world: World, draw: random.Random) -> Iterator[Asked]:
    """Questions of the other kinds."""
    attributes = world.domain.attributes
    forms = range(len(QUESTIONS))
    for name in world.strangers:
        yield battery.stranger(name, draw.choice(attributes), form=draw.choice(forms))
    for product in draw.sample(world.products, 8):
        abroad = draw.choice([place for place in JURISDICTIONS if place != product.jurisdiction])
        yield battery.somewhere(product, draw.choice(attributes), abroad, form=draw.choice(forms))
    for product in draw.sample(world.products, 4):
        yield battery.somewhere(product, draw.choice(attributes), product.jurisdiction, form=draw.choice(forms))
    for product in draw.sample(world.products, 3):
        yield battery.vague(product, draw.choice(battery.NOTHING_STATED), form=draw.choice(forms))
    for said in draw.sample(battery.CHAT, 2):
        yield battery.chat(said)


def _group(world: World, failure: FailureClass, asked: Asked) -> ProbeGroup:
    if failure.touches(world, asked):
        return "class"
    if failure.near(world, asked):
        return "neighbour"
    return "control" if asked.fact(world) else "unknown"


def _reworded(asked: Asked, relation: str, draw: random.Random) -> Asked:
    """Word one plain question otherwise; whatever the relation, the right answer stays the same."""
    if asked.product is None or asked.attribute is None or asked.place or relation == "plain":
        return asked
    if relation == "alias":
        return battery.plain(asked.product, asked.attribute, name=draw.choice(asked.attribute.names[1:]))
    said = battery.plain(asked.product, asked.attribute, form=draw.randrange(1, len(QUESTIONS)))
    return said if relation == "paraphrase" else battery.lower(said)


def _named(asked: list[Drawn]) -> tuple[Probe, ...]:
    """Give each question an opaque key."""
    return tuple(
        Probe(key=f"q{number:02d}", group=group, question=one.question, session=one.session, relation=relation)
        for number, (group, relation, one) in enumerate(asked)
    )
