"""⑤ Runs a submission: every planned cell in containers of its own, answers judged outside, one finding at the end."""

from __future__ import annotations

import dataclasses
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from exams import incident
from grading import oracle, plan, queue, transcripts, verdicts
from grading.lease import Keeper
from grading.models import Cell, GradingRun
from grading.queue import Part
from grading.shown import observed as cell_observed
from grading.verdicts import CellKind, CellResult, Label, Observed, Occasion, Probed, Verdict
from sandboxes.ingest import IngestRefused
from sandboxes.ingest.tree import Tree
from sandboxes.limits import Limits
from sandboxes.sandbox import RunEnd, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from exams.packs import Pack, ProbeSuite, Spec
    from grading.queue import Claim, Finding
    from sandboxes.sandbox import Exchange, JsonObject, NodeResult, Sandbox, TestRun

TEST_LIMITS = replace(Limits(), wall_seconds=60.0, cpu_seconds=25.0)  # as the brief says; a busy host is not slow code
TREE_LIMITS = replace(Limits(), wall_seconds=90.0, cpu_seconds=60.0)
# What a run may take before the rest of it is left out; well below the time limit of its task.
BUDGET_SECONDS = 420.0
# A test that was stopped so often has cost enough: hidden cells of it are left out.
MOST_STOPPED = 3


class OurTreeFailed(SandboxFault):
    """A tree of the platform's own could not be started or did not answer."""


class TooSlow(SandboxFault):
    """The cells took longer than a run may, although no limit stopped any: this machine is overloaded."""


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


# --- One cell --------------------------------------------------------------------------------------------------


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
        observed=Observed(ran.ended, tuple((_node_name(node), node.outcome) for node in ran.nodes)),
        test_run=ran,
        note=_note(load_error, tree_ended, why, ran.why if ran.ended is not RunEnd.completed else ""),
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
        note=_note(load_error, tree_ended, why, ""),
        tree_ended=tree_ended,
        rows=tuple(transcripts.row(each.exchange, each.judgement) | {"probe": each.key} for each in answers),
    )


def _node_name(node: NodeResult) -> str:
    """A node's name as it is kept: guards seen in one part of a run are looked for in the other by this name."""
    return transcripts.storable(node.node_id, most=500)


def _note(load_error: str | None, tree_ended: RunEnd | None, why: str, test_why: str) -> str:
    parts = []
    if load_error:
        parts.append(f"The assistant could not be loaded: {load_error}")
    elif tree_ended is not None:
        parts.append(f"The assistant was gone before the end ({tree_ended}): {why}")
    if test_why:
        parts.append(test_why)
    return transcripts.storable(" ".join(parts), most=4_000)


# --- All cells -------------------------------------------------------------------------------------------------


def execute(
    drawn: plan.Plan,
    *,
    sandbox: Sandbox,
    between: Callable[[int, int], None] = lambda _done, _total: None,
    before: Sequence[Record] = (),
) -> list[Record]:
    """Run every cell of a plan, in its order; `between(done, total)` is called before each.

    1. The planned cells.
    2. Visible cells whose repeats disagreed, five times afresh.
    Recorded as not run are: repeats of a visible cell after the first that had to be stopped, which would only be
    stopped again; hidden cells of a test that keeps being stopped, those of an earlier part (`before`) counted in;
    and what is left when such stops have used up the budget. A budget used up without any stop is our slowness, and
    no mark.

    Raises:
        SandboxFault: the platform failed; nothing of this execution is worth keeping.
    """
    began = time.perf_counter()
    records: list[Record] = []
    waiting = list(drawn.cells)
    total = len(waiting)
    repeated = False
    while waiting:
        cell = waiting.pop(0)
        between(len(records), total)
        stopped = [record for record in (*before, *records) if record.stopped]
        too_much = cell.questions is None and not cell.visible and len(stopped) >= MOST_STOPPED
        late = time.perf_counter() - began > BUDGET_SECONDS
        if late and not stopped:
            raise TooSlow(f"{len(records)} of {total} cells took {BUDGET_SECONDS:.0f} s, and none met a limit")
        position = len(before) + len(records) + 1
        if cell.visible and any(record.cell.round == cell.round for record in stopped):
            records.append(_left_out(cell, position, "Not run: an earlier repeat had to be stopped at a limit."))
        elif too_much or late:
            records.append(_left_out(cell, position, _NO_TIME_LEFT))
        else:
            records.append(run_cell(cell, drawn, sandbox=sandbox, position=position))
        if not waiting and not repeated:
            repeated = True
            waiting = list(drawn.again([kind for kind in (CellKind.pre, CellKind.post) if _disagree(records, kind)]))
            total += len(waiting)
    return records


