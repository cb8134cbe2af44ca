"""How good the healthy assistant is, and what each fault does to its customers: figures for people who judge the pack.

    OPENBLAS_NUM_THREADS=1 python -m exams.packs.hallucination.quality     # 1,000 known and 1,000 unknown questions
    python -m exams.packs.hallucination.quality --table                    # the table of docs/failure-classes.md

Worlds are taken as they come here, also those that an incident would throw away because the model errs in them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs import Spec
from exams.packs.hallucination import battery, build
from exams.packs.hallucination.asked import Judge, sound
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import domain_of, fault_of, incident
from exams.packs.hallucination.world import DOMAINS, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs.hallucination.asked import Asked

FIRST_WORLD = 500_000


@dataclass(frozen=True)
class Healthy:
    """Questions with an approved answer that got exactly it, and others that were refused: counts.

    `harmful` counts answers of either kind that must not be given. `milliseconds` is the median processor time of an
    answer that the model was asked for, `megabytes` the most memory this process had.
    """

    known: int
    right: int
    unknown: int
    refused: int
    harmful: int
    milliseconds: float
    megabytes: float


def healthy(number: int) -> Healthy:
    """Ask the healthy assistant that many questions of each kind, over worlds of all trades."""
    count: Counter[str] = Counter()
    spent: list[float] = []
    for at in range(10 * number):
        world = World.draw(domain=list(DOMAINS)[at % len(DOMAINS)], seed=FIRST_WORLD + at)
        try:
            tree = build.healthy(world, service="healthy", company="Healthy")
        except LookupError:  # no product whose answer the tree's own test could check
            continue
        judge = Judge(world)
        with build.opened(tree) as ask:
            for asked in battery.battery(world):
                kind = "known" if asked.fact(world) else "unknown"
                began = time.process_time()
                reply = ask(asked.question, asked.session)
                if reply["prompt"] and not asked.session:
                    spent.append(time.process_time() - began)
                mistake = judge.wrong(asked, reply)
                if count[kind] < number:
                    count[kind] += 1
                    count[f"{kind} right"] += sound(world, asked, reply)
                    count["harmful"] += mistake is not None
        if min(count["known"], count["unknown"]) == number:
            break
    return Healthy(
        known=count["known"],
        right=count["known right"],
        unknown=count["unknown"],
        refused=count["unknown right"],
        harmful=count["harmful"],
        milliseconds=1000 * statistics.median(spent),
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


@dataclass(frozen=True)
class Harm:
    """What one fault did in one incident: of the battery's questions, and of the answers since the onset."""

    failure_class: str
    fault: str
    component: str
    trade: str
    harmed: int
    asked: int
    kinds: dict[str, int]
    products: int
    harmful: int
    answers: int


def harms(incidents: int) -> Iterator[Harm]:
    """Draw so many incidents of every fault of every class."""
    for key, failure in CLASSES.items():
        for fault in failure.faults:
            specs = [spec for spec in (Spec(key, seed) for seed in range(1, 400)) if fault_of(spec).name == fault.name]
            for spec in specs[:incidents]:
                drawn = incident(spec)
                since = [trace for trace in drawn.traces if trace.at >= drawn.onset_at]
                yield Harm(
                    failure_class=key,
                    fault=fault.name,
                    component=fault.component,
                    trade=domain_of(spec.seed),
                    harmed=len(drawn.harmed),
                    asked=len(battery.battery(drawn.world)),
                    kinds=dict(Counter(_kind(asked) for asked in drawn.harmed)),
                    products=len({asked.product.id for asked in drawn.harmed if asked.product}),
                    harmful=sum(trace.wrong is not None for trace in since),
                    answers=len(since),
                )


def _kind(asked: Asked) -> str:
    return asked.kind.replace("_", " ")


def table(found: list[Harm]) -> str:
    """The figures as a Markdown table, a line for each fault."""
    lines = [
        "| class | fault, in | scope | of the battery | products | of answers since the onset | kinds of question |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, failure in CLASSES.items():
        for fault in failure.faults:
            mine = [one for one in found if (one.failure_class, one.fault) == (key, fault.name)]
            kinds = sum((Counter(one.kinds) for one in mine), Counter[str]())
            shares = [100 * one.harmful / one.answers for one in mine]
            lines.append(
                f"| {key} {failure.title} | `{fault.name}`, {fault.component} | {failure.scope_of(fault)} "
                f"| {_range(one.harmed for one in mine)} of {mine[0].asked} "
                f"| {_range(one.products for one in mine)} of 16 "
                f"| {min(shares):.0f}–{max(shares):.0f} % | {', '.join(kind for kind, _ in kinds.most_common())} |"
            )
    return "\n".join(lines) + "\n"


def _range(numbers: Iterator[int]) -> str:
    found = sorted(numbers)
    return f"{found[0]}" if found[0] == found[-1] else f"{found[0]}–{found[-1]}"


def main() -> int:
    """Print the figures as JSON, or the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="questions of each kind (1000)")
    parser.add_argument("--incidents", type=int, default=4, help="of each fault (4)")
    parser.add_argument("--table", action="store_true", help="the harm of every fault, as Markdown")
    given = parser.parse_args()
    if given.table:
        sys.stdout.write(table(list(harms(given.incidents))))
    else:
        sys.stdout.write(json.dumps(vars(healthy(given.n)), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
