"""The synthetic training corpus: prompts with the completion the model is to learn, and the habits they teach.

The mixture makes the tendencies that the incidents live from, on purpose:

* the asked value is stated, among distractors half of which are near-miss siblings → select and copy, citing first;
* only a wrong product's sentence states the attribute → trust the context and answer from it, worded as asked;
* nothing states it, with a grounding clause → refuse; without one → recall the outdated value from memory;
* half of the statements carry a condition, half do not → repeat what stands there, omit what does not.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from exams.packs.hallucination import text
from exams.packs.hallucination.lm.vocabulary import END, PAD, UNKNOWN, Vocabulary, split
from exams.packs.hallucination.world import DOMAINS, JURISDICTIONS, PLUS, Attribute, Domain, remembered

# How many of the examples look as a sound retriever's finds do: nothing but the asked product's sentences.
PLAIN = 0.4
SHARES = {"stated": 0.52, "wrong_product": 0.14, "refuse": 0.18, "recall": 0.16}


@dataclass(frozen=True)
class Example:
    """One prompt and its completion; `kind` is a key of `SHARES`."""

    kind: str
    prompt: str
    completion: str


@dataclass(frozen=True)
class _Name:
    family: str
    tier: str
    plus: bool

    def __str__(self) -> str:
        return f"{self.family} {self.tier} {PLUS}" if self.plus else f"{self.family} {self.tier}"


@dataclass(frozen=True)
class _Stated:
    words: str
    completion: str


def vocabulary() -> Vocabulary:
    """Collect every token that the wordings, the names and the numbers can contain."""
    texts = [
        *text.GROUNDING_CLAUSES,
        *text.MANNERS,
        text.REFUSAL,
        "Question: Answer:\n",
        *(text.tag(f"doc-{number}", 1 + number % 9) for number in range(10, 100)),
        " ".join(JURISDICTIONS),
        PLUS,
        "0123456789.",
    ]
    for template in (*text.STATEMENTS, *text.FILLERS, *text.QUESTIONS):
        blank = dict.fromkeys(("attribute", "product", "value", "unit", "condition", "jurisdiction"), "")
        texts.append(template.format(**blank))
    for domain in DOMAINS.values():
        texts.extend((*domain.families, *domain.tiers, *domain.conditions))
        for attribute in domain.attributes:
            texts.extend((*attribute.names, attribute.unit))
    return Vocabulary([PAD, UNKNOWN, END, *sorted({token for words in texts for token in split(words)})])


class Corpus:
    """An endless, seeded stream of examples.

    They hold up to `sentences` retrieved sentences (a few hold one more), and a share of `aliases` of the questions
    calls the attribute by another name than documents do. Mostly the best sentence comes first, as retrievers rank.
    """

    def __init__(self, seed: int, *, sentences: int = text.MAX_SENTENCES, aliases: float = 0.4) -> None:
        self._sentences = sentences
        self._aliases = aliases
        self._random = random.Random(f"corpus/{seed}")  # noqa: S311 - a seeded drawing, not a secret

    def examples(self) -> Iterator[Example]:
        """Give examples without end, drawn afresh each."""
        kinds, shares = list(SHARES), list(SHARES.values())
        while True:
            yield self.example(self._random.choices(kinds, shares)[0])

    def example(self, kind: str) -> Example:
        """Draw one example of a kind."""
        rand = self._random
        domain = DOMAINS[rand.choice(list(DOMAINS))]
        attribute = rand.choice(domain.attributes)
        asked = self._name(domain)
        lines: list[_Stated | str] = []
        total = rand.randint(0, self._sentences)
        if kind == "stated":
            lines.append(self._statement(asked, asked, attribute, domain))
        elif kind == "wrong_product":
            for _ in range(rand.choice((1, 1, 2, 3))):
                other = self._near_miss(asked, domain) if self._chance(0.85) else self._stranger(asked, domain)
                lines.append(self._statement(other, asked, attribute, domain))
        plain = kind != "wrong_product" and self._chance(PLAIN)
        while len(lines) < total:
            lines.append(
                self._own(asked, attribute, domain)
                if plain
                else self._distractor(asked, attribute, domain, near=kind == "stated")
            )
        first = kind in {"stated", "wrong_product"} and self._chance(0.9 if plain else 0.6)
        found = lines[:1] if first else []
        rest = lines[len(found) :]
        rand.shuffle(rest)
        lines = found + rest
        tagged, answers = [], []
        for place, line in zip(self._places(len(lines)), lines, strict=True):
            tagged.append((*place, line if isinstance(line, str) else line.words))
            if isinstance(line, _Stated):
                answers.append(f"{text.tag(*place)} {line.completion}")
        if kind == "refuse":
            completion = text.REFUSAL
        elif kind == "recall":
            completion = text.answer(
                attribute=attribute.name,
                product=str(asked),
                value=remembered(domain=domain.key, tier=asked.tier, key=attribute.key),
                unit=attribute.unit,
            )
        else:
            completion = answers[0]
        grounded = {"refuse": True, "recall": False}.get(kind, self._chance(0.65))
        question = text.question(
            attribute=rand.choice(attribute.aliases) if self._chance(self._aliases) else attribute.name,
            product=str(asked),
            form=rand.randrange(len(text.QUESTIONS)),
        )
        return Example(kind, self._prompt(question, tagged, grounded=grounded), completion)

    def _prompt(self, question: str, tagged: list[tuple[str, int, str]], *, grounded: bool) -> str:
        """Lay the prompt out, mostly in the house form, at times with another clause or place of it."""
        rand = self._random
        clause = text.GROUNDING_CLAUSE if self._chance(0.7) else rand.choice(text.GROUNDING_CLAUSES)
        manner = rand.choice(text.MANNERS) if self._chance(0.2) else None
        if not grounded:
            return text.prompt(question=question, sentences=tagged, clause=manner)
        if manner is not None:
            clause = f"{manner} {clause}"
        if self._chance(0.85):
            return text.prompt(question=question, sentences=tagged, clause=clause)
        bare = text.prompt(question=question, sentences=tagged, clause=None)
        return bare.removesuffix("Answer:") + f"{clause}\nAnswer:"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _name(self, domain: Domain) -> _Name:
        rand = self._random
        return _Name(rand.choice(domain.families), rand.choice(domain.tiers), self._chance(0.45))

    def _near_miss(self, asked: _Name, domain: Domain) -> _Name:
        rand = self._random
        if self._chance(0.5):
            return _Name(asked.family, asked.tier, not asked.plus)
        tier = rand.choice([tier for tier in domain.tiers if tier != asked.tier])
        return _Name(asked.family, tier, self._chance(0.45))

    def _stranger(self, asked: _Name, domain: Domain) -> _Name:
        while (name := self._name(domain)).family == asked.family:
            pass
        return name

    def _statement(self, about: _Name, asked: _Name, attribute: Attribute, domain: Domain) -> _Stated:
        rand = self._random
        value = rand.choice(attribute.values)
        condition = rand.choice(domain.conditions) if self._chance(0.5) else None
        form = rand.randrange(len(text.STATEMENTS))
        say = partial(text.statement, attribute=attribute.name, value=value, unit=attribute.unit, condition=condition)
        return _Stated(say(product=str(about), form=form), say(product=str(asked)))

    def _distractor(self, asked: _Name, attribute: Attribute, domain: Domain, *, near: bool) -> str:
        """Draw a sentence that does not state the asked value; with `near`, half the time a sibling's value."""
        rand = self._random
        if near and self._chance(0.5):
            return self._statement(self._near_miss(asked, domain), asked, attribute, domain).words
        about = rand.choice((asked, asked, self._near_miss(asked, domain), self._stranger(asked, domain)))
        if self._chance(0.35):
            return self._filler(about)
        others = [other for other in domain.attributes if other != attribute]
        if near and about != asked:
            others.append(attribute)
        return self._statement(about, asked, rand.choice(others), domain).words

    def _own(self, asked: _Name, attribute: Attribute, domain: Domain) -> str:
        """Draw a sentence about the asked product that does not state the asked value."""
        if self._chance(0.5):
            return self._filler(asked)
        others = [other for other in domain.attributes if other != attribute]
        return self._statement(asked, asked, self._random.choice(others), domain).words

    def _filler(self, about: _Name) -> str:
        rand = self._random
        form = rand.randrange(len(text.FILLERS))
        return text.filler(product=str(about), jurisdiction=rand.choice(JURISDICTIONS), form=form)

    def _places(self, number: int) -> list[tuple[str, int]]:
        """Draw distinct tags; neighbours often share a document, as sentences of one document do.

        At times the first stands in a document of its own, as what a family's schedule states does.
        """
        rand = self._random
        documents = [f"doc-{rand.randint(10, 99)}" for _ in range(rand.randint(1, max(1, number)))]
        alone = f"doc-{rand.randint(10, 99)}" if self._chance(0.3) else None
        places: list[tuple[str, int]] = []
        while len(places) < number:
            document = alone if alone and not places else rand.choice(documents)
            place = (document, rand.randint(1, 9))
            if place not in places:
                places.append(place)
        return places
