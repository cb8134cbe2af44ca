"""An incident drawn from a specification: its world, its fault, and what production saw before it was noticed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from exams.packs import NoSuchFailureClass, Spec
from exams.packs.hallucination import build
from exams.packs.hallucination.asked import Asked, Wrong, sound, wrong
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.traffic import stream
from exams.packs.hallucination.world import DOMAINS, World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.packs.hallucination.world import Edition
    from sandboxes.ingest.tree import Tree

QUESTIONS_AN_HOUR = 600
HOURS_BEFORE = 3
HOURS_AFTER = (2, 4)
DORMANT_HOURS = (3, 20)  # between a fault's deployment and the documents that wake it
MOST_DRAWINGS = 60

COMPANIES = {
    "bank": ("Ferrowick Bank", "Lindmoor Savings", "Oxbow & Hale Bank", "Tarnside Credit", "Quillgate Bank"),
    "telco": ("Brightwire", "Halden Mobile", "Tessaline Telecom", "Corvane Networks", "Aldertone"),
    "pharmacy": ("Merrow Pharmacies", "Saltgrove Care", "Thornley Dispensing", "Wexmere Health", "Pell & Ashby"),
    "insurer": ("Stonemark Mutual", "Greyfell Insurance", "Kestrel & Vane", "Northolme Assurance", "Dunmarsh Cover"),
}
FIRST_NAMES = ("Amara", "Bruno", "Chidi", "Daria", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lamar")
LAST_NAMES = ("Abara", "Brandt", "Castillo", "Dimitrov", "Ekberg", "Fofana", "Grant", "Haddad", "Ito", "Jansen")


class NoUsableWorld(RuntimeError):
    """No drawing gave a world that the healthy assistant answers without a fault and the fault damages enough."""


@dataclass(frozen=True)
class Person:
    """Somebody who works on the assistant."""

    name: str
    email: str


@dataclass(frozen=True)
class Trace:
    """One question of production: when, what it was about, what was said, what was wrong."""

    at: datetime
    asked: Asked
    reply: build.Reply
    wrong: Wrong | None


@dataclass(frozen=True)
class Incident:
    """Everything that follows from a specification, short of files.

    `sound` and `faulty` are the trees without what operation adds. All moments are UTC: `deployed_at` is when the fault
    went live, `onset_at` when it began to do harm, `opened_at` when the incident opened. `told` is the first wrong
    answer a customer complains about. `harmed` are the questions of the world's battery that get a harmful answer
    because of the fault; `touched` are those that get any but the right one. `thrown_away` says why earlier drawings of
    this specification were of no use.
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
    onset_at: datetime
    opened_at: datetime
    sound: Tree
    faulty: Tree
    traces: tuple[Trace, ...]
    told: Told
    harmed: tuple[Asked, ...]
    touched: tuple[Asked, ...]
    thrown_away: tuple[str, ...]

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


def fault_of(spec: Spec) -> Fault:
    """The fault of its class that a specification's seed draws.

    Raises:
        NoSuchFailureClass: the pack does not hold the class.
    """
    return _drawing(spec, "fault").choice(failure_class(spec).faults)


def healthy_with(sound_tree: Tree, fault: Fault) -> Tree:
    """The tree that was live before the fault, with what had prepared it."""
    return sound_tree if fault.earlier is None else apply(sound_tree, fault.earlier.edits)


def mended(tree: Tree, fault: Fault) -> Tree:
    """A tree with the fault taken back, and what prepared it if that is half of the trouble."""
    tree = apply(tree, [edit.undone() for edit in reversed(fault.edits)])
    if fault.earlier is not None and fault.earlier.faulty:
        tree = apply(tree, [edit.undone() for edit in reversed(fault.earlier.edits)])
    return tree


def without_editions(tree: Tree, world: World, editions: Iterable[Edition]) -> Tree:
    """The tree as it was before documents of these editions were published."""
    return tree.without(*(f"kb/{document.id}.md" for document in world.documents if document.edition in set(editions)))


