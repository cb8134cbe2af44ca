"""An incident drawn from a specification: its world, its fault, and what production saw before it was noticed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from exams.packs import NoSuchFailureClass, Spec
from exams.packs.hallucination import build, history, moments
from exams.packs.hallucination.asked import Asked, Wrong, sound, wrong
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.mending import healthy_with, kept_clear, mended
from exams.packs.hallucination.past import Setting
from exams.packs.hallucination.people import Person, staff
from exams.packs.hallucination.traffic import stream
from exams.packs.hallucination.weave import hunks, woven
from exams.packs.hallucination.world import DOMAINS, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.past import Past, Release
    from sandboxes.ingest.tree import Tree

QUESTIONS_AN_HOUR = 600
HOURS_BEFORE = 3
# Some classes need a dozen worlds on average; so many that running out means a broken pack, not bad luck.
MOST_DRAWINGS = 400

COMPANIES = {
    "bank": ("Ferrowick Bank", "Lindmoor Savings", "Oxbow & Hale Bank", "Tarnside Credit", "Quillgate Bank"),
    "telco": ("Brightwire", "Halden Mobile", "Tessaline Telecom", "Corvane Networks", "Aldertone"),
    "pharmacy": ("Merrow Pharmacies", "Saltgrove Care", "Thornley Dispensing", "Wexmere Health", "Pell & Ashby"),
    "insurer": ("Stonemark Mutual", "Greyfell Insurance", "Kestrel & Vane", "Northolme Assurance", "Dunmarsh Cover"),
}


class NoUsableWorld(RuntimeError):
    """No drawing gave a world that the healthy assistant answers without a fault and the fault damages enough."""


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

    `sound` and `faulty` are the trees without what operation adds; `plain_sound` and `plain_faulty` the same without
    the innocent changes that this incident's code has, for exact replacements to be made on (see `woven`), and `plain`
    is without what prepared the fault, too. All moments are UTC. `past` is what led there. `told` is the first wrong
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
    when: moments.Times
    plain: Tree
    plain_sound: Tree
    plain_faulty: Tree
    past: Past
    traces: tuple[Trace, ...]
    told: Told
    harmed: tuple[Asked, ...]
    touched: tuple[Asked, ...]
    thrown_away: tuple[str, ...]

    @property
    def deployed_at(self) -> datetime:
        """When the fault went live."""
        return self.when.deployed_at

    @property
    def onset_at(self) -> datetime:
        """When it began to do harm."""
        return self.when.onset_at

    @property
    def opened_at(self) -> datetime:
        """When the incident opened."""
        return self.when.opened_at

    @cached_property
    def sound(self) -> Tree:
        """The faulty tree with the fault taken back."""
        return self.woven(self.plain_sound)

    @property
    def faulty(self) -> Tree:
        """What is live when the incident opens."""
        return self.past.releases[-1].tree

    def woven(self, plain: Tree) -> Tree:
        """A tree made from one of the plain ones, with the innocent changes of this incident's code."""
        return woven(self.plain, self.past.innocent, hunks(self.plain, plain))

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


