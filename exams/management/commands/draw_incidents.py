"""Draws incidents by the hundred and shows that those of one failure class are equally hard."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from exams.equating import BAND, SAME, Equated, equate
from exams.management import choosing

MOST = 100_000
WIDTH = 150  # of the table where nobody looks at a terminal


class Command(BaseCommand):
    help = "Draw incidents and compare them: every one of a class must be as hard. Exit status 1 when one is not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        choosing.add_arguments(parser)
        parser.add_argument("--n", type=int, default=20, help="how many of all classes together (20)")
        parser.add_argument("--first", type=int, default=1, help="the first seed (1)")

    def handle(self, *_: object, **options: Any) -> None:
        pack, classes = choosing.chosen(options)
        if not 1 <= options["n"] <= MOST:
            raise CommandError(f"--n is a number from 1 to {MOST}.")
        console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
        each = -(-options["n"] // len(classes))
        seeds = range(options["first"], options["first"] + each)
        found = []
        for failure_class in classes:
            with console.status(f"{failure_class}: drawing {each}"):
                found.append(equate(pack, failure_class, seeds))
        console.print(_table(found))
        for one in found:
            for reason in one.off:
                console.print(f"[red]OFF[/] {one.failure_class}: {reason}", highlight=False)
        if any(one.off for one in found):
            raise SystemExit(1)
        console.print(f"{each * len(classes)} incidents; all of a class are as hard as each other.", style="green")


def _table(found: list[Equated]) -> Table:
    table = Table(title=f"Same count of each, and difficulty within {BAND} bits of the class's median")
    for heading in ("class", "drawn", *(name.replace("_", " ") for name in SAME), "harmed", "bits", "thrown away", "s"):
        table.add_column(heading, overflow="fold")
    for one in found:
        least, median, most = one.difficulty
        table.add_row(
            one.failure_class,
            str(one.drawn),
            *(", ".join(f"{value}" for value in sorted(one.same[name])) for name in SAME),
            f"{one.harmed[0]}–{one.harmed[1]}",
            f"{least:.2f} / {median:.2f} / {most:.2f}",
            "\n".join(f"{times} {reason}" for reason, times in one.thrown_away.most_common(3)) or "none",
            f"{one.seconds / one.drawn:.1f} each",
        )
    return table
