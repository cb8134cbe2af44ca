"""A tree in a container answers the whole traffic in order; what it gets wrong, crashes included, is an answer.

What has no answer in time has failed only if it was the tree's own time. Time on a crowded machine is charged as far as
the tree used the processor, or could have had it (`Yardstick`); where that comes to less than a sound assistant might
need, the replay is ours to repeat. So a version is worth the same however busy the platform is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grading.deploying.yardstick import Yardstick
from grading.run import RunLost, TooSlow
from sandboxes.limits import MIB, Limits
from sandboxes.sandbox import Exchange, RunEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exams.live.telemetry import Entry
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Sandbox, Served

# Many times what a sound assistant takes for the traffic.
BUDGET_SECONDS = 240.0
REPLAY_LIMITS = replace(
    Limits(),
    wall_seconds=BUDGET_SECONDS,
    cpu_seconds=180.0,
    frames=20_000,
    relay_bytes=128 * MIB,
    output_bytes=8 * MIB,
)
# What a tree must have had of a limit for missing it to be its own doing, in seconds of a processor to itself.
FAIR_SHARE_OF_BUDGET = 0.75
FAIR_ANSWER_SECONDS = 1.0  # a sound answer takes a few milliseconds
FAIR_LOAD_SECONDS = 3.0
# A service that dies is started again, as in production; one that goes on dying stays down.
MOST_STARTS = 5
# So does one that hangs: so many answers in a row that did not come in time, and nobody waits for the next.
MOST_HUNG = 3
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
    started afresh for the next one, without what it remembered, up to `MOST_STARTS` times within `BUDGET_SECONDS`, and
    not after `MOST_HUNG` answers in a row were not given in time. Whatever has no answer then has failed.

    Raises:
        CannotStart: it cannot be loaded.
        SandboxFault: the platform failed, or was too busy to tell.
    """
    began = time.monotonic()
    answered, starts, hung, used, first_start = 0, 0, 0, 0.0, 0.0
    cut_off = False
    with Yardstick() as machine:
        while answered < len(traffic) and starts < MOST_STARTS and hung < MOST_HUNG:
            started = time.monotonic()
            left = BUDGET_SECONDS - (started - began)
            if left <= 0:
                break
            starts += 1
            beat()
            with sandbox.serve(tree, limits=replace(REPLAY_LIMITS, wall_seconds=left)) as served:
                broken = _broken(served)
                if starts == 1:
                    first_start = time.monotonic() - began
                if served.ended is RunEnd.timeout_wall:
                    _charge(machine, since=started, used=served.cpu_seconds, fair=FAIR_LOAD_SECONDS)
                if broken and not answered:
                    raise CannotStart(broken)
                if broken:
                    break
                asked = _until_it_ends(served, traffic[answered:], take, beat)
                answered += asked
                used += served.cpu_seconds
                cut_off = served.ended is RunEnd.timeout_wall
                if cut_off and time.monotonic() - began < BUDGET_SECONDS:
                    since = time.monotonic() - REPLAY_LIMITS.answer_seconds
                    # Of what it used, as much as it cannot have used before it was asked: it has one processor.
                    at_least = max(served.cpu_seconds - (since - started), 0.0)
                    _charge(machine, since=since, used=at_least, fair=FAIR_ANSWER_SECONDS)
                    hung = hung + 1 if asked == 1 else 1
                else:
                    hung = 0
        if time.monotonic() - began >= BUDGET_SECONDS and (cut_off or answered < len(traffic)):
            _charge(machine, since=began, used=used, fair=FAIR_SHARE_OF_BUDGET * BUDGET_SECONDS)
    for entry in traffic[answered:]:
        take(Exchange(entry.question, entry.session, None, "the assistant was down", 0.0))
    return Put(starts, first_start, time.monotonic() - began)


def _charge(machine: Yardstick, *, since: float, used: float, fair: float) -> None:
    """Only go on if the time since then was the tree's own: what it used, and what it could have had of the rest.

    Raises:
        TooSlow: that is less than `fair`.
    """
    took = time.monotonic() - since
    share = machine.share(since)
    own = used + max(took - used, 0.0) * share
    if own < fair:
        raise TooSlow(
            f"a deployment was stopped after {took:.0f} s, in which {share:.0%} of a processor was to be had: "
            f"its own are {own:.1f} s, less than {fair:g}"
        )


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
