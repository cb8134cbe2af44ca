"""Runs every cell of an incident pack in real containers and prints the matrix."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from exams import packs
from exams.management import choosing
from exams.packs import proof
from grading.management.containers import lent_sandbox
from grading.prove import Proof, prove
from grading.rehearsal import rehearse
from grading.verdicts import Verdict
from sandboxes.sandbox import Sandbox

FIRST_SEED = 1
JOBS = 2
MOST = 100  # of jobs, repeats and incidents
WIDTH = 130  # of the matrix where nobody looks at a terminal: a log has room, and folded lines are hard to compare
NUMBER = re.compile(r"\d+")


class Command(BaseCommand):
    help = "Prove a pack: PRE, POST, REF, ALT, MUT, PROBE and P2P, repeated. Exit status 1 when any cell is off."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        choosing.add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="all failure classes, as without --class")
        parser.add_argument(
            "--quick", action="store_true", help="rehearse in this process, without containers: seconds"
        )
        parser.add_argument("--repeat", type=_count, default=1, help="how often each cell is run (1)")
        parser.add_argument("--seeds", type=_count, default=1, help="how many incidents of each class (1)")
        parser.add_argument("--jobs", type=_count, default=JOBS, help=f"how many cells run at a time ({JOBS})")
        parser.add_argument(
            "--only-missing",
            action="store_true",
            help="leave out classes that were shown as often already in their present form: goes on where a run ended",
        )
        parser.add_argument(
            "--write", action="store_true", help="keep what was proved beside the pack; needed to publish"
        )
        parser.add_argument("--sandbox", choices=["docker", "fake"], help="none: as HOTSEAT_SANDBOX says")

    def handle(self, *_: object, **options: Any) -> None:
        pack, classes = choosing.chosen(options)
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
        if options["only_missing"]:
            classes = _missing(console, options["pack"], classes, options["seeds"], options["repeat"])
        proofs: list[Proof] = []
        with lent_sandbox(instead="Without containers, --quick rehearses.") as sandbox:
            try:
                for failure_class in classes:
                    proofs += _contained(console, pack, failure_class, sandbox, options)
            finally:
                _sum_up(console, pack, proofs)  # of an interrupted run too: what it wrote counts
        if any(each.off for each in proofs):
            raise SystemExit(1)


def _contained(
    console: Console, pack: packs.Pack, failure_class: str, sandbox: Sandbox, options: Mapping[str, Any]
) -> list[Proof]:
    """Run the incidents of a class, print each matrix and, where asked, write down that nothing was off."""
    form = proof.sha256_of(pack, failure_class)
    proofs = []
    for seed in range(FIRST_SEED, FIRST_SEED + options["seeds"]):
        spec = packs.Spec(failure_class, seed)
        found = _prove(console, pack, spec, sandbox, repeat=options["repeat"], jobs=options["jobs"])
        _print(console, found, pack.truth(found.spec))
        proofs.append(found)
    if options["write"] and settings.HOTSEAT_SANDBOX == "docker" and not any(each.off for each in proofs):
        if proof.sha256_of(pack, failure_class) == form:
            proof.record(options["pack"], failure_class, contained=len(proofs), repeats=options["repeat"])
        else:
            console.print(f"[red]{failure_class} was changed while it ran: what was shown is not written down.[/]")
    return proofs


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


def _count(said: str) -> int:
    number = int(said)
    if not 1 <= number <= MOST:
        raise ArgumentTypeError(f"must be between 1 and {MOST}")
    return number


def _missing(console: Console, dotted: str, classes: Sequence[str], seeds: int, repeats: int) -> list[str]:
    """The classes that still have to be run; the others are told of."""
    known = proof.read(dotted)
    missing = []
    for failure_class in classes:
        shown = known.get(failure_class, proof.Proof(""))
        if proof.unproved(dotted, failure_class) or shown.contained < seeds or shown.repeats < repeats:
            missing.append(failure_class)
        else:
            console.print(f"{failure_class}: shown before, {shown.contained} incidents, {shown.repeats} times.")
    return missing


def _prove(console: Console, pack: packs.Pack, spec: packs.Spec, sandbox: Sandbox, *, repeat: int, jobs: int) -> Proof:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{spec.failure_class} seed {spec.seed}", total=None)
        return prove(
            pack=pack,
            spec=spec,
            sandbox=sandbox,
            repeat=repeat,
            jobs=jobs,
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


def _sum_up(console: Console, pack: packs.Pack, proofs: Sequence[Proof]) -> None:
    """One line for each incident that was run to its end."""
    table = Table(title=f"{len(proofs)} incidents")
    for heading in ("incident", "fault", "cells", "times", "off", "verdict", "seconds"):
        table.add_column(heading, justify="right" if heading in {"cells", "times", "off", "seconds"} else "left")
    for each in proofs:
        table.add_row(
            each.spec.key,
            str(pack.truth(each.spec).get("fault")),
            str(len(each.rows)),
            str(len(each.verdicts)),
            f"[red]{each.off}[/]" if each.off else "0",
            ", ".join(sorted(set(each.verdicts))),
            f"{each.seconds:.0f}",
        )
    console.print(table)


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
