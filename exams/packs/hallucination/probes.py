"""Hidden questions: the failure class on documents drawn afresh, its neighbours, controls, and what nobody knows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exams.packs import Probe, ProbeSuite
from exams.packs.hallucination import build, text
from exams.packs.hallucination.incident import Incident, sound_answer
from exams.packs.hallucination.traffic import CHAT, FOLLOW_UPS, Asked
from exams.packs.hallucination.world import PLUS, Attribute, Product, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs import ProbeGroup

REPLACING = ("kb/", "tests/")
MOST_DRAWINGS = 40
CLASS_QUESTIONS = 22
NEIGHBOURS = 12
CONTROLS = 14
UNKNOWNS = 8
LEAST_TARGETS = 7  # different (product, attribute) the fault would damage

Pair = tuple[Product, Attribute]


class NoUsableProbes(RuntimeError):
    """No drawing gave documents that the healthy assistant answers without a mistake."""


def confusable(world: World, product: Product) -> bool:
    """Whether a sibling has the same name with or without Plus."""
    return any(sibling.tier == product.tier for sibling in world.siblings(product))


def targets(world: World, failure: str) -> list[Pair]:
    """What a fault of this class may damage, whichever fault it is."""
    if failure == "H1":
        return [pair for pair in world.known() if confusable(world, pair[0])]
    return list(world.unknown())


def neighbours(world: World, failure: str) -> list[Pair]:
    """What lies next to the damage and must stay as it was."""
    if failure == "H1":
        return [pair for pair in world.known() if not confusable(world, pair[0])]
    incomplete = {product.id for product, _ in world.unknown()}
    return [pair for pair in world.known() if pair[0].id in incomplete]


def fresh(incident: Incident, *, seed: int) -> ProbeSuite:
    """Draw new documents of the same trade, and at least 40 questions about them.

    Raises:
        NoUsableProbes: the healthy assistant makes mistakes on every drawing.
    """
    failure = incident.failure.key
    drawing = random.Random(f"probes/{failure}/{incident.spec.seed}/{seed}")  # noqa: S311 - a seeded drawing
    for _ in range(MOST_DRAWINGS):
        world = World.draw(domain=incident.world.domain.key, seed=drawing.randrange(2**48))
        if len(targets(world, failure)) < LEAST_TARGETS or not neighbours(world, failure):
            continue
        data = build.knowledge(world)
        asked = list(_questions(world, failure, drawing))
        with build.opened(incident.sound.overlay(data, replacing=REPLACING)) as ask:
            replies = [ask(one.question, one.session) for _, _, one in asked]
        if all(sound_answer(world, one, reply) for (_, _, one), reply in zip(asked, replies, strict=True)):
            return ProbeSuite(data=data, replacing=REPLACING, facts=world.facts_json(), probes=_named(asked, drawing))
    raise NoUsableProbes(
        f"{MOST_DRAWINGS} drawings for {failure}: the healthy assistant made a mistake on each of them, "
        "or there was too little to ask; train the language model better"
    )


def unchanged(incident: Incident) -> ProbeSuite:
    """Every question about the incident's own documents that the fault did not damage, as it was asked before."""
    world = incident.world
    damaged = set(incident.damage)
    probes = [
        Probe(
            key=f"p2p-{number:02d}",
            group="control" if world.fact(product, attribute.key) else "unknown",
            question=text.question(attribute=attribute.name, product=product.name),
        )
        for number, (product, attribute) in enumerate(
            (product, attribute)
            for product in world.products
            for attribute in world.domain.attributes
            if (product.id, attribute.key) not in damaged
        )
    ]
    return ProbeSuite(data=build.knowledge(world), replacing=REPLACING, facts=world.facts_json(), probes=tuple(probes))


Drawn = tuple["ProbeGroup", str, Asked]


