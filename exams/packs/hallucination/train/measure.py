"""What a trained model does on worlds it has not seen, given perfect retrieval and given each kind of bad one.

Run as a module it prints the figures of the model that ships, as JSON.
"""

import dataclasses
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exams.packs.hallucination import lm, text
from exams.packs.hallucination.lm.model import Model, load
from exams.packs.hallucination.world import DOMAINS, Attribute, Fact, Product, World

Sentence = tuple[str, int, str]


@dataclass(frozen=True)
class Figures:
    """Shares of questions (0 to 1) and the mean processor time of an answer in milliseconds.

    `known`: the right answer word for word, citation and condition included. `ranked`: the same when siblings'
    sentences about the same attribute follow the right one; `crowded`: the same when they come in any order.
    `unknown`: a refusal. `wrong_entity`: the sibling's sentence cited for the asked product, when that sentence was
    all that was retrieved. `recalled`: exactly the remembered value, when nothing relevant was retrieved and the
    clause is missing; `baseless` counts any value then. `restored`: a refusal when nothing at all was retrieved and
    the clause is there.
    """

    known: float
    ranked: float
    crowded: float
    unknown: float
    wrong_entity: float
    recalled: float
    baseless: float
    restored: float
    milliseconds: float


def sentences_of(world: World, product: Product) -> list[Sentence]:
    """Collect the sentences that mention exactly this product, in the order of the documents."""
    longer = [other.name for other in world.siblings(product) if other.name.startswith(product.name)]
    return [
        (document.id, number, sentence)
        for document in world.in_force
        for number, sentence in enumerate(document.sentences, 1)
        if product.name in sentence and not any(name in sentence for name in longer)
    ]


def stating(world: World, fact: Fact) -> Sentence:
    """Give the one sentence that states a fact."""
    return fact.document, fact.sentence, world.document(fact.document).sentences[fact.sentence - 1]


def perfect(world: World, product: Product, attribute: Attribute, rand: random.Random) -> list[Sentence]:
    """Retrieve as a sound retriever does: some of the asked product's sentences, the stating one first."""
    found = sentences_of(world, product)
    fact = world.fact(product, attribute.key)
    found.sort(key=lambda sentence: fact is None or sentence[:2] != (fact.document, fact.sentence))
    return found[: rand.randint(1, text.MAX_SENTENCES)]


def questions(*, known: bool, number: int, seed: int) -> Iterator[tuple[World, Product, Attribute, str]]:
    """Draw questions over worlds of all domains, that many."""
    rand = random.Random(f"questions/{seed}/{known}")  # noqa: S311 - a seeded drawing, not a secret
    for at in range(number):
        world = World.draw(domain=list(DOMAINS)[at % len(DOMAINS)], seed=seed * 100_000 + at)
        product, attribute = rand.choice(list(world.known() if known else world.unknown()))
        form = rand.randrange(len(text.QUESTIONS))
        asked = text.question(attribute=rand.choice(attribute.names), product=product.name, form=form)
        yield world, product, attribute, asked


def measure(model: Model, *, number: int = 200, seed: int = 900) -> Figures:
    """Ask that many known and that many unknown questions and count."""
    rand = random.Random(seed)  # noqa: S311 - a seeded drawing, not a secret
    began = time.process_time()
    right = ranked = crowded = wrong_entity = siblings = 0
    for world, product, attribute, asked in questions(known=True, number=number, seed=seed):
        found = perfect(world, product, attribute, rand)
        right += _say(model, asked, found) == world.answer(product, attribute.key)
        misled = [
            stating(world, fact)
            for other in world.siblings(product)
            if (fact := world.fact(other, attribute.key)) is not None
        ]
        among = [*found[:1], *misled]
        ranked += _say(model, asked, among) == world.answer(product, attribute.key)
        rand.shuffle(among)
        crowded += _say(model, asked, among) == world.answer(product, attribute.key)
        if misled:
            siblings += 1
            given = text.parse_answer(_say(model, asked, misled[:1]))
            wrong_entity += given is not None and (given.product, given.document, given.sentence) == (
                product.name,
                *misled[0][:2],
            )
    refused = recalled = baseless = restored = 0
    for world, product, attribute, asked in questions(known=False, number=number, seed=seed):
        found = perfect(world, product, attribute, rand)
        refused += _say(model, asked, found) == text.REFUSAL
        restored += _say(model, asked, []) == text.REFUSAL
        given = text.parse_answer(_say(model, asked, found[: rand.randint(0, 3)], clause=None))
        baseless += given is not None and not given.refused
        recalled += given is not None and not given.refused and given.value == world.remembered(product, attribute.key)
    answers = 6 * number + siblings
    return Figures(
        known=right / number,
        ranked=ranked / number,
        crowded=crowded / number,
        unknown=refused / number,
        wrong_entity=wrong_entity / siblings,
        recalled=recalled / number,
        baseless=baseless / number,
        restored=restored / number,
        milliseconds=1000 * (time.process_time() - began) / answers,
    )


def _say(model: Model, asked: str, found: list[Sentence], *, clause: str | None = text.GROUNDING_CLAUSE) -> str:
    return model.generate(text.prompt(question=asked, sentences=found, clause=clause))


if __name__ == "__main__":
    shipped = load(Path(lm.__file__).parent)
    sys.stdout.write(json.dumps(dataclasses.asdict(measure(shipped))) + "\n")