_NO_TIME_LEFT = "Not run: the cells before it had used up the time or kept hitting a limit."


def _left_out(cell: plan.PlannedCell, position: int, note: str) -> Record:
    if cell.questions is not None:
        return Record(cell=cell, position=position, seconds=0.0, answers=(), note=note)
    return Record(cell=cell, position=position, seconds=0.0, observed=verdicts.NOT_RUN, note=note)


def _observed(records: Iterable[Record], kind: CellKind) -> list[Observed]:
    """The test's runs of one kind, in order of repeats."""
    ordered = sorted((record for record in records if record.cell.kind is kind), key=lambda each: each.cell.repeat)
    return [record.observed for record in ordered if record.observed is not None]


def _disagree(records: Iterable[Record], kind: CellKind) -> bool:
    return verdicts.disagree(_observed(records, kind))


# --- What it comes to ------------------------------------------------------------------------------------------


def weigh(drawn: plan.Plan, records: Sequence[Record]) -> verdicts.Evidence:
    """The records as the evidence a verdict rests on."""

    def settled(kind: CellKind) -> verdicts.Settled:
        if not drawn.has_test:
            return verdicts.settle([verdicts.NO_TEST])
        runs = _observed(records, kind)
        return verdicts.settle(runs[: verdicts.REPEATS], runs[verdicts.REPEATS :])

    probed = {(record.cell.kind, record.cell.key): _probed(record) for record in records if record.answers is not None}
    fix = None
    left_out = any(record.answers == () for record in records)
    if probed and not left_out:
        fix = verdicts.FixEvidence(
            reference=probed[CellKind.probe, plan.REFERENCE],
            after=probed[CellKind.probe, plan.AFTER],
            worked_before=probed[CellKind.p2p, plan.AFTER],
        )
    return verdicts.Evidence(
        pre=settled(CellKind.pre),
        post=settled(CellKind.post),
        ref=tuple(_observed(records, CellKind.ref)),
        alt=tuple(_observed(records, CellKind.alt)),
        mut=tuple(_observed(records, CellKind.mut)),
        fix=fix,
        left_out=left_out,
        hotfix_tampered=any(record.tree_ended is RunEnd.tampered and not record.cell.ours for record in records),
    )


def _probed(record: Record) -> dict[str, Probed]:
    return {
        each.key: Probed(
            group=each.group,
            right=each.judgement.verdict in oracle.RIGHT,
            harmful=oracle.harmful(each.judgement.verdict),
        )
        for each in record.answers or ()
    }


def conclude(
    drawn: plan.Plan, records: Sequence[Record], *, occasion: Occasion, before: Sequence[Record] = ()
) -> Finding:
    """The finding of an execution: verdict, words, cells to keep, exact counts; `before` are kept already.

    Of a practice run, and of a hand-in whose stage is open, nothing but the visible cells is looked at.
    """
    evidence = weigh(drawn, (*before, *records))
    if occasion is not Occasion.stage_closed:
        evidence = verdicts.visible_part(evidence)
        records = [record for record in records if record.cell.visible]
    decision = verdicts.decide(evidence)
    said = verdicts.words(decision.verdict, occasion=occasion, has_test=drawn.has_test)
    counts = _counts(records)
    kept = [_kept(record, evidence) for record in records]
    records = (*before, *records)
    return queue.Finding(
        decision=decision,
        because=" ".join(filter(None, (said.happened, _detail(decision, evidence, records, counts)))),
        cells=kept,
        counts=counts,
        timings={
            "cells": len(records),
            "cells_seconds": round(sum(record.seconds for record in records), 3),
            "visible_seconds": round(sum(record.seconds for record in records if record.cell.visible), 3),
        },
    )


