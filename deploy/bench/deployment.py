"""Times the replay of a deployment: a stream of customers' questions, from the tree to the outcomes that are kept."""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

from deploy.bench import figures, subject
from deploy.bench.figures import Spread
from deploy.bench.report import CouldNotMeasure, Counts, Report, console
from exams.live.telemetry import Entry
from exams.trees import served
from grading.deploying.putting import put_all
from grading.deploying.weighing import Scales
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxes.sandbox import Sandbox

QUESTIONS = 2_000
_CACHE, _NO_CACHE = b"[cache]\nentries = ", b"[cache]\nentries = 0  # "


def measure(counts: Counts) -> Report:
    """Replay the pack's own fix, `deployments` times: a cold container, the questions in order, every answer judged.

    Customers ask the same few things again and again, which the assistant keeps; so it is measured without that too.

    Raises:
        CouldNotMeasure: the fix harmed somebody, or could not answer.
        SandboxFault: the platform failed.
    """
    with console.status("deployment: making the incident"):
        what = subject.subject(subject.PACK.classes[0])
        traffic = [Entry(each.second, each.question, each.session) for each in subject.PACK.traffic(what.spec)]
        fix = served(subject.PACK, what.submitted)
    many = list(islice(cycle(traffic), QUESTIONS))
    sandbox = subject.docker(pool_size=0)
    rows = []
    try:
        for name, tree, entries in (
            (f"an attempt's {len(traffic)} questions", fix, traffic),
            (f"{QUESTIONS} questions, nothing kept", _without_cache(fix), many),
        ):
            with console.status(f"deployment: {name}"):
                took = [_replay(what, tree, entries, sandbox) for _ in range(counts.deployments)]
            for part, seconds in zip(("in all", "start", "asking", "judging"), zip(*took, strict=True), strict=True):
                spread = Spread.of(seconds)
                times = (figures.seconds(each) for each in (spread.median, spread.least, spread.most))
                rows.append((f"{name}: {part}", *times))
    finally:
        sandbox.close()
    return Report(
        title=f"Replays of class {what.spec.failure_class}, {counts.deployments} of each",
        columns=("", "median", "least", "most"),
        rows=tuple(rows),
        notes=("Goal: 2,000 answers within 60 s on two cores. Waiting for a worker comes on top.",),
    )


def _without_cache(tree: Tree) -> Tree:
    settings = tree.files["config.toml"]
    if _CACHE not in settings:
        raise CouldNotMeasure("The assistant's settings do not say how many answers it keeps.")
    return Tree({**tree.files, "config.toml": settings.replace(_CACHE, _NO_CACHE)}, tree.executable)


def _replay(
    what: subject.Subject, tree: Tree, entries: Sequence[Entry], sandbox: Sandbox
) -> tuple[float, float, float, float]:
    """Seconds: in all, until the tree answers, for the questions, for judging."""
    began = time.perf_counter()
    scales = Scales(subject.PACK.facts(what.spec), seed=what.spec.seed)
    put = put_all(tree, entries, sandbox=sandbox, take=scales.take)
    took = time.perf_counter() - began
    harmed = scales.found().harmful
    if put.starts != 1 or harmed > len(entries) // 20:
        raise CouldNotMeasure(f"The right fix was started {put.starts} times and harmed {harmed} customers.")
    return took, put.start_seconds, put.seconds - put.start_seconds - scales.seconds, scales.seconds
