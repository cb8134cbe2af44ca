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
from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.mending import healthy_with, kept_clear, mended
from exams.packs.hallucination.past import Setting
from exams.packs.hallucination.people import Person, staff
from exams.packs.hallucination.replay import (
    Trace,
    Unusable,
    check_affected,
    check_damage,
    check_quiet,
    check_sound,
    damage,
    first_complaint,
    production,
    tested,
)
from exams.packs.hallucination.weave import hunks, woven
from exams.packs.hallucination.world import DOMAINS, World

if TYPE_CHECKING:
    from datetime import datetime

    from exams.packs.hallucination.asked import Asked
    from exams.packs.hallucination.past import Past
    from sandboxes.ingest.tree import Tree

MINUTES_BEFORE = (75, 211)  # the onset: traces are kept from some moment that says nothing of it
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


def kept_since(spec: Spec, onset: datetime) -> datetime:
    """Since when traces are kept: drawn, or the first of them would say when the harm began."""
    drawing = _drawing(spec, "kept since")
    return onset - timedelta(minutes=drawing.randrange(*MINUTES_BEFORE), seconds=drawing.randrange(60))


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
            check_affected(faulty, world, failure)
            check_sound(mended(faulty, fault), world, "the healthy assistant")
            harmed, touched, example = damage(faulty, world, failure)
            right = build.healthy(world, service=service, company=company, tested=tested(world, prepared, faulty))
            prepared = healthy_with(right, fault)
            faulty = apply(prepared, fault.edits)
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
                    key=failure.key,
                    kept_clear=kept_clear(right, faulty, failure, fault, example),
                )
            )
            began = kept_since(spec, when.onset_at)
            traces = production(world, past.releases, since=began, until=when.opened_at, seed=f"{spec.seed}/{attempt}")
            check_quiet(traces, until=when.onset_at)
            told = first_complaint(world, failure, traces)
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
            check_damage(drawn.faulty, world, failure, (harmed, touched))
            check_sound(drawn.sound, world, "the healthy assistant with innocent changes")
            for name, change in fault.alternatives.items():
                check_sound(drawn.woven(apply(faulty, change(told))), world, f"the alternative {name}")
        except Unusable as reason:
            thrown_away.append(str(reason))
            continue
        return drawn
    reasons = ", ".join(f"{reason} ({times} times)" for reason, times in Counter(thrown_away).most_common())
    raise NoUsableWorld(
        f"{MOST_DRAWINGS} drawings of {spec.key} ({fault.name}) in {domain!r} were of no use: {reasons}"
    )
