"""What the cells of a run come to: the evidence, the verdict with its words and figures, and the rows to keep."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exams import oracle
from grading import plan, queue, transcripts, verdicts
from grading.models import Cell
from grading.run.cells import node_name
from grading.run.executing import observed_of
from grading.verdicts import CellKind, CellResult, Occasion, Probed, Verdict
from sandboxes.sandbox import RunEnd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grading.queue import Finding
    from grading.run.cells import Record


def weigh(drawn: plan.Plan, records: Sequence[Record]) -> verdicts.Evidence:
    """The records as the evidence a verdict rests on."""

    def settled(kind: CellKind) -> verdicts.Settled:
        if not drawn.has_test:
            return verdicts.settle([verdicts.NO_TEST])
        runs = observed_of(records, kind)
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
        ref=tuple(observed_of(records, CellKind.ref)),
        alt=tuple(observed_of(records, CellKind.alt)),
        mut=tuple(observed_of(records, CellKind.mut)),
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
                "node": node_name(node),
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
    if record.cell.key in {plan.ASKED_BEFORE, plan.ASKED_AFTER}:
        return CellResult.as_required
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
