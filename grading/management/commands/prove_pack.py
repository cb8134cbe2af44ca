"""Runs every cell of an incident pack in real containers and prints the matrix."""

import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from exams import packs
from exams.packs import proof
from grading.prove import Proof, prove
from grading.rehearsal import rehearse
from grading.verdicts import Verdict
from sandboxes import engine

FIRST_SEED = 1
WIDTH = 130  # of the matrix where nobody looks at a terminal: a log has room, and folded lines are hard to compare
NUMBER = re.compile(r"\d+")


class Command(BaseCommand):
    help = "Prove a pack: PRE, POST, REF, ALT, MUT, PROBE and P2P, repeated. Exit status 1 when any cell is off."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pack", default="exams.packs.hallucination", help="dotted name of the pack")
        parser.add_argument("--class", dest="classes", action="append", help="a failure class; none: all of them")
        parser.add_argument("--all", action="store_true", help="all failure classes, as without --class")
        parser.add_argument(
            "--quick", action="store_true", help="rehearse in this process, without containers: seconds"
        )
        parser.add_argument("--repeat", type=int, default=1, help="how often each cell is run (1)")
        parser.add_argument("--seeds", type=int, default=1, help="how many incidents of each class (1)")
        parser.add_argument(
            "--write", action="store_true", help="keep what was proved beside the pack; needed to publish"
        )
        parser.add_argument("--sandbox", choices=["docker", "fake"], help="none: as HOTSEAT_SANDBOX says")

    def handle(self, *_: object, **options: Any) -> None:
        pack = packs.load(options["pack"])
        classes = options["classes"] or list(pack.classes)
        strangers = sorted(set(classes) - set(pack.classes))
        if strangers:
            raise CommandError(f"{options['pack']} has {', '.join(pack.classes)}; it has no {', '.join(strangers)}.")
        if options["sandbox"]:
            settings.HOTSEAT_SANDBOX = options["sandbox"]
        console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
        if options["quick"]:
            proved = _rehearse(console, pack, classes, options["seeds"])
            if options["write"]:
                for failure_class in proved:
                    proof.record(options["pack"], failure_class, incidents=options["seeds"])
            if len(proved) < len(classes):
                raise SystemExit(1)
            return
        off = 0
        try:
            for failure_class in classes:
                seeds = range(FIRST_SEED, FIRST_SEED + options["seeds"])
                shown = [_shown(console, pack, packs.Spec(failure_class, seed), options["repeat"]) for seed in seeds]
                off += sum(shown)
                if options["write"] and not any(shown) and settings.HOTSEAT_SANDBOX == "docker":
                    proof.record(options["pack"], failure_class, contained=len(seeds), repeats=options["repeat"])
        finally:
            engine.close()
        if off:
            raise SystemExit(1)


def _rehearse(console: Console, pack: packs.Pack, classes: Sequence[str], seeds: int) -> list[str]:
    """Print a line for each incident, and one for each cell that is off; the classes in which none was."""
    proved = []
    for failure_class in classes:
        off = 0
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            found = rehearse(pack, packs.Spec(failure_class, seed))
            fault = pack.truth(found.spec).get("fault")
            off += len(found.off)
            console.print(f"{found.spec.key} {fault}: {found.cells} cells, {len(found.off)} off, {found.seconds:.1f} s")
            for cell, reason in found.off:
                console.print(f"  [red]OFF[/] {cell}: {reason}", highlight=False)
        if not off:
            proved.append(failure_class)
    return proved


def _shown(console: Console, pack: packs.Pack, spec: packs.Spec, repeat: int) -> int:
    proved = _prove(console, pack, spec, repeat)
    _print(console, proved, pack.truth(spec))
    return proved.off


def _prove(console: Console, pack: packs.Pack, spec: packs.Spec, repeat: int) -> Proof:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{spec.failure_class} seed {spec.seed}", total=None)
        return prove(
            pack=pack,
            spec=spec,
            sandbox=engine.sandbox(),
            repeat=repeat,
            between=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _print(console: Console, proof: Proof, truth: dict[str, Any]) -> None:
    table = Table(title=f"{proof.spec.failure_class} {truth.get('title', '')}, seed {proof.spec.seed}")
    for heading in ("cell", "wanted", "seen", "times", ""):
        table.add_column(heading, overflow="fold")
    for row in proof.rows:
        seen = in_ranges(row.seen)
        table.add_row(
            f"{row.kind.upper()} {row.key}".strip(),
            row.wanted,
            "\n".join(words for words, _ in seen),
            "\n".join(str(times) for _, times in seen),
            "[green]ok[/]" if not row.off else "[red]OFF[/] " + "; ".join(sorted(set(row.off))),
        )
    console.print(table)
    console.print(
        f"Verdict on our own fix with the author's test: {', '.join(sorted(set(proof.verdicts)))}, "
        f"{len(proof.verdicts)} times. Component: {truth.get('component')}, fault: {truth.get('fault')}. "
        f"{proof.off or 'No'} cell{'' if proof.off == 1 else 's'} off. {proof.seconds:.0f} s.",
        style="red" if proof.off or set(proof.verdicts) != {Verdict.verified} else "green",
    )


def in_ranges(seen: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Put words that differ in their numbers alone into one line: `7 of 69` and `9 of 66` become `7–9 of 66–69`."""
    alike: dict[str, tuple[list[list[int]], int]] = {}
    for words, times in seen:
        numbers = [int(number) for number in NUMBER.findall(words)]
        told, before = alike.get(NUMBER.sub("{}", words), ([], 0))
        alike[NUMBER.sub("{}", words)] = ([*told, numbers], before + times)
    return [
        (shape.format(*(_range(column) for column in zip(*told, strict=True))), times)
        for shape, (told, times) in alike.items()
    ]


def _range(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least}–{most}"
