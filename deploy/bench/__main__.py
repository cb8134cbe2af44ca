"""`make bench`: measures this machine, section by section. It fails only where it could not measure, never on speed."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from deploy.bench import ground
from deploy.bench.report import Counts, console, show
from deploy.local.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each section's module, and whether it needs containers. Modules are imported once the settings are there.
SECTIONS = {
    "verdict": ("deploy.bench.verdict", True),
    "throughput": ("deploy.bench.throughput", True),
    "closing": ("deploy.bench.closing", False),
    "http": ("deploy.bench.web", False),
    "hand-in": ("deploy.bench.hand_in", True),
    "deployment": ("deploy.bench.deployment", True),
    "crowd": ("deploy.bench.together", True),
}
_BY_NAME_ONLY = {"crowd"}  # takes longer than all the others together
_WHICH = f"which ({', '.join(SECTIONS)}); all but {', '.join(_BY_NAME_ONLY)} by default"
_INTERRUPTED, _TERMINATED = 130, 143


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=_WHICH)
    for name, number, words in (
        ("pairs", 15, "paired rounds of the visible verdict"),
        ("sustained", 6, "visible verdicts in a row in each process"),
        ("attempts", 200, "windows that end in the same second"),
        ("requests", 160, "requests of each kind by four clients together"),
        ("hand-ins", 1, "whole runs of each kind"),
        ("deployments", 2, "replays of each kind"),
        ("learners", 20, "people who play at once"),
    ):
        parser.add_argument(f"--{name}", type=_positive, default=number, help=f"{words} ({number})")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 0 if every section that was asked for has its figures."""
    parser = _parser()
    asked = parser.parse_args(argv)
    chosen = asked.sections or [name for name in SECTIONS if name not in _BY_NAME_ONLY]
    if unknown := [name for name in chosen if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    counts = Counts(
        pairs=asked.pairs,
        sustained=asked.sustained,
        attempts=asked.attempts,
        requests=asked.requests,
        hand_ins=asked.hand_ins,
        deployments=asked.deployments,
        learners=asked.learners,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that what was started is stopped
    began = time.monotonic()
    console.print(_machine())
    try:
        with ground.ready(containers=any(SECTIONS[name][1] for name in chosen)):
            failed = [name for name in chosen if not _measured(name, counts)]
    except Trouble as trouble:
        console.print(f"\n{trouble}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return _INTERRUPTED
    console.print(f"\n{_machine()}, {time.monotonic() - began:.0f} s in all")
    if failed:
        console.print(f"Not measured: {', '.join(failed)}.")
    return 1 if failed else 0


def _measured(name: str, counts: Counts) -> bool:
    """Show one section, or why it has no figures; the others go on either way."""
    console.print()
    began = time.monotonic()
    try:
        show(importlib.import_module(SECTIONS[name][0]).measure(counts))
    except Exception as error:  # noqa: BLE001 - one section's fault, of whatever kind, is not the others'
        console.print(f"{name} could not be measured: {type(error).__name__}: {error}", markup=False, style="red")
        return False
    console.print(f"  {time.monotonic() - began:.0f} s", style="dim")
    return True


def _machine() -> str:
    """How busy the machine is: on a busy one times mean little, and only paired ratios much."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    busy = "; busy, so trust ratios more than times" if load > cores / 2 else ""
    return f"{cores} cores, load {load:.1f}{busy}"


if __name__ == "__main__":
    sys.exit(main())
