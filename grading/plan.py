"""Says which cells a submission is run in: every tree composed, every wanted label known, in a random order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from exams.packs import Probe, ProbeSuite
from exams.trees import TESTS, served, without_any_case
from grading import verdicts
from grading.verdicts import CellKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.packs import Pack, Spec
    from sandboxes.ingest.tree import Tree

REGRESSION_TESTS = "tests/regression"
BEFORE, REFERENCE, AFTER = "before", "reference", "after"
# What customers ask in this incident, on its own documents: counted in the evidence, and no part of the verdict.
ASKED_BEFORE, ASKED_AFTER = "asked_before", "asked_after"
MOST_ASKED = 60
VISIBLE = frozenset({CellKind.pre, CellKind.post})


@dataclass(frozen=True)
class Hidden:
    """What an incident's pack gives to grading and learners never see; the same for every hand-in of the attempt.

    Trees are as they are served.
    """

    reference: Tree
    alternatives: dict[str, Tree]
    mutants: dict[str, Tree]
    worked_before: ProbeSuite
    asked: ProbeSuite


@lru_cache(maxsize=16)
def hidden(pack: Pack, spec: Spec) -> Hidden:
    """The incident's hidden trees, made once in this process: seconds of work that a practice run does without."""
    worked_before = pack.regression_suite(spec)
    return Hidden(
        reference=served(pack, pack.reference(spec)),
        alternatives={key: served(pack, tree) for key, tree in pack.alternatives(spec).items()},
        mutants={key: served(pack, tree) for key, tree in pack.mutants(spec).items()},
        worked_before=worked_before,
        asked=_asked(pack, spec, worked_before),
    )


def _asked(pack: Pack, spec: Spec, worked_before: ProbeSuite) -> ProbeSuite:
    """What the first customers of this incident ask, in its order: whole conversations, and no lone question twice."""
    traffic = pack.traffic(spec)
    talks: dict[str, list[str]] = {}
    for number, each in enumerate(traffic):
        talks.setdefault(each.session or f"alone-{number}", []).append(each.question)
    chosen: dict[str, str] = {}  # conversation: the session it is put in
    lone: set[str] = set()
    room = MOST_ASKED
    for name, questions in talks.items():
        if len(questions) > room or (len(questions) == 1 and questions[0] in lone):
            continue
        room -= len(questions)
        lone |= set(questions) if len(questions) == 1 else set()
        chosen[name] = name if len(questions) > 1 else ""
    asked = [(each.question, each.session or f"alone-{number}") for number, each in enumerate(traffic)]
    probes = tuple(
        Probe(key=f"asked-{number:02d}", group="class", question=question, session=chosen[name])
        for number, (question, name) in enumerate((one for one in asked if one[1] in chosen), start=1)
    )
    return ProbeSuite(worked_before.data, worked_before.replacing, worked_before.facts, probes)


@dataclass(frozen=True)
class PlannedCell:
    """One tree to start, and either the test to run against it or the questions to put to it.

    `ident` is opaque. `questions` is None for a cell of the test.
    """

    ident: str
    kind: CellKind
    key: str
    repeat: int
    tree: Tree
    questions: ProbeSuite | None = None

    @property
    def visible(self) -> bool:
        """Whether the learner is shown this cell."""
        return self.kind in VISIBLE

    @property
    def round(self) -> tuple[CellKind, bool]:
        """What it is a repeat of: its kind, and whether of the fresh repeats after a disagreement."""
        return self.kind, self.repeat > verdicts.REPEATS

    @property
    def ours(self) -> bool:
        """Whether the tree is the platform's own: if it cannot be started, that is our fault."""
        return not (self.kind in {CellKind.post, CellKind.p2p} or self.key in {AFTER, ASKED_AFTER})


