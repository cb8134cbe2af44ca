"""Proves an incident pack: every cell of the verdict's table is run for real, and each must be what the table wants."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams import oracle
from grading import plan, run, verdicts
from grading.verdicts import CellKind, CellResult, Verdict
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exams.packs import Pack, Spec
    from grading.run import Record
    from sandboxes.sandbox import Sandbox

log = logging.getLogger(__name__)

TRIES = 3  # of a cell that the platform itself fails to run


@dataclass(frozen=True)
class Row:
    """One cell over all its repeats.

    `seen` counts what was seen, in words; `off` names what is not as it must be, once per repeat that is off.
    """

    kind: CellKind
    key: str
    wanted: str
    seen: tuple[tuple[str, int], ...]
    off: tuple[str, ...]

    @property
    def repeats(self) -> int:
        """How often the cell was run."""
        return sum(times for _, times in self.seen)


@dataclass(frozen=True)
class Proof:
    """The matrix of one specification, and the verdict on the platform's own fix with the author's test.

    A sample of the cells comes to no verdict.
    """

    spec: Spec
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    seconds: float

    @property
    def off(self) -> int:
        """How many cells are off, the verdict counted as one."""
        return sum(bool(row.off) for row in self.rows) + any(one is not Verdict.verified for one in self.verdicts)


def prove(
    *,
    pack: Pack,
    spec: Spec,
    sandbox: Sandbox,
    repeat: int,
    jobs: int = 1,
    sample: int | None = None,
    between: Callable[[int, int], None] = lambda _done, _total: None,
) -> Proof:
    """Run every cell of a specification `repeat` times, each time with other hidden questions, in another order.

    1. The platform's own fix is handed in with the author's test, exactly as a learner would.
    2. The hidden questions are put to every other right fix and every wrong one too.
    3. The same verdict code that judges learners says what each cell shows.

    `jobs` cells run at a time, each in containers of its own. `sample` takes no more than so many cells of each sort;
    that finds what is off in those, and proves nothing. `between` is told before each cell how many were begun before.

    Raises:
        SandboxFault: the platform failed three times in one cell; nothing is proved.
    """
    began = time.perf_counter()
    seen: dict[tuple[CellKind, str], list[tuple[str, str]]] = {}
    found: list[Verdict] = []
    submitted = pack.reference(spec).overlay(pack.author_test(spec))
    for seed in range(repeat):
        drawn = plan.draw_up(pack=pack, spec=spec, submitted=submitted, hand_in=True, seed=seed)
        cells: Sequence[plan.PlannedCell] = (*drawn.cells, *_more_questions(drawn, pack, spec))
        if sample is not None:
            cells = _sample(cells, sample)
        records = _run_all(cells, drawn, sandbox=sandbox, jobs=jobs, between=_counted(between, seed, repeat, cells))
        if sample is None:
            evidence = run.weigh(drawn, [record for record in records if record.cell in drawn.cells])
            guards = evidence.guards
            found.append(verdicts.decide(evidence).verdict)
        else:
            guards = frozenset(
                name
                for record in records
                if record.cell.kind is CellKind.pre and record.observed is not None
                for name in record.observed.failing
            )
        for record in records:
            name = (record.cell.kind, record.cell.key)
            seen.setdefault(name, []).append(_seen(record, guards))
    return Proof(spec, tuple(_rows(seen)), tuple(found), time.perf_counter() - began)


def _sample(cells: Sequence[plan.PlannedCell], most: int) -> list[plan.PlannedCell]:
    """The first `most` of each sort, in the order of the plan, which is random; none that shows whatever it likes."""
    taken: Counter[tuple[CellKind, str]] = Counter()
    chosen = []
    for cell in cells:
        sort = (cell.kind, cell.key.partition(" ")[0] if cell.kind is CellKind.probe else "")
        if cell.key not in {plan.ASKED_BEFORE, plan.ASKED_AFTER} and taken[sort] < most:
            taken[sort] += 1
            chosen.append(cell)
    return chosen


def _counted(
    between: Callable[[int, int], None], seed: int, repeat: int, cells: Sequence[plan.PlannedCell]
) -> Callable[[], None]:
    """Tells how many cells were begun, whichever of the jobs begins one."""
    lock, begun = threading.Lock(), iter(range(seed * len(cells), (seed + 1) * len(cells)))

    def told() -> None:
        with lock:
            between(next(begun), repeat * len(cells))

    return told


def _run_all(
    cells: Sequence[plan.PlannedCell],
    drawn: plan.Plan,
    *,
    sandbox: Sandbox,
    jobs: int,
    between: Callable[[], None],
) -> list[Record]:
    """Run the cells, `jobs` at a time; the first that the platform cannot run ends it, and no further one begins."""

    def one(cell: plan.PlannedCell, position: int) -> Record:
        between()
        return _run(cell, drawn, sandbox=sandbox, position=position)

    with ThreadPoolExecutor(jobs, thread_name_prefix="prove") as pool:
        running = [pool.submit(one, cell, position) for position, cell in enumerate(cells, start=1)]
        try:
            return [each.result() for each in running]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run(cell: plan.PlannedCell, drawn: plan.Plan, *, sandbox: Sandbox, position: int) -> Record:
    """Run a cell; what is the platform's own failure says nothing about the pack, and is tried again."""
    for _ in range(TRIES - 1):
        try:
            return run.run_cell(cell, drawn, sandbox=sandbox, position=position)
        except SandboxFault as fault:
            log.warning("%s %s is run again: %s", cell.kind, cell.key, fault)
    return run.run_cell(cell, drawn, sandbox=sandbox, position=position)