@lru_cache(maxsize=16)
def incident(spec: Spec) -> Incident:
    """Draw the incident of a specification; the same on every machine.

    1. Draw people, company and one of the class's faults.
    2. Draw worlds until one is answered without a mistake by the healthy assistant, and damaged by the fault: as much
       as its class says, and nowhere but in the scope of its class.
    3. Draw what led there: releases, and the innocent changes that this incident's code has.
    4. Replay production, each release from its moment on.
    5. With those changes, too, the right fixes must answer the whole battery without a mistake; if one does not, draw
       again.

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
    people = staff(domain, company, drawing)
    thrown_away: list[str] = []
    for attempt in range(MOST_DRAWINGS):
        world = World.draw(domain=domain, seed=drawing.randrange(2**48))
        when = moments.times(drawing, world.as_of, dormant=bool(fault.waits_for))
        try:
            right = build.healthy(world, service=service, company=company)
            prepared = healthy_with(right, fault)
            faulty = apply(prepared, fault.edits)
            _check_sound(mended(faulty, fault), world, "the healthy assistant")
            harmed, touched, example = _damage(faulty, world, failure)
            past = history.draw(
                Setting(
                    draw=partial(_drawing, spec),
                    world=world,
                    people=people,
                    fault=fault,
                    when=when,
                    healthy=right,
                    prepared=prepared,
                    faulty=faulty,
                    kept_clear=kept_clear(right, faulty, failure, fault, example),
                )
            )
            began = when.onset_at - timedelta(hours=HOURS_BEFORE)
            traces = _production(world, past.releases, since=began, until=when.opened_at, seed=f"{spec.seed}/{attempt}")
            _check_quiet(traces, until=when.onset_at)
            told = _first_complaint(world, failure, traces)
            drawn = Incident(
                spec=spec,
                failure=failure,
                fault=fault,
                world=world,
                company=company,
                service=service,
                people=people,
                when=when,
                plain=right,
                plain_sound=mended(faulty, fault),
                plain_faulty=faulty,
                past=past,
                traces=tuple(traces),
                told=told,
                harmed=harmed,
                touched=touched,
                thrown_away=tuple(thrown_away),
            )
            _check_harm(drawn)
            _check_sound(drawn.sound, world, "the healthy assistant with innocent changes")
            for name, change in fault.alternatives.items():
                _check_sound(drawn.woven(apply(faulty, change(told))), world, f"the alternative {name}")
        except _Unusable as reason:
            thrown_away.append(str(reason))
            continue
        return drawn
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


def _check_harm(drawn: Incident) -> None:
    """Innocent changes must neither mend the fault nor add to it."""
    if _damage(drawn.faulty, drawn.world, drawn.failure)[:2] != (drawn.harmed, drawn.touched):
        raise _Unusable("innocent changes changed the harm")


def _check_quiet(traces: list[Trace], *, until: datetime) -> None:
    if any(trace.wrong is not None for trace in traces if trace.at < until):
        raise _Unusable("harm was done before the onset")


def affected(harmed: Iterable[Asked]) -> int:
    """About how many products something harmful is said: those of the catalogue, or if none, made-up ones."""
    named = list(harmed)
    products = {asked.product.id for asked in named if asked.product is not None}
    return len(products) or len({asked.name for asked in named})


def _damage(faulty: Tree, world: World, failure: FailureClass) -> tuple[tuple[Asked, ...], tuple[Asked, ...], Told]:
    """The questions of the battery that get a harmful answer, those that get any but the right one, and an example."""
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
    examples = (_told(world, failure, asked, reply, wrong(world, asked, reply)) for asked, reply in replies)
    example = next((told for told in examples if told is not None), None)
    if example is None:
        raise _Unusable("no wrong answer shows the class")
    return harmed, touched, example


def _told(world: World, failure: FailureClass, asked: Asked, reply: build.Reply, mistake: Wrong | None) -> Told | None:
    """A wrong answer that shows the class plainly; None for any other."""
    if mistake is None or not failure.shows(world, asked, mistake):
        return None
    cited = [(str(one["document"]), int(one["sentence"])) for one in reply["citations"]]
    return Told(world, asked, str(reply["text"]), mistake, cited[0] if cited else None)


def _production(world: World, landed: Sequence[Release], *, since: datetime, until: datetime, seed: str) -> list[Trace]:
    """What customers asked and were told; each release's own tree is live until the next, and starts anew."""
    seconds = int((until - since).total_seconds())
    asked = list(
        stream(world, seed=f"before/{seed}", seconds=seconds, count=seconds * QUESTIONS_AN_HOUR // 3600, prefix="a")
    )
    traces: list[Trace] = []
    ends = [release.deployed_at for release in landed[1:]]
    for release, end in zip(landed, [*ends, until], strict=True):
        mine = [one for one in asked[len(traces) :] if since + timedelta(seconds=one.second) < end]
        if not mine:
            continue
        with build.opened(release.tree) as ask:
            for one in mine:
                reply = ask(one.question, one.session)
                traces.append(Trace(since + timedelta(seconds=one.second), one, reply, wrong(world, one, reply)))
    return traces


def _first_complaint(world: World, failure: FailureClass, traces: list[Trace]) -> Told:
    """The first wrong answer that shows the class plainly."""
    for trace in traces:
        told = _told(world, failure, trace.asked, trace.reply, trace.wrong)
        if told is not None:
            return told
    raise _Unusable("no wrong answer shows the class")