def _questions(world: World, failure: str, drawing: random.Random) -> Iterator[Drawn]:
    """Go through the suite's questions: each target plainly first, then its metamorphic relations."""
    damaged = targets(world, failure)
    drawing.shuffle(damaged)
    for number in range(CLASS_QUESTIONS):
        product, attribute = damaged[number % len(damaged)]
        relation = "plain" if number < len(damaged) else drawing.choice(("paraphrase", "alias", "case"))
        yield "class", relation, _ask(product, attribute, relation, drawing)
    yield from _conversations(world, "class", damaged, drawing)

    near = neighbours(world, failure)
    for _ in range(NEIGHBOURS):
        product, attribute = drawing.choice(near)
        relation = drawing.choice(("plain", "paraphrase", "alias"))
        yield "neighbour", relation, _ask(product, attribute, relation, drawing)

    known = list(world.known())
    for _ in range(CONTROLS):
        product, attribute = drawing.choice(known)
        relation = drawing.choice(("plain", "paraphrase", "alias", "case"))
        yield "control", relation, _ask(product, attribute, relation, drawing)
    yield from _conversations(world, "control", known, drawing)

    nowhere = list(world.unknown())
    for _ in range(UNKNOWNS):
        product, attribute = drawing.choice(nowhere)
        yield "unknown", "paraphrase", _ask(product, attribute, "paraphrase", drawing)
    for name in _absent(world)[:3]:
        attribute = drawing.choice(world.domain.attributes)
        said = text.question(attribute=attribute.name, product=name)
        yield "unknown", "absent", Asked(0, said, "", None, attribute)
    yield "unknown", "small-talk", Asked(0, drawing.choice(CHAT), "", None, None)


def _ask(product: Product, attribute: Attribute, relation: str, drawing: random.Random) -> Asked:
    """Word one question; whatever the relation, the right answer stays the same."""
    name = drawing.choice(attribute.names[1:]) if relation == "alias" else attribute.name
    form = drawing.randrange(1, len(text.QUESTIONS)) if relation in {"paraphrase", "case"} else 0
    said = text.question(attribute=name, product=product.name, form=form)
    return Asked(0, said.lower() if relation == "case" else said, "", product, attribute)


def _conversations(world: World, group: ProbeGroup, pairs: list[Pair], drawing: random.Random) -> Iterator[Drawn]:
    """Two conversations that alternate: each follow-up belongs to its own."""
    chosen = drawing.sample(pairs, 2)
    openings: list[Drawn] = []
    follow_ups: list[Drawn] = []
    for number, (product, attribute) in enumerate(chosen):
        session = f"{group}-{number}"
        first = next(a for a in world.domain.attributes if a != attribute)
        said = text.question(attribute=first.name, product=product.name)
        openings.append((group, "session", Asked(0, said, session, product, first)))
        then = drawing.choice(FOLLOW_UPS).format(attribute=attribute.name)
        follow_ups.append((group, "session", Asked(0, then, session, product, attribute)))
    yield from openings
    yield from follow_ups


def _absent(world: World) -> list[str]:
    """Names that sound like the catalogue's and are not in it."""
    names = {product.name for product in world.products}
    return [
        f"{product.name} {PLUS}"
        for product in world.products
        if not product.plus and f"{product.name} {PLUS}" not in names
    ]


def _named(asked: list[Drawn], drawing: random.Random) -> tuple[Probe, ...]:
    """Give each question an opaque key; the order is drawn, except that a conversation keeps its own."""
    lone = [drawn for drawn in asked if not drawn[2].session]
    talks = [drawn for drawn in asked if drawn[2].session]
    drawing.shuffle(lone)
    places = set(drawing.sample(range(len(asked)), len(talks)))
    rest, talk = iter(lone), iter(talks)
    ordered = [next(talk) if place in places else next(rest) for place in range(len(asked))]
    return tuple(
        Probe(key=f"q{number:02d}", group=group, question=one.question, session=one.session, relation=relation)
        for number, (group, relation, one) in enumerate(ordered)
    )