def _detail(
    decision: verdicts.Decision,
    evidence: verdicts.Evidence,
    records: Sequence[Record],
    counts: Mapping[str, Any],
) -> str:
    """What is added to the verdict's words, telling nothing hidden: figures, and the learner's own errors."""
    visible_notes = [record.note for record in records if record.cell.visible and record.note]
    match decision.verdict:
        case Verdict.weak:
            return f"It caught {decision.mutants_killed} of {decision.mutants_total} wrong fixes."
        case Verdict.overfit:
            gates = (*evidence.ref, *evidence.alt)
            accepted = sum(1 for run in gates if run.passes(evidence.guards))
            return f"It accepted {accepted} of {len(gates)} other right fixes."
        case Verdict.hotfix_incomplete:
            row = counts[plan.AFTER]["by_group"].get("class", {"right": 0, "total": 0, "harmful": 0})
            return (
                f"Of {row['total']} fresh questions of this kind {row['right']} were answered rightly "
                f"and {row['harmful']} harmfully."
            )
        case Verdict.hotfix_regresses:
            before, after = counts["worked_before"], counts[plan.AFTER]
            return (
                f"Of {before['total']} questions that were answered rightly before, {before['right']} still are; "
                f"on fresh data {after['answered']} of {after['answerable']} that have an answer got one."
            )
        case Verdict.tampered | Verdict.broken_test | Verdict.fails_on_own_fix | Verdict.limit_exceeded:
            return visible_notes[0] if visible_notes else ""
        case _:
            return ""


def _counts(records: Sequence[Record]) -> dict[str, Any]:
    """Exact counts of each set of answers, whole and by group of questions."""
    counts: dict[str, Any] = {}
    for record in records:
        if not record.answers:
            continue
        name = "worked_before" if record.cell.kind is CellKind.p2p else record.cell.key
        groups = sorted({each.group for each in record.answers})
        counts[name] = dataclasses.asdict(oracle.rates(each.judgement for each in record.answers)) | {
            "by_group": {
                group: dataclasses.asdict(
                    oracle.rates(each.judgement for each in record.answers if each.group == group)
                )
                for group in groups
            }
        }
    return counts


def _kept(record: Record, evidence: verdicts.Evidence) -> Cell:
    """The row of a cell."""
    cell, ran = record.cell, record.test_run
    return Cell(
        kind=cell.kind,
        key=cell.key,
        repeat=cell.repeat,
        visible=cell.visible,
        position=record.position,
        ended=ran.ended if ran else (record.tree_ended or ("" if record.note and not record.rows else "completed")),
        result=_result(record, evidence),
        nodes=[
            {
                "node": _node_name(node),
                "outcome": node.outcome,
                "message": transcripts.storable(node.message),
                "seconds": round(node.seconds, 4),
            }
            for node in (ran.nodes if ran else ())
        ],
        transcript=list(record.rows),
        output_tail=transcripts.storable(ran.output_tail, most=16_000) if ran else "",
        note=record.note,
        seconds=record.seconds,
        container=ran.container if ran else "",
    )


def _result(record: Record, evidence: verdicts.Evidence) -> CellResult:
    kind = record.cell.kind
    if record.observed is None:
        return _result_of_answers(record, evidence)
    repeated = {CellKind.pre: evidence.pre, CellKind.post: evidence.post}.get(kind)
    if repeated is not None and repeated.observed is None:
        return CellResult.flaky
    return verdicts.cell_result(record.observed, verdicts.WANTED[kind], guards=evidence.guards)


def _result_of_answers(record: Record, evidence: verdicts.Evidence) -> CellResult:
    if not record.answers or evidence.fix is None:
        return CellResult.inconclusive
    if record.cell.key == plan.BEFORE:  # the faulty tree must show its fault
        shown = any(probed.harmful for probed in _probed(record).values())
    elif record.cell.kind is CellKind.p2p:
        shown = all(probed.right for probed in _probed(record).values())
    elif record.cell.key == plan.AFTER:
        fresh = replace(evidence.fix, worked_before={})
        shown = not (fresh.incomplete or fresh.regresses)
    else:  # our own fix is what the others are measured by
        shown = True
    return CellResult.as_required if shown else CellResult.wrong_label


# --- A claimed run ---------------------------------------------------------------------------------------------


def grade(
    held: Claim, *, sandbox: Sandbox, clock: Callable[[], datetime], also: Callable[[datetime], None] | None = None
) -> None:
    """Grade the submission of a claim, outside any transaction, and keep what was found.

    1. Draw up the plan of the claimed part from the pinned bytes.
    2. Execute it; between cells the claim must still be ours.
    3. Keep the finding, or put the run back if the platform failed. What is no longer ours is dropped.

    `clock` reads the database's clock; `also` is passed to the lease's keeper.

    Raises:
        LeaseLost: the claim was taken over; nothing was kept.
    """
    began = time.perf_counter()
    try:
        with Keeper(held, clock=clock, also=also) as keeper:

            def between(done: int, total: int) -> None:
                keeper.done, keeper.total = done, total
                keeper.check()

            finding = find(held, sandbox=sandbox, between=between)
    except SandboxFault as fault:
        queue.give_back(held, f"{type(fault).__name__}: {fault}", now=clock())
        return
    seconds = {"total_seconds": round(time.perf_counter() - began, 3)}
    queue.finish(held, replace(finding, timings={**finding.timings, **seconds}), now=clock())


