"""Times whole runs of the class with the most cells: a practice run, and the full verdict of a hand-in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deploy.bench import figures, subject
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from grading import plan, run
from grading.verdicts import Occasion, Verdict

if TYPE_CHECKING:
    from sandboxes.sandbox import Sandbox


def measure(counts: Counts) -> Report:
    """Each run from the pinned tree to the finding, with hidden questions drawn afresh, cells one after the other.

    Raises:
        CouldNotMeasure: a run of the right fix was not verified.
        SandboxFault: the platform failed.
    """
    with console.status("hand-in: making the incidents"):
        what = max(map(subject.subject, subject.PACK.classes), key=lambda each: len(_plan(each, 0, hand_in=True).cells))
    sandbox = subject.docker(pool_size=subject.POOL_SIZE)
    rows = []
    try:
        for name, hand_in in (("practice run", False), ("hand-in", True)):
            with console.status(f"hand-in: {name}"):
                seconds = []
                for seed in range(counts.hand_ins):
                    subject.settle(sandbox, pool_size=subject.POOL_SIZE)
                    cells, took = _timed(what, sandbox, seed, hand_in=hand_in)
                    seconds.append(took)
            spread = Spread.of(seconds)
            times = (figures.seconds(each) for each in (spread.median, spread.least, spread.most))
            rows.append((f"{name}, {cells} cells", *times))
    finally:
        sandbox.close()
    return Report(
        title=f"Whole runs of class {what.spec.failure_class}, {counts.hand_ins} of each",
        columns=("", "median", "least", "most"),
        rows=tuple(rows),
        notes=("Goal: a hand-in within 30 s on two idle cores. Waiting in the queue and ingest come on top.",),
    )


def _plan(what: subject.Subject, seed: int, *, hand_in: bool) -> plan.Plan:
    return plan.draw_up(pack=subject.PACK, spec=what.spec, submitted=what.submitted, hand_in=hand_in, seed=seed)


def _timed(what: subject.Subject, sandbox: Sandbox, seed: int, *, hand_in: bool) -> tuple[int, float]:
    """How many cells were run, and the seconds from the tree to the finding."""
    began = time.perf_counter()
    drawn = _plan(what, seed, hand_in=hand_in)
    records = run.execute(drawn, sandbox=sandbox)
    occasion = Occasion.stage_closed if hand_in else Occasion.practice
    finding = run.conclude(drawn, records, occasion=occasion)
    took = time.perf_counter() - began
    if finding.decision.verdict is not Verdict.verified:
        raise CouldNotMeasure(f"The right fix is {finding.decision.verdict}, not verified: {finding.because}")
    return len(records), took
