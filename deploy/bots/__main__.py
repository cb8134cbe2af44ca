"""`make bots`: bots play incidents of the failure classes, and shows what the evidence proposes for each of them."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from deploy.bench import ground
from deploy.local.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from deploy.bots.scoring import Row

PACK = "exams.packs.hallucination"
_INTERRUPTED, _TERMINATED = 130, 143

console = Console(highlight=False, width=None if sys.stdout.isatty() else 230)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bots", description=__doc__)
    parser.add_argument("--class", dest="classes", action="append", metavar="CLASS", help="which; all by default")
    parser.add_argument("--bot", dest="bots", action="append", metavar="BOT", help="which; all by default")
    parser.add_argument("--seed", type=int, default=7, help="of each incident (7)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Play; 0 if every bot is proposed what it should be."""
    asked = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that what was started is stopped
    try:
        with ground.ready(containers=False):
            return _play(asked)
    except Trouble as trouble:
        console.print(f"\n{trouble}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return _INTERRUPTED


def _play(asked: argparse.Namespace) -> int:
    from deploy.bots import game, players, scoring  # noqa: PLC0415 - models can be loaded only now
    from exams import packs  # noqa: PLC0415

    pack = packs.load(PACK)
    began = time.monotonic()
    rows: list[Row] = []
    wrong: list[str] = []
    for failure_class in asked.classes or pack.classes:
        spec = packs.Spec(failure_class, asked.seed)
        try:
            for row in game.played(pack, spec, asked.bots or tuple(players.BOTS)):
                rows.append(row)
                wrong += (off := [f"{spec.key} {row.bot}: {each}" for each in scoring.off(row)])
                console.print(
                    f"  {spec.key} {row.bot}: {row.verdict}{', not as it should be' * bool(off)}", style="dim"
                )
        except Exception as error:  # noqa: BLE001 - one class's fault, of whatever kind, is not the others'
            wrong.append(f"{spec.key} could not be played: {type(error).__name__}: {error}")
    wrong += scoring.length_buys(rows)
    _show(rows)
    found = scoring.correlation(rows)
    if found is not None:
        console.print(f"Words written and the overall proposal correlate with {found:+.2f} over {len(rows)} plays.")
    console.print(f"{len(rows)} plays in {time.monotonic() - began:.0f} s.")
    for each in wrong:
        console.print(f"Not as it should be: {each}", markup=False, style="red")
    return 1 if wrong else 0


def _show(rows: Sequence[Row]) -> None:
    """One line a play; a score is what figures alone propose, and behind ≤ what the open bands go up to."""
    table = Table(
        "class", "bot", "verdict", "mutants", "alternatives", "F", "wrong", "answered",
        "diagnosis", "hotfix", "regression", "post-mortem", "communication", "overall", "seen", "words",
    )  # fmt: skip
    for row in rows:
        scores = [_score(row.proposed[key], row.open[key]) for key in row.proposed]
        table.add_row(
            row.spec.failure_class,
            row.bot,
            row.verdict,
            f"{row.killed.part}/{row.killed.of}",
            f"{row.passed.part}/{row.passed.of}",
            "–" if row.f is None else f"{float(row.f):.2f}",
            " → ".join(map(str, row.harmful)),
            " → ".join(map(str, row.answers)),
            *scores,
            f"{100 * float(row.overall):.0f} %",
            f"{100 * float(row.seen_overall):.0f} % {'pass' if row.passes else 'fail'}",
            str(row.words),
            end_section=row is rows[-1] or rows[rows.index(row) + 1].spec != row.spec,
        )
    console.print(table)


def _score(proposed: Fraction | None, higher: Fraction) -> str:
    alone = "–" if proposed is None else f"{float(proposed):.2f}"
    return alone if proposed == higher else f"{alone} ≤ {float(higher):.2f}"


if __name__ == "__main__":
    sys.exit(main())