@dataclass(frozen=True)
class Edited:
    """Files of the submission that differ from what was handed out, where no fix belongs.

    `protected` was replaced by ours before anything ran. `data`, the knowledge base and the approved facts, was kept
    in the learner's own cells and replaced for the hidden questions (so it is looked at for hand-ins only); the test
    is always given our facts.
    """

    protected: tuple[str, ...]
    data: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Everything needed to run a submission without asking the database again."""

    test: Tree
    facts: bytes
    before: Tree
    after: Tree
    cells: tuple[PlannedCell, ...]
    seed: int
    edited: Edited

    @property
    def has_test(self) -> bool:
        """Whether there is a regression test to run."""
        return any(path.endswith(".py") for path in self.test.files)

    def again(self, kinds: Sequence[CellKind]) -> tuple[PlannedCell, ...]:
        """Five fresh repeats of visible cells whose first repeats disagreed, in random order."""
        draw = random.Random(f"{self.seed}/again")  # noqa: S311 - an order, not a secret
        cells = [
            PlannedCell(_ident(draw), kind, "", repeat, self.before if kind is CellKind.pre else self.after)
            for kind in kinds
            for repeat in range(verdicts.REPEATS + 1, verdicts.REPEATS + verdicts.REPEATS_AFTER_DISAGREEMENT + 1)
        ]
        draw.shuffle(cells)
        return tuple(cells)


def draw_up(
    *,
    pack: Pack,
    spec: Spec,
    submitted: Tree,
    hand_in: bool,
    seed: int,
    visible: bool = True,
    base: Tree | None = None,
    facts: bytes | None = None,
) -> Plan:
    """The cells of one run of `submitted`; `seed` draws their order and the hidden questions.

    `hand_in` asks for the hidden cells, `visible` for the others; a hand-in has both, together or one after the other.
    `base` and `facts` are what the learner was handed and the approved facts, where the caller has kept them.

    1. The test is what lies below tests/regression; `exams.trees.served` says what is served of a tree.
    2. The hotfix is the submitted tree with the protected parts replaced by ours.
    3. A practice run has the visible cells; a hand-in has the hidden ones too.
    4. Without a test only the questions are left to ask.

    Raises:
        IngestRefused: the submitted files cannot be combined with ours, for example a file where we have a folder.
    """
    base = pack.base(spec) if base is None else base
    facts = pack.facts(spec) if facts is None else facts
    draw = random.Random(seed)  # noqa: S311 - an order, not a secret; the seed itself is drawn from the system
    before = served(pack, base)
    after = served(pack, submitted, ours=base)
    test = submitted.under(REGRESSION_TESTS)

    wanted: list[tuple[CellKind, str, int, Tree, ProbeSuite | None]] = []
    for repeat in range(1, verdicts.REPEATS + 1) if visible else ():
        wanted.append((CellKind.pre, "", repeat, before, None))
        wanted.append((CellKind.post, "", repeat, after, None))
    data: tuple[str, ...] = ()
    if hand_in:
        given = hidden(pack, spec)
        data = tuple(
            path
            for path in changed(base, submitted, given.worked_before.replacing)
            if not path.startswith(f"{TESTS}/") or path in given.worked_before.data.files
        )
        fresh = pack.probes(spec, seed=draw.getrandbits(48))
        wanted.append((CellKind.ref, "", 1, given.reference, None))
        wanted += [(CellKind.alt, key, 1, tree, None) for key, tree in given.alternatives.items()]
        wanted += [(CellKind.mut, key, 1, tree, None) for key, tree in given.mutants.items()]
        for key, tree in ((BEFORE, before), (REFERENCE, given.reference), (AFTER, after)):
            wanted.append((CellKind.probe, key, 1, with_data(pack, tree, fresh), fresh))
        for key, tree in ((ASKED_BEFORE, before), (ASKED_AFTER, after)) if given.asked.probes else ():
            wanted.append((CellKind.probe, key, 1, with_data(pack, tree, given.asked), given.asked))
        wanted.append((CellKind.p2p, AFTER, 1, with_data(pack, after, given.worked_before), given.worked_before))
    if not any(path.endswith(".py") for path in test.files):
        wanted = [each for each in wanted if each[4] is not None]
    cells = [PlannedCell(_ident(draw), *each) for each in wanted]
    draw.shuffle(cells)
    return Plan(
        test=test,
        facts=facts,
        before=before,
        after=after,
        cells=tuple(cells),
        seed=seed,
        edited=Edited(protected=changed(base, submitted, pack.protected()), data=data),
    )


def with_data(pack: Pack, tree: Tree, suite: ProbeSuite) -> Tree:
    """What is served of the tree, answering from the suite's own data."""
    return served(pack, without_any_case(tree, suite.replacing).overlay(suite.data, replacing=suite.replacing))


def changed(base: Tree, submitted: Tree, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Paths below `prefixes` that were changed, added or removed."""
    paths: set[str] = set()
    for prefix in prefixes:
        old, new = base.under(prefix).files, submitted.under(prefix).files
        paths |= {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    return tuple(sorted(paths))


def _ident(draw: random.Random) -> str:
    return f"{draw.getrandbits(64):016x}"
