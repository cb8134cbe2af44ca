"""Hidden questions: the failure class on documents drawn afresh, its neighbours, controls, and what nobody knows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exams.packs import Probe, ProbeSuite
from exams.packs.hallucination import build, text
from exams.packs.hallucination.incident import sound_answer
from exams.packs.hallucination.scope import Pair, controls, neighbours, nowhere, targets
from exams.packs.hallucination.traffic import CHAT, FOLLOW_UPS, Asked
from exams.packs.hallucination.world import PLUS, Attribute, Product, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs import ProbeGroup
    from exams.packs.hallucination.incident import Incident
    from sandboxes.ingest.tree import Tree

REPLACING = ("kb/", "tests/")
MOST_DRAWINGS = 40
CLASS_QUESTIONS = 22
NEIGHBOURS = 12
CONTROLS = 14
UNKNOWNS = 8
LEAST_TARGETS = 7  # different (product, attribute) the fault would damage

Drawn = tuple["ProbeGroup", str, Asked]  # group, metamorphic relation, question


class NoUsableProbes(RuntimeError):
    """No drawing gave documents with enough to ask about that the healthy assistant answers without a mistake."""


def fresh(incident: Incident, *, seed: int) -> ProbeSuite:
    """Draw new documents of the same trade, and at least 40 questions about them.

    Raises:
        NoUsableProbes: no drawing would do.
    """
    failure = incident.failure.key
    drawing = random.Random(f"probes/{failure}/{incident.spec.seed}/{seed}")  # noqa: S311 - a seeded drawing
    for _ in range(MOST_DRAWINGS):
        world = World.draw(domain=incident.world.domain.key, seed=drawing.randrange(2**48))
        if len(targets(world, failure)) < LEAST_TARGETS or not neighbours(world, failure):
            continue
        asked = list(_questions(world, failure, drawing))
        data = build.knowledge(world)
        if _answers_all(incident.sound.overlay(data, replacing=REPLACING), world, asked):
            return ProbeSuite(data=data, replacing=REPLACING, facts=world.facts_json(), probes=_named(asked, drawing))
    raise NoUsableProbes(
        f"{MOST_DRAWINGS} drawings for {failure} with seed {seed}: there was too little to ask, or the healthy "
        "assistant made a mistake; train the language model better"
    )


def _answers_all(sound: Tree, world: World, asked: list[Drawn]) -> bool:
    """Whether the healthy assistant answers every question exactly."""
    with build.opened(sound) as ask:
        return all(sound_answer(world, one, ask(one.question, one.session)) for _, _, one in asked)


def unchanged(incident: Incident) -> ProbeSuite:
    """Every plain question about the incident's own documents that the faulty tree answers rightly."""
    world = incident.world
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
            if (product.id, attribute.key) not in incident.touched
        )
    ]
    return ProbeSuite(data=build.knowledge(world), replacing=REPLACING, facts=world.facts_json(), probes=tuple(probes))


def _questions(world: World, failure: str, drawing: random.Random) -> Iterator[Drawn]:
    """Go through the suite's questions: each target plainly first, then its metamorphic relations."""
    damaged = targets(world, failure)
    drawing.shuffle(damaged)
    for number in range(CLASS_QUESTIONS):
        product, attribute = damaged[number % len(damaged)]
        relation = "plain" if number < len(damaged) else drawing.choice(("paraphrase", "alias", "case"))
        yield "class", relation, _ask(product, attribute, relation, drawing)
    yield from _conversations(world, "class", damaged, drawing)

    for _ in range(NEIGHBOURS):
        product, attribute = drawing.choice(neighbours(world, failure))
        relation = drawing.choice(("plain", "paraphrase", "alias"))
        yield "neighbour", relation, _ask(product, attribute, relation, drawing)

    sound = controls(world, failure)
    for _ in range(CONTROLS):
        product, attribute = drawing.choice(sound)
        relation = drawing.choice(("plain", "paraphrase", "alias", "case"))
        yield "control", relation, _ask(product, attribute, relation, drawing)
    yield from _conversations(world, "control", sound, drawing)

    stated_nowhere = nowhere(world, failure)
    for product, attribute in drawing.sample(stated_nowhere, min(UNKNOWNS, len(stated_nowhere))):
        yield "unknown", "paraphrase", _ask(product, attribute, "paraphrase", drawing)
    for name in _absent(world)[:3]:
        attribute = drawing.choice(world.domain.attributes)
        said = text.question(attribute=attribute.name, product=name)
        # A name that differs from a product's by Plus alone is what wrong-entity retrieval is about.
        yield "class" if failure == "H1" else "unknown", "absent", Asked(0, said, "", None, attribute)
    for said in drawing.sample(CHAT, 2):
        yield "unknown", "small-talk", Asked(0, said, "", None, None)


def _ask(product: Product, attribute: Attribute, relation: str, drawing: random.Random) -> Asked:
    """Word one question; whatever the relation, the right answer stays the same."""
    name = drawing.choice(attribute.names[1:]) if relation == "alias" else attribute.name
    form = drawing.randrange(1, len(text.QUESTIONS)) if relation in {"paraphrase", "case"} else 0
    said = text.question(attribute=name, product=product.name, form=form)
    return Asked(0, said.lower() if relation == "case" else said, "", product, attribute)


def _conversations(world: World, group: ProbeGroup, pairs: list[Pair], drawing: random.Random) -> Iterator[Drawn]:
    """Two conversations that alternate, each about one product and what `pairs` say of it."""
    openings: list[Drawn] = []
    follow_ups: list[Drawn] = []
    for number, (product, attribute) in enumerate(drawing.sample(pairs, 2)):
        session = f"{group}-{number}"
        others = [a for a in world.domain.attributes if a != attribute and (product, a) in pairs]
        first = others[0] if others else attribute
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
