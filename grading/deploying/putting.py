"""A tree in a container answers the whole traffic in order; what it gets wrong, crashes included, is an answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grading.run import RunLost
from sandboxes.limits import MIB, Limits
from sandboxes.sandbox import Exchange, RunEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exams.live.telemetry import Entry
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Sandbox, Served

# Some ten times what a sound assistant takes for the traffic; what is not answered by then counts as failed.
BUDGET_SECONDS = 240.0
REPLAY_LIMITS = replace(
    Limits(),
    wall_seconds=BUDGET_SECONDS,
    cpu_seconds=180.0,
    frames=20_000,
    relay_bytes=128 * MIB,
    output_bytes=8 * MIB,
)
# A service that dies is started again, as in production; one that goes on dying stays down.
MOST_STARTS = 5
BEAT_SECONDS = 5.0


class CannotStart(Exception):
    """The tree cannot be loaded: its own fault, in words."""


@dataclass(frozen=True)
class Put:
    """How often the tree was started, how long until it answered, and how long it all took."""

    starts: int
    start_seconds: float
    seconds: float


def put_all(
    tree: Tree,
    traffic: Sequence[Entry],
    *,
    sandbox: Sandbox,
    take: Callable[[Exchange], None],
    beat: Callable[[], None] = lambda: None,
) -> Put:
    """Put every question to `tree`, in order, and hand each answer to `take`.

    `beat` is called every few seconds, and may raise to stop. A question that ends the tree has failed, and the tree is
    started afresh for the next one, without what it remembered, up to `MOST_STARTS` times within `BUDGET_SECONDS`.
    Whatever has no answer then has failed.

    Raises:
        CannotStart: it cannot be loaded.
        SandboxFault: the platform failed.
    """
    began = time.monotonic()
    answered, starts, first_start = 0, 0, 0.0
    while answered < len(traffic) and starts < MOST_STARTS:
        left = BUDGET_SECONDS - (time.monotonic() - began)
        if left <= 0:
            break
        starts += 1
        beat()
        with sandbox.serve(tree, limits=replace(REPLAY_LIMITS, wall_seconds=left)) as served:
            broken = _broken(served)
            if starts == 1:
                first_start = time.monotonic() - began
            if broken and not answered:
                raise CannotStart(broken)
            if broken:
                break
            answered += _until_it_ends(served, traffic[answered:], take, beat)
    for entry in traffic[answered:]:
        take(Exchange(entry.question, entry.session, None, "the assistant was down", 0.0))
    return Put(starts, first_start, time.monotonic() - began)


def _broken(served: Served) -> str:
    """Why it cannot answer at all; empty when it can."""
    error = served.load_error
    if served.ended is RunEnd.infra_error:
        raise RunLost(f"a deployment could not be started: {served.why}")
    if error is not None:
        return error
    return f"it ended while it was loaded ({served.ended}): {served.why}" if served.ended is not None else ""


def _until_it_ends(
    served: Served, entries: Sequence[Entry], take: Callable[[Exchange], None], beat: Callable[[], None]
) -> int:
    """How many were asked: all of them, or as far as the one that ended it."""
    beaten = time.monotonic()
    for number, entry in enumerate(entries, start=1):
        exchange = served.ask(entry.question, session=entry.session)
        if served.ended is RunEnd.infra_error:
            raise RunLost(f"a deployment was lost: {served.why}")
        take(exchange)
        if served.ended is not None:
            return number
        if time.monotonic() - beaten > BEAT_SECONDS:
            beat()
            beaten = time.monotonic()
    return len(entries)
