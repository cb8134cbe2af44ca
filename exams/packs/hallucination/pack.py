"""The pack of the hallucinating assistant: from a specification to trees, tests, probes and truth."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from exams.packs import Ask, Brief, Commit, JsonObject, Measures, NothingLeftToDraw, ProbeSuite, Question, Spec
from exams.packs.hallucination import (
    build,
    complaints,
    history,
    injects,
    moments,
    opening,
    operations,
    probes,
    publications,
)
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.catalogue import CATALOGUE
from exams.packs.hallucination.edits import apply
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import domain_of, failure_class, incident
from exams.packs.hallucination.mending import healthy_with, prepared_files
from exams.packs.hallucination.replay import affected
from exams.packs.hallucination.traffic import stream
from exams.packs.hallucination.world import DOMAINS
from exams.packs.hashing import files_below
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager

    from exams.packs import CauseCatalogue
    from exams.packs.hallucination.edits import FailureClass
    from exams.packs.hallucination.incident import Incident
    from exams.packs.injects import InjectRule


AUTHOR_TEST_PATH = "tests/regression/test_author.py"
LIVE_SECONDS = 90 * 60
LIVE_QUESTIONS = 900
# What lies below the pack and has no part in an incident: the list of classes, what is told of them, tools for people.
NO_PART = {("hidden", "__init__.py"), ("catalogue.py",), ("authoring.py",), ("quality.py",)}
BORROWED = re.compile(r"hallucination\.hidden\.(h[0-9][0-9h_]*)\b")
DEPTH = 2  # files of a class lie deeper below the pack than what classes share
KEPT = 16  # incidents, and what was made of them, per process: a few MB each, the weights shared


class HallucinationPack:
    """Keeps the promise of `exams.packs.Pack` for the failure classes in `hidden`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The failure classes, in a fixed order."""
        return tuple(CLASSES)

    def catalogue(self) -> CauseCatalogue:
        """The words in which causes are named: the same for every incident."""
        return CATALOGUE

    def draw(self, *, seed: int, avoid: Collection[str]) -> Spec:
        """Draw a specification whose class is not in `avoid`.

        An entry of `avoid` is a class (``"H1"``), a specification's key (``"H1/7"``), or a key without its class
        (``"/7"``: the class may come back, the names may not). With keys, the trade differs from those of the
        specifications named, so that no product, document or company comes back, until no trade is left.

        Raises:
            NothingLeftToDraw: `avoid` holds every class.
        """
        seen = {entry.partition("/")[0] for entry in avoid}
        left = [key for key in CLASSES if key not in seen]
        if not left:
            raise NothingLeftToDraw(
                f"all of {', '.join(CLASSES)} have been seen by this learner; no further attempt can be given"
            )
        trades = {domain_of(int(entry.partition("/")[2])) for entry in avoid if "/" in entry}
        key = left[seed % len(left)]
        drawn = seed
        while domain_of(drawn) in trades and len(trades) < len(DOMAINS):
            drawn = (drawn + 1) % 2**63
        return Spec(failure_class=key, seed=drawn)

    def facts(self, spec: Spec) -> bytes:
        """The approved facts, as canonical JSON."""
        return incident(spec).world.facts_json()

    def base(self, spec: Spec) -> Tree:
        """What the learner is handed: the faulty head, weights included."""
        return _base(spec)

    def history(self, spec: Spec) -> tuple[Commit, ...]:
        """The commits that lead to `base`, oldest first."""
        return history.write(incident(spec), head=_base(spec))

    def reference(self, spec: Spec) -> Tree:
        """The platform's own fix: the fault taken back."""
        return _recorded(spec, incident(spec).plain_sound)

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        """Other correct fixes, each different in kind, by name."""
        drawn = incident(spec)
        return {
            name: _recorded(spec, apply(drawn.plain_faulty, change(drawn.told)))
            for name, change in drawn.fault.alternatives.items()
        }

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        """Wrong and superficial fixes, by name; `other_seed` is the class's fault as another seed has it."""
        drawn = incident(spec)
        changes = {**drawn.failure.mutants, **drawn.fault.mutants}
        wrong = {name: apply(drawn.plain_faulty, change(drawn.told)) for name, change in changes.items()}
        wrong["other_seed"] = _with_other_fault(drawn)
        return {name: _recorded(spec, tree) for name, tree in wrong.items()}

    def author_test(self, spec: Spec) -> Tree:
        """The author's test: fails on base and mutants, passes on reference and alternatives."""
        source = build.HERE / "hidden" / failure_class(spec).author_test
        return Tree({AUTHOR_TEST_PATH: source.read_bytes()})

    def opened(self, tree: Tree) -> AbstractContextManager[Ask]:
        """Open one of the pack's own trees in this process."""
        return build.opened(tree)

    def probes(self, spec: Spec, *, seed: int) -> ProbeSuite:
        """Hidden questions on documents drawn from a fresh seed."""
        return probes.fresh(incident(spec), seed=seed)

    def regression_suite(self, spec: Spec) -> ProbeSuite:
        """Questions on the incident's own documents that the faulty tree answers well."""
        return probes.unchanged(incident(spec))

    def protected(self) -> tuple[str, ...]:
        """What grading always replaces by the incident's own: the language model."""
        return (build.LM_PREFIX,)

    def unserved(self) -> tuple[str, ...]:
        """What operation recorded: most of a tree's bytes, and for people to read."""
        return operations.RECORDED

    def traffic(self, spec: Spec) -> tuple[Question, ...]:
        """The customers of the live window, in order."""
        asked = stream(
            incident(spec).world, seed=f"live/{spec.seed}", seconds=LIVE_SECONDS, count=LIVE_QUESTIONS, prefix="c"
        )
        return tuple(Question(one.second, one.question, one.session) for one in asked)

    def injects(self, spec: Spec) -> tuple[InjectRule, ...]:
        """What people say while the incident is live."""
        return injects.script(spec)

    def brief(self, spec: Spec) -> Brief:
        """What a learner reads of this incident from the moment of the start: nothing that tells the class."""
        drawn = incident(spec)
        return Brief(
            company=drawn.company,
            trade=drawn.world.domain.key,
            opened_because=opening.page(spec.seed),
            opened_at=drawn.opened_at,
            taken_over_from=drawn.people[0].name,
            facts={"service": drawn.service},
        )

    def made_of(self, failure_class: str) -> dict[str, bytes]:
        """The whole pack but what trains the model, and of the hidden material what the class uses."""
        folders = _folders(CLASSES[failure_class])
        return {
            path.relative_to(build.HERE).as_posix(): path.read_bytes()
            for path in files_below(build.HERE)
            if not _apart(path.relative_to(build.HERE).parts, folders)
        }

    def measures(self, spec: Spec) -> Measures:
        """What every incident of a class should have the same of."""
        drawn = incident(spec)
        since = [trace for trace in drawn.traces if trace.at >= drawn.onset_at]
        near = [
            release
            for release in history.releases(drawn)[1:]
            if release.deployed_at > drawn.onset_at - moments.NEAR and not release.documents
        ]
        return Measures(
            affected=affected(drawn.harmed),
            decoys=sum(release.innocent for release in near),
            key_events=sum(each.get("key", True) for each in self.truth(spec)["key_events"]),
            candidates=len(near),
            harmed=len(drawn.harmed),
            harmful=sum(trace.wrong is not None for trace in since),
            answers=len(since),
            thrown_away=drawn.thrown_away,
        )

    def truth(self, spec: Spec) -> JsonObject:
        """What only the mentor sees: class, component, mechanism, rivals, the fault's commit and the damage done."""
        drawn = incident(spec)
        fault = drawn.fault
        harmful = [trace for trace in drawn.traces if trace.wrong is not None]
        past = drawn.past
        edits = [*fault.edits, *(fault.earlier.edits if fault.earlier and fault.earlier.faulty else ())]
        told_wrong = {trace.asked.session for trace in harmful}
        written = complaints.complaints(drawn)
        complained = [one for one in written if one.wrong]
        return {
            "failure_class": drawn.failure.key,
            "title": drawn.failure.title,
            "component": fault.component,
            "fault": fault.name,
            "mechanism": fault.mechanism,
            "scope": drawn.failure.scope_of(fault),
            "rivals": drawn.failure.rivals_of(fault),
            "also_right": {key: list(others) for key, others in fault.also_right.items()},
            "files": sorted({edit.path for edit in edits}),
            "prepared_files": prepared_files(fault),
            "commit": past.cause.subject,
            "prepared_by": past.prepared_by.subject if past.prepared_by else "",
            "woken_by": [document.id for document in publications.woken_by(drawn.world, fault)],
            "release": past.cause.name,
            "deployed_at": operations.stamp(drawn.deployed_at),
            "onset_at": operations.stamp(drawn.onset_at),
            "opened_at": operations.stamp(drawn.opened_at),
            "first_wrong_at": operations.stamp(harmful[0].at),
            "first_complaint_at": operations.stamp(complained[0].at),
            "answers_before_opening": sum(trace.at >= drawn.onset_at for trace in drawn.traces),
            "wrong_answers_before_opening": len(harmful),
            "customers_told_wrong": len(told_wrong),
            "complaints_before_opening": len(complained),
            "complaining": complaints.law(drawn).to_json(),
            "carried_over": complaints.carried_over(drawn).to_json(),
            "questions_damaged": len(drawn.harmed),
            "products_damaged": len({asked.name for asked in drawn.harmed}),
            "questions_in_battery": len(battery(drawn.world)),
            "key_events": [
                {
                    "id": "first_complaint",
                    "what": "the first complaint about a wrong answer",
                    "at": operations.stamp(complained[0].at),
                    "or_at": [operations.stamp(written[0].at)],  # the first of any kind, for who counts that one
                },
                operations.first_alert(drawn, written),
                *(
                    {
                        "id": name,
                        "what": release.subject,
                        "at": operations.stamp(release.deployed_at),
                        "key": False,
                    }
                    for name, release in (("woken", past.woken_by), ("prepared", past.prepared_by))
                    if release is not None
                ),
            ],
            "people": [person.name for person in drawn.people],
        }


