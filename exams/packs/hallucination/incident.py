"""An incident drawn from a specification: its world, its fault, and what production saw before it was noticed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exams.packs import NoSuchFailureClass, Spec
from exams.packs.hallucination import build, text
from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.hidden.h1 import H1
from exams.packs.hallucination.hidden.h4 import H4
from exams.packs.hallucination.scope import in_scope
from exams.packs.hallucination.traffic import Asked, Wrong, stream, wrong
from exams.packs.hallucination.world import DOMAINS, World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandboxes.ingest.tree import Tree

CLASSES: dict[str, FailureClass] = {failure.key: failure for failure in (H1, H4)}

QUESTIONS_AN_HOUR = 14
HOURS_BEFORE = 8
MOST_HOURS_AFTER = 5
LEAST_WRONG = 6  # of the questions there are about the catalogue: fewer would be an incident nobody noticed
MOST_DRAWINGS = 40

COMPANIES = {
    "bank": ("Ferrowick Bank", "Lindmoor Savings", "Oxbow & Hale Bank", "Tarnside Credit", "Quillgate Bank"),
    "telco": ("Brightwire", "Halden Mobile", "Tessaline Telecom", "Corvane Networks", "Aldertone"),
    "pharmacy": ("Merrow Pharmacies", "Saltgrove Care", "Thornley Dispensing", "Wexmere Health", "Pell & Ashby"),
    "insurer": ("Stonemark Mutual", "Greyfell Insurance", "Kestrel & Vane", "Northolme Assurance", "Dunmarsh Cover"),
}
FIRST_NAMES = ("Amara", "Bruno", "Chidi", "Daria", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lamar")
LAST_NAMES = ("Abara", "Brandt", "Castillo", "Dimitrov", "Ekberg", "Fofana", "Grant", "Haddad", "Ito", "Jansen")


_QUOTED = re.compile(r"^(?:For|On) (.+?) the (.+?) is (?:fixed at )?(\d.*)$")


class NoUsableWorld(RuntimeError):
    """No drawing gave a world that the healthy assistant answers without a fault and the fault damages enough."""


@dataclass(frozen=True)
class Person:
    """Somebody who works on the assistant."""

    name: str
    email: str


@dataclass(frozen=True)
class Trace:
    """One question of production: when, what it was about, what was said, by which release, what was wrong."""

    at: datetime
    asked: Asked
    reply: build.Reply
    wrong: Wrong | None


@dataclass(frozen=True)
class Incident:
    """Everything that follows from a specification, short of files.

    `sound` and `faulty` are the trees without what operation adds; `deployed_at` is when the fault went live,
    `opened_at` when the incident opened (both UTC); `told` is the first wrong answer a customer complains about.
    `damage` are the questions about the catalogue, as (product id, attribute key), that get a harmful answer because of
    the fault; `touched` are those that get any but the right one.
    """

    spec: Spec
    failure: FailureClass
    fault: Fault
    world: World
    company: str
    service: str
    people: tuple[Person, ...]
    release: int
    deployed_at: datetime
    opened_at: datetime
    sound: Tree
    faulty: Tree
    traces: tuple[Trace, ...]
    told: Told
    damage: frozenset[tuple[str, str]]
    touched: frozenset[tuple[str, str]]

    def random(self, purpose: str) -> random.Random:
        """A source of drawings of its own for each purpose, so that one does not move another."""
        return _drawing(self.spec, purpose)


def _drawing(spec: Spec, purpose: str) -> random.Random:
    return random.Random(f"{purpose}/{spec.failure_class}/{spec.seed}")  # noqa: S311 - a seeded drawing, not a secret


def failure_class(spec: Spec) -> FailureClass:
    """The failure class a specification names.

    Raises:
        NoSuchFailureClass: this pack does not hold it.
    """
    try:
        return CLASSES[spec.failure_class]
    except KeyError:
        raise NoSuchFailureClass(
            f"this pack holds {', '.join(CLASSES)}, not {spec.failure_class!r}; draw a new specification"
        ) from None


def domain_of(seed: int) -> str:
    """The trade an incident with this seed is set in, whatever its class."""
    return sorted(DOMAINS)[random.Random(f"domain/{seed}").randrange(len(DOMAINS))]  # noqa: S311 - a seeded drawing


def read(reply: build.Reply) -> text.Answer | None:
    """Take one of our own replies apart, also when it quotes a document; the citation is beside the text, not in it."""
    return text.parse_answer(_QUOTED.sub(r"The \2 of \1 is \3", str(reply["text"])))


def catalogue_questions(world: World) -> list[Asked]:
    """Every question there is about the catalogue, in the plainest wording."""
    return [
        Asked(0, text.question(attribute=attribute.name, product=product.name), "", product, attribute)
        for product in world.products
        for attribute in world.domain.attributes
    ]


def sound_answer(world: World, asked: Asked, reply: build.Reply) -> bool:
    """Whether the reply is exactly right: value, unit, condition and source, or a refusal where nothing is approved."""
    if asked.product is None or asked.attribute is None:
        return bool(reply["refused"])
    fact = world.fact(asked.product, asked.attribute.key)
    if fact is None:
        return bool(reply["refused"])
    answer = read(reply)
    cited = [{"document": fact.document, "sentence": fact.sentence}]
    return (
        answer is not None
        and not answer.refused
        and wrong(world, asked, answer) is None
        and reply["citations"] == cited
    )


@lru_cache(maxsize=16)
def incident(spec: Spec) -> Incident:
    """Draw the incident of a specification; the same on every machine.

    1. Draw people, company, times and one of the class's faults.
    2. Draw worlds until one is answered without a mistake by the healthy assistant, and damaged by the fault: enough,
       and nowhere but in the scope of its class.
    3. Replay production: the healthy assistant until the fault was deployed, the faulty one from then on.
    4. Every other right fix must answer the whole catalogue without a mistake too; if one does not, draw again.

    Raises:
        NoSuchFailureClass: the pack does not hold the class.
        NoUsableWorld: none of the drawings would do; the language model is not good enough for this class.
    """
    failure = failure_class(spec)
    drawing = _drawing(spec, "incident")
    domain = domain_of(spec.seed)
    fault = drawing.choice(failure.faults)
    company = drawing.choice(COMPANIES[domain])
    service = f"{company.split()[0].lower()}-answers"
    people = tuple(
        Person(f"{first} {last}", f"{first}.{last}@{company.split()[0]}.example".lower())
        for first, last in zip(drawing.sample(FIRST_NAMES, 5), drawing.sample(LAST_NAMES, 5), strict=True)
    )
    release = drawing.randrange(31, 90)
    hours_after = drawing.randrange(3, MOST_HOURS_AFTER + 1)
    for attempt in range(MOST_DRAWINGS):
        world = World.draw(domain=domain, seed=drawing.randrange(2**48))
        try:
            sound = build.healthy(world, service=service, company=company, version=f"r{release}")
        except LookupError:
            continue
        opened_at = datetime.combine(world.as_of, time(drawing.randrange(9, 17), drawing.randrange(60)), tzinfo=UTC)
        deployed_at = opened_at - timedelta(hours=hours_after, minutes=drawing.randrange(60))
        faulty = apply(sound, fault.edits)
        before = list(
            stream(
                world,
                seed=f"before/{spec.seed}/{attempt}",
                seconds=HOURS_BEFORE * 3600,
                count=HOURS_BEFORE * QUESTIONS_AN_HOUR,
                prefix="a",
            )
        )
        since = int((opened_at - deployed_at).total_seconds())
        after = list(
            stream(
                world,
                seed=f"after/{spec.seed}/{attempt}",
                seconds=since,
                count=since * QUESTIONS_AN_HOUR // 3600,
                prefix="b",
            )
        )
        if not _answers_all(sound, world):
            continue
        with build.opened(sound) as ask:
            began = deployed_at - timedelta(hours=HOURS_BEFORE)
            traces = _replay(world, ask, before, since=began)
        if not all(sound_answer(world, trace.asked, trace.reply) for trace in traces):
            continue
        with build.opened(faulty) as ask:
            replies = [(asked, ask(asked.question, "")) for asked in catalogue_questions(world)]
            damage = _pairs(asked for asked, reply in replies if wrong(world, asked, read(reply)) is not None)
            touched = _pairs(asked for asked, reply in replies if not sound_answer(world, asked, reply))
            if len(damage) < LEAST_WRONG or not touched <= in_scope(world, failure.key):
                continue
            traces += _replay(world, ask, after, since=deployed_at)
        told = _first_complaint(world, failure, traces)
        if told is None or not all(
            _answers_all(apply(faulty, change(told)), world) for change in fault.alternatives.values()
        ):
            continue
        return Incident(
            spec=spec,
            failure=failure,
            fault=fault,
            world=world,
            company=company,
            service=service,
            people=people,
            release=release,
            deployed_at=deployed_at,
            opened_at=opened_at,
            sound=sound,
            faulty=faulty,
            traces=tuple(traces),
            told=told,
            damage=damage,
            touched=touched,
        )
    raise NoUsableWorld(
        f"{MOST_DRAWINGS} drawings of {spec.failure_class} with seed {spec.seed} in {domain!r}: either the healthy "
        "assistant made mistakes or the fault did no damage; train the language model better"
    )


def _answers_all(tree: Tree, world: World) -> bool:
    """Whether a tree answers every question about the catalogue exactly."""
    with build.opened(tree) as ask:
        return all(sound_answer(world, asked, ask(asked.question, "")) for asked in catalogue_questions(world))


def _pairs(questions: Iterable[Asked]) -> frozenset[tuple[str, str]]:
    return frozenset((one.product.id, one.attribute.key) for one in questions if one.product and one.attribute)


def _replay(world: World, ask: build.Ask, stream_: list[Asked], *, since: datetime) -> list[Trace]:
    traces = []
    for asked in stream_:
        reply = ask(asked.question, asked.session)
        traces.append(Trace(since + timedelta(seconds=asked.second), asked, reply, wrong(world, asked, read(reply))))
    return traces


def _first_complaint(world: World, failure: FailureClass, traces: list[Trace]) -> Told | None:
    """The first wrong answer that shows the class plainly: a cited value that is another's, or one out of nowhere."""
    for trace in traces:
        found, asked = trace.wrong, trace.asked
        if found is None or asked.product is None or asked.attribute is None:
            continue
        citations: list[dict[str, Any]] = trace.reply["citations"]
        plain = bool(citations) == (found.approved is not None)
        if plain and (found.approved is not None) == (failure.key == "H1"):
            cited = (str(citations[0]["document"]), int(citations[0]["sentence"])) if citations else None
            return Told(world, asked.product, asked.attribute, str(trace.reply["text"]), found.given, cited)
    return None
