"""One cell: its tree started in a container of its own, and the test, in another, or the questions put to it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grading import plan, transcripts
from grading.verdicts import Label, Observed
from sandboxes.limits import Limits
from sandboxes.sandbox import RunEnd, SandboxFault

if TYPE_CHECKING:
    from exams import oracle
    from exams.packs import ProbeSuite
    from sandboxes.sandbox import Exchange, JsonObject, NodeResult, Sandbox, TestRun

TEST_LIMITS = replace(Limits(), wall_seconds=60.0, cpu_seconds=25.0)  # as the brief says; a busy host is not slow code
TREE_LIMITS = replace(Limits(), wall_seconds=90.0, cpu_seconds=60.0)


class OurTreeFailed(SandboxFault):
    """A tree of the platform's own could not be started or did not answer."""


class RunLost(SandboxFault):
    """The sandbox says of a run that the platform lost it."""


@dataclass(frozen=True)
class Answer:
    """One hidden question, what came back, and what that is worth."""

    key: str
    group: str
    exchange: Exchange
    judgement: oracle.Judgement


@dataclass(frozen=True)
class Record:
    """What one cell showed. `observed` is of the test, `answers` of questions; the other is None."""

    cell: plan.PlannedCell
    position: int
    seconds: float
    observed: Observed | None = None
    answers: tuple[Answer, ...] | None = None
    test_run: TestRun | None = None
    note: str = ""
    tree_ended: RunEnd | None = None
    rows: tuple[JsonObject, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether the test had to be stopped, which is what costs time."""
        return self.observed is not None and self.observed.label in {Label.times_out, Label.over_limit}


def run_cell(cell: plan.PlannedCell, drawn: plan.Plan, *, sandbox: Sandbox, position: int) -> Record:
    """Start the cell's tree in a container, and put the test (in another) or the questions to it.

    Raises:
        SandboxFault: the platform failed, which a tree of ours that does not start is too.
    """
    return (
        _run_test(cell, drawn, sandbox=sandbox, position=position)
        if cell.questions is None
        else _put_questions(cell, cell.questions, sandbox=sandbox, position=position)
    )


def _run_test(cell: plan.PlannedCell, drawn: plan.Plan, *, sandbox: Sandbox, position: int) -> Record:
    began = time.perf_counter()
    with sandbox.serve(cell.tree, limits=TREE_LIMITS) as served:
        ran = sandbox.run_test(
            drawn.test,
            facts=drawn.facts,
            ask=lambda question, session: served.ask(question, session=session),
            limits=TEST_LIMITS,
        )
        load_error = served.load_error
        tree_ended = served.ended
        why = served.why
    if ran.ended is RunEnd.infra_error or tree_ended is RunEnd.infra_error:
        raise RunLost(f"{cell.kind} {cell.key}: {ran.why or why or 'the sandbox lost the run'}")
    if cell.ours and load_error is not None:
        raise OurTreeFailed(f"{cell.kind} {cell.key} could not be loaded: {load_error}")
    return Record(
        cell=cell,
        position=position,
        seconds=time.perf_counter() - began,
        observed=Observed(ran.ended, tuple((node_name(node), node.outcome) for node in ran.nodes)),
        test_run=ran,
        note=_note(
            load_error,
            tree_ended,
            why,
            ran.why if ran.ended is not RunEnd.completed else "",
            transcripts.left_out(len(ran.exchanges)),
        ),
        tree_ended=tree_ended,
        rows=tuple(transcripts.transcript(ran.exchanges, drawn.facts)),
    )


def _put_questions(cell: plan.PlannedCell, suite: ProbeSuite, *, sandbox: Sandbox, position: int) -> Record:
    began = time.perf_counter()
    exchanges = []
    with sandbox.serve(cell.tree, limits=TREE_LIMITS) as served:
        for probe in suite.probes:
            exchange = served.ask(probe.question, session=probe.session)
            if cell.ours and exchange.fault is not None:
                raise OurTreeFailed(f"{cell.kind} {cell.key} did not answer {probe.key}: {exchange.fault}")
            exchanges.append(exchange)
        load_error = served.load_error
        tree_ended = served.ended
        why = served.why
    if tree_ended is RunEnd.infra_error:
        raise RunLost(f"{cell.kind} {cell.key}: {why}")
    judged = transcripts.judged(exchanges, suite.facts)
    answers = tuple(
        Answer(probe.key, probe.group, exchange, judgement)
        for probe, (exchange, judgement) in zip(suite.probes, judged, strict=True)
    )
    return Record(
        cell=cell,
        position=position,
        seconds=time.perf_counter() - began,
        answers=answers,
        note=_note(load_error, tree_ended, why),
        tree_ended=tree_ended,
        rows=tuple(
            transcripts.row(each.exchange, each.judgement)
            | {"probe": probe.key, "group": probe.group, "relation": probe.relation}
            | {"answerable": each.judgement.answerable}
            for probe, each in zip(suite.probes, answers, strict=True)
        ),
    )


def node_name(node: NodeResult) -> str:
    """A node's name as it is kept: guards seen in one part of a run are looked for in the other by this name."""
    return transcripts.storable(node.node_id, most=500)


def _note(load_error: str | None, tree_ended: RunEnd | None, why: str, *more: str) -> str:
    parts = []
    if load_error:
        parts.append(f"The assistant could not be loaded: {load_error}")
    elif tree_ended is not None:
        parts.append(f"The assistant was gone before the end ({tree_ended}): {why}")
    return transcripts.storable(" ".join((*parts, *filter(None, more))), most=4_000)
