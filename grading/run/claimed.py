"""A claimed run from its pinned bytes to what is kept of it, or put back when the platform failed."""

from __future__ import annotations

import dataclasses
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from exams import incident
from grading import plan, queue, verdicts
from grading.lease import Keeper
from grading.models import GradingRun
from grading.queue import Part
from grading.run.cells import TEST_LIMITS, TREE_LIMITS, Record
from grading.run.executing import execute
from grading.run.finding import conclude
from grading.shown import observed as cell_observed
from grading.verdicts import CellKind, Verdict
from sandboxes.ingest import IngestRefused
from sandboxes.ingest.tree import Tree
from sandboxes.sandbox import RunEnd, SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from grading.queue import Claim, Finding
    from sandboxes.sandbox import Sandbox


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