def _more_questions(drawn: plan.Plan, pack: Pack, spec: Spec) -> list[plan.PlannedCell]:
    """The hidden questions of a plan, for the trees it does not put them to."""
    asked = next(cell for cell in drawn.cells if cell.kind is CellKind.probe and cell.key == plan.REFERENCE)
    suite = asked.questions
    if suite is None:
        raise ValueError("a cell of questions has none")
    trees = {f"alt {name}": tree for name, tree in pack.alternatives(spec).items()}
    trees |= {f"mut {name}": tree for name, tree in pack.mutants(spec).items()}
    return [
        dataclasses.replace(asked, ident=f"{asked.ident}{number:02x}", key=name, tree=plan.with_data(pack, tree, suite))
        for number, (name, tree) in enumerate(trees.items())
    ]


def _seen(record: Record, guards: frozenset[str]) -> tuple[str, str]:
    """What one run of a cell showed, and what is off about it (empty if nothing)."""
    if record.observed is not None:
        outcomes = Counter(outcome for _, outcome in record.observed.nodes)
        words = f"{record.observed.label}: " + ", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items()))
        result = verdicts.cell_result(record.observed, verdicts.WANTED[record.cell.kind], guards=guards)
        return words, "" if result is CellResult.as_required else f"{result} {record.note}".strip()
    answers = record.answers or ()
    rates = oracle.rates(answer.judgement for answer in answers)
    return f"{rates}, {rates.right} right", _off(record, rates)


def _off(record: Record, rates: oracle.Rates) -> str:
    """What is wrong with answers to the hidden questions, or to those of what worked before."""
    key, answers = record.cell.key, record.answers or ()
    if key in {plan.ASKED_BEFORE, plan.ASKED_AFTER}:  # in customers' own words: evidence, and no part of the verdict
        return ""
    if key == plan.BEFORE:
        outside = [a.key for a in answers if oracle.harmful(a.judgement.verdict) and a.group != "class"]
        if not rates.harmful:
            return "the fault does no harm"
        return f"the fault does harm outside its class: {', '.join(outside)}" if outside else ""
    if key.startswith("mut "):
        return "" if rates.right < rates.total else "a wrong fix answers everything rightly"
    wrong = [f"{a.key} {a.judgement.verdict}" for a in answers if a.judgement.verdict not in oracle.RIGHT]
    # Other right fixes are measured as a learner's hotfix is; our own, and what worked before, must be perfect.
    enough = verdicts.ENOUGH_PERCENT if key.startswith("alt ") else 100
    return f"not right: {', '.join(wrong)}" if rates.right * 100 < rates.total * enough else ""


def _rows(seen: dict[tuple[CellKind, str], list[tuple[str, str]]]) -> Sequence[Row]:
    order = list(CellKind)
    return [
        Row(
            kind=kind,
            key=key,
            wanted=_wanted(kind, key),
            seen=tuple(Counter(words for words, _ in showed).items()),
            off=tuple(off for _, off in showed if off),
        )
        for (kind, key), showed in sorted(seen.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    ]


def _wanted(kind: CellKind, key: str) -> str:
    if key in {plan.ASKED_BEFORE, plan.ASKED_AFTER}:
        return "anything"
    if kind is CellKind.probe and key == plan.BEFORE:
        return "harm, in its class only"
    if kind is CellKind.probe and key.startswith("mut "):
        return "harm or lost answers"
    return str(verdicts.WANTED[kind])
