"""Times the visible verdict against two bare pytest processes on the same files, pair by pair."""

from __future__ import annotations

from deploy.bench import figures, subject
from deploy.bench.figures import Spread
from deploy.bench.report import Counts, Report, console


def measure(counts: Counts) -> Report:
    """In turn: bare, with waiting containers, with cold ones, again. The first round is not counted.

    Raises:
        CouldNotMeasure: the author's test did not do its part, or the pool did not fill.
        SandboxFault: the platform failed.
    """
    what = subject.subject("H1")
    warm, cold = subject.docker(pool_size=subject.POOL_SIZE), subject.docker(pool_size=0)
    rounds: list[tuple[float, float, float]] = []
    try:
        with subject.folders(what) as places, console.status("visible verdict") as status:
            for number in range(counts.pairs + 1):
                status.update(f"visible verdict: round {number} of {counts.pairs}")
                subject.settle(warm, pool_size=subject.POOL_SIZE)
                bare = subject.timed_bare(places)
                pooled = subject.timed_pair(what, warm)
                subject.settle(warm, pool_size=subject.POOL_SIZE)
                rounds.append((bare, pooled, subject.timed_pair(what, cold)))
    finally:
        warm.close()
        cold.close()
    bare_s, pooled_s, cold_s = (list(column) for column in zip(*rounds[1:], strict=True))
    return Report(
        title=f"Visible verdict (PRE and POST), {counts.pairs} paired rounds",
        columns=("", "median", "p95", "ratio to bare, median", "middle half (all)"),
        rows=(
            _row("two bare pytest processes", bare_s, None),
            _row(f"sandbox, {subject.POOL_SIZE} containers waiting", pooled_s, bare_s),
            _row("sandbox, cold containers", cold_s, bare_s),
        ),
        notes=("Goal: the ratio with waiting containers is at most 1.",),
    )


def _row(name: str, values: list[float], reference: list[float] | None) -> tuple[str, ...]:
    spread = Spread.of(values)
    row = (name, figures.seconds(spread.median), figures.seconds(spread.p95))
    if reference is None:
        return (*row, "1", "")
    ratio = Spread.of(figures.ratios(values, reference))
    return (*row, f"{ratio.median:.2f}", figures.quartiles(ratio))