def find(held: Claim, *, sandbox: Sandbox, between: Callable[[int, int], None] = lambda _done, _total: None) -> Finding:
    """What running the claimed part of a submission shows.

    Raises:
        SandboxFault: the platform failed.
    """
    submission = held.submission
    situation = incident.of(submission.attempt)
    if submission.tree is None:
        raise ValueError(f"submission {submission.pk} has no tree; only ingested ones are graded")
    submitted = Tree.from_tar(bytes(submission.tree.content))
    seed = secrets.randbits(63)
    try:
        drawn = plan.draw_up(
            pack=situation.pack,
            spec=situation.spec,
            submitted=submitted,
            hand_in=held.part is not Part.visible,
            visible=held.part is not Part.hidden,
            seed=seed,
            base=incident.base_tree(submission.attempt),
            facts=incident.facts(submission.attempt),
        )
    except IngestRefused as refused:
        said = verdicts.words(Verdict.rejected_ingest, occasion=held.occasion)
        return queue.Finding(
            decision=verdicts.decide(verdicts.REJECTED),
            because=f"{said.happened} {refused.message}",
            provenance={"tree_sha256": submission.tree_sha256},
        )
    before = _seen_before(held, drawn) if held.part is Part.hidden else ()
    records = execute(drawn, sandbox=sandbox, between=between, before=before)
    finding = conclude(drawn, records, occasion=held.occasion, before=before)
    return replace(
        finding,
        provenance={
            "commit": submission.pinned_commit,
            "tree_sha256": submission.tree_sha256,
            "test_sha256": drawn.test.sha256,
            "hotfix_sha256": drawn.after.sha256,
            "handed_out_sha256": drawn.before.sha256,
            "seed": seed,
            "sandbox": sandbox.provenance(),
            "limits": {"test": dataclasses.asdict(TEST_LIMITS), "tree": dataclasses.asdict(TREE_LIMITS)},
            "edited": {"protected": list(drawn.edited.protected), "data": list(drawn.edited.data)},
        },
    )


def _seen_before(held: Claim, drawn: plan.Plan) -> tuple[Record, ...]:
    """The visible cells of a run, as they were kept when its stage was still open."""
    run = GradingRun.objects.get(pk=held.run_id)
    # Which container contradicted itself is not kept with a cell, but that one did is what the verdict was.
    forged = RunEnd.tampered if run.visible_verdict == Verdict.tampered else None
    trees = {CellKind.pre: drawn.before, CellKind.post: drawn.after}
    return tuple(
        Record(
            cell=plan.PlannedCell("", CellKind(cell.kind), cell.key, cell.repeat, trees[CellKind(cell.kind)]),
            position=cell.position,
            seconds=cell.seconds,
            observed=cell_observed(cell),
            note=cell.note,
            tree_ended=forged if cell.kind == CellKind.post else None,
            rows=tuple(cell.transcript),
        )
        for cell in run.cells.filter(visible=True).order_by("position")
    )


# --- The visible pair, timed -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """One PRE and one POST cell, and how long each took, in seconds."""

    before: Observed
    after: Observed
    before_seconds: float
    after_seconds: float

    @property
    def seconds(self) -> float:
        """How long a learner would wait for both."""
        return self.before_seconds + self.after_seconds


def visible_pair(*, pack: Pack, spec: Spec, submitted: Tree, sandbox: Sandbox, seed: int = 0) -> Pair:
    """Run the test once before and once after, as a practice run does; for the benchmark.

    Raises:
        SandboxFault: the platform failed.
        IngestRefused: the submitted files cannot be combined with ours.
    """
    drawn = plan.draw_up(pack=pack, spec=spec, submitted=submitted, hand_in=False, seed=seed)
    pair = {
        kind: run_cell(next(cell for cell in drawn.cells if cell.kind is kind), drawn, sandbox=sandbox, position=1)
        for kind in (CellKind.pre, CellKind.post)
    }
    before, after = pair[CellKind.pre], pair[CellKind.post]
    return Pair(
        before=before.observed or verdicts.NOT_RUN,
        after=after.observed or verdicts.NOT_RUN,
        before_seconds=before.seconds,
        after_seconds=after.seconds,
    )
