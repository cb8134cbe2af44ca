"""What a section hands back, and how it is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

# A log or a pipe has no width of its own.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


class CouldNotMeasure(Exception):
    """A figure would mean nothing: what was to be timed did not do what it should; the message says what it did."""


@dataclass(frozen=True)
class Counts:
    """How much to measure."""

    pairs: int
    sustained: int
    attempts: int
    requests: int
    hand_ins: int
    deployments: int
    learners: int


@dataclass(frozen=True)
class Report:
    """One section's figures: a table, and remarks below it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def show(report: Report) -> None:
    """Print a report."""
    table = Table(*report.columns, title=report.title, title_justify="left", title_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in report.rows:
        table.add_row(*row)
    console.print(table)
    for note in report.notes:
        console.print(f"  {note}", markup=False)