@lru_cache(maxsize=KEPT)
def _base(spec: Spec) -> Tree:
    return incident(spec).faulty.overlay(_record(spec))


@lru_cache(maxsize=KEPT)
def _record(spec: Spec) -> Tree:
    return operations.record(incident(spec))


def _folders(failure: FailureClass) -> set[str]:
    """The folder of a class (`h1_h8` of H1+H8), and those of the classes whose test or fixes it borrows."""
    found = {failure.key.lower().replace("+", "_"), failure.author_test.partition("/")[0]}
    left = list(found)
    while left:
        for file in (build.HERE / "hidden" / left.pop()).glob("*.py"):
            borrowed = set(BORROWED.findall(file.read_text(encoding="utf-8"))) - found
            found |= borrowed
            left += borrowed
    return found


def _apart(parts: tuple[str, ...], folders: Collection[str]) -> bool:
    """Whether a file below the pack has no part in what a class's incidents are."""
    return (
        parts in NO_PART
        or parts[0] == "train"
        or (parts[0] == "hidden" and len(parts) > DEPTH and parts[1] not in folders)
    )


def _recorded(spec: Spec, plain: Tree) -> Tree:
    """A tree made from one of an incident's plain ones, as a learner would have it: with all that was recorded."""
    drawn = incident(spec)
    return drawn.woven(plain).overlay(_record(spec))


def _with_other_fault(drawn: Incident) -> Tree:
    """The class's fault that this seed did not draw, in the healthy tree: the same harm by another way."""
    faults = drawn.failure.faults
    other = faults[(faults.index(drawn.fault) + 1) % len(faults)]
    return apply(healthy_with(drawn.plain, other), other.edits)