@lru_cache(maxsize=16)
def incident(spec: Spec) -> Incident:
    """Draw the incident of a specification; the same on every machine.

    1. Draw people, company, times and one of the class's faults.
    2. Draw worlds until one is answered without a mistake by the healthy assistant, and damaged by the fault: as much
       as its class says, and nowhere but in the scope of its class.
    3. Replay production: the assistant as it was until the fault was deployed, the faulty one from then on.
    4. Every other right fix must answer the whole battery without a mistake too; if one does not, draw again.

    Raises:
        NoSuchFailureClass: the pack does not hold the class.
        NoUsableWorld: none of the drawings would do; the language model is not good enough for this class.
    """
    failure = failure_class(spec)
    drawing = _drawing(spec, "incident")
    domain = domain_of(spec.seed)
    fault = fault_of(spec)
    company = drawing.choice(COMPANIES[domain])
    service = f"{company.split()[0].lower()}-answers"
    people = tuple(
        Person(f"{first} {last}", f"{first}.{last}@{company.split()[0]}.example".lower())
        for first, last in zip(drawing.sample(FIRST_NAMES, 5), drawing.sample(LAST_NAMES, 5), strict=True)
    )
    release = drawing.randrange(31, 90)
    harmful_for = timedelta(hours=drawing.randrange(*HOURS_AFTER), minutes=drawing.randrange(60))
    dormant = timedelta(hours=drawing.randrange(*DORMANT_HOURS), minutes=drawing.randrange(60))
    thrown_away: list[str] = []
    for attempt in range(MOST_DRAWINGS):
        world = World.draw(domain=domain, seed=drawing.randrange(2**48))
        opened_at = datetime.combine(world.as_of, time(drawing.randrange(9, 17), drawing.randrange(60)), tzinfo=UTC)
        onset_at = opened_at - harmful_for
        deployed_at = onset_at - dormant if fault.waits_for else onset_at
        try:
            right = build.healthy(world, service=service, company=company, version=f"r{release}")
            faulty = apply(healthy_with(right, fault), fault.edits)
            _check_sound(mended(faulty, fault), world, "the healthy assistant")
            harmed, touched = _damage(faulty, world, failure)
            phases = (
                (healthy_with(right, fault), deployed_at),
                (without_editions(faulty, world, fault.waits_for), onset_at),
                (faulty, opened_at),
            )
            began = onset_at - timedelta(hours=HOURS_BEFORE)
            traces = _production(world, phases, since=began, seed=f"{spec.seed}/{attempt}")
            _check_quiet(traces, until=onset_at)
            told = _first_complaint(world, failure, traces)
            for name, change in fault.alternatives.items():
                _check_sound(apply(faulty, change(told)), world, f"the alternative {name}")
        except _Unusable as reason:
            thrown_away.append(str(reason))
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
            onset_at=onset_at,
            opened_at=opened_at,
            sound=mended(faulty, fault),
            faulty=faulty,
            traces=tuple(traces),
            told=told,
            harmed=harmed,
            touched=touched,
            thrown_away=tuple(thrown_away),
        )
    reasons = ", ".join(f"{reason} ({times} times)" for reason, times in Counter(thrown_away).most_common())
    raise NoUsableWorld(
        f"{MOST_DRAWINGS} drawings of {spec.key} ({fault.name}) in {domain!r} were of no use: {reasons}"
    )


class _Unusable(Exception):
    """Why a drawing is thrown away."""


def _check_sound(tree: Tree, world: World, whose: str) -> None:
    """Every question of the battery must be answered exactly."""
    with build.opened(tree) as ask:
        if not all(sound(world, asked, ask(asked.question, asked.session)) for asked in battery(world)):
            raise _Unusable(f"{whose} made a mistake")


def _check_quiet(traces: list[Trace], *, until: datetime) -> None:
    if any(trace.wrong is not None for trace in traces if trace.at < until):
        raise _Unusable("harm was done before the onset")


def affected(harmed: Iterable[Asked]) -> int:
    """About how many products something harmful is said: those of the catalogue, or if none, made-up ones."""
    named = list(harmed)
    products = {asked.product.id for asked in named if asked.product is not None}
    return len(products) or len({asked.name for asked in named})


def _damage(faulty: Tree, world: World, failure: FailureClass) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """The questions of the battery that get a harmful answer, and those that get any but the right one."""
    with build.opened(faulty) as ask:
        replies = [(asked, ask(asked.question, asked.session)) for asked in battery(world)]
    harmed = tuple(asked for asked, reply in replies if wrong(world, asked, reply) is not None)
    touched = tuple(asked for asked, reply in replies if not sound(world, asked, reply))
    least, most = failure.harm
    if not least <= len(harmed) <= most:
        raise _Unusable(f"{len(harmed)} questions were harmed, not {least} to {most}")
    if affected(harmed) != failure.affected:
        raise _Unusable(f"{affected(harmed)} products were affected, not {failure.affected}")
    for asked in touched:
        if not failure.touches(world, asked):
            raise _Unusable(f"a question out of scope was touched ({asked.kind})")
    return harmed, touched


def _production(world: World, phases: tuple[tuple[Tree, datetime], ...], *, since: datetime, seed: str) -> list[Trace]:
    """What customers asked and were told; each tree is live until its moment, and a deployment starts it anew."""
    seconds = int((phases[-1][1] - since).total_seconds())
    asked = list(
        stream(world, seed=f"before/{seed}", seconds=seconds, count=seconds * QUESTIONS_AN_HOUR // 3600, prefix="a")
    )
    traces: list[Trace] = []
    for tree, until in phases:
        mine = [one for one in asked[len(traces) :] if since + timedelta(seconds=one.second) < until]
        if not mine:
            continue
        with build.opened(tree) as ask:
            for one in mine:
                reply = ask(one.question, one.session)
                traces.append(Trace(since + timedelta(seconds=one.second), one, reply, wrong(world, one, reply)))
    return traces


def _first_complaint(world: World, failure: FailureClass, traces: list[Trace]) -> Told:
    """The first wrong answer that shows the class plainly."""
    for trace in traces:
        if trace.wrong is not None and failure.shows(world, trace.asked, trace.wrong):
            cited = [(str(one["document"]), int(one["sentence"])) for one in trace.reply["citations"]]
            return Told(world, trace.asked, str(trace.reply["text"]), trace.wrong, cited[0] if cited else None)
    raise _Unusable("no wrong answer shows the class")
