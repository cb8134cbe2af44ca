"""Runs every cell of an incident pack in real containers and prints the matrix."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from exams import packs
from grading.prove import Proof, prove
from grading.verdicts import Verdict
from sandboxes import engine

FIRST_SEED = 1


class Command(BaseCommand):
    help = "Prove a pack: PRE, POST, REF, ALT, MUT, PROBE and P2P, repeated. Exit status 1 when any cell is off."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pack", default="exams.packs.hallucination", help="dotted name of the pack")
        parser.add_argument("--class", dest="classes", action="append", help="a failure class; none: all of them")
        parser.add_argument("--repeat", type=int, default=1, help="how often each cell is run (1)")
        parser.add_argument("--seeds", type=int, default=1, help="how many incidents of each class (1)")
        parser.add_argument("--sandbox", choices=["docker", "fake"], help="none: as HOTSEAT_SANDBOX says")

    def handle(self, *_: object, **options: Any) -> None:
        pack = packs.load(options["pack"])
        classes = options["classes"] or list(pack.classes)
        strangers = sorted(set(classes) - set(pack.classes))
        if strangers:
            raise CommandError(f"{options['pack']} has {', '.join(pack.classes)}; it has no {', '.join(strangers)}.")
        if options["sandbox"]:
            settings.HOTSEAT_SANDBOX = options["sandbox"]
        console = Console()
        off = 0
        try:
            for failure_class in classes:
                for seed in range(FIRST_SEED, FIRST_SEED + options["seeds"]):
                    proof = _prove(console, pack, packs.Spec(failure_class, seed), options["repeat"])
                    _print(console, proof, pack.truth(proof.spec))
                    off += proof.off
        finally:
            engine.close()
        if off:
            raise SystemExit(1)


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
        table.add_row(
            f"{row.kind.upper()} {row.key}".strip(),
            row.wanted,
            "\n".join(words for words, _ in row.seen),
            "\n".join(str(times) for _, times in row.seen),
            "[green]ok[/]" if not row.off else "[red]OFF[/] " + "; ".join(sorted(set(row.off))),
        )
    console.print(table)
    console.print(
        f"Verdict on our own fix with the author's test: {', '.join(sorted(set(proof.verdicts)))}, "
        f"{len(proof.verdicts)} times. Component: {truth.get('component')}, fault: {truth.get('fault')}. "
        f"{proof.off or 'No'} cell{'' if proof.off == 1 else 's'} off. {proof.seconds:.0f} s.",
        style="red" if proof.off or set(proof.verdicts) != {Verdict.verified} else "green",
    )
