"""Spells the cells of a table out, one by one, as the sentences that they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grading.postmortem.radius_words import ANSWERS, PEOPLE, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST_CELLS = 12  # of a row
_RULE = re.compile(r"[\s|:-]+")
_COUNT = re.compile(r"\W{0,4}(?P<count>(?:about |~ ?)?\d[\d,' ]{0,9})\W{0,4}")
_OF = re.compile(rf"(?P<answers>\b{WRONG}\s+(?:\w+\s+)?{ANSWERS}\b)|(?P<people>\b{PEOPLE}\b)", re.IGNORECASE)


def spelled(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines, each with its number; a row with a head of its own becomes a line for each of its cells.

    | | wrong answers | customers | says what its rows count in its head; others say it in front of each row. A table in
    which neither does, or both, stays as it is.
    """
    head: list[str] | None = None
    for number, line in lines:
        if line.count("|") < 2:  # noqa: PLR2004 - a row has cells
            head = None
            yield number, line
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")][:_MOST_CELLS]
        if head is None:
            head = cells
            yield number, line
        elif not _RULE.fullmatch(line):
            found = list(_row(head, cells))
            yield from ((number, each) for each in found or [line])


def _row(head: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    label = _OF.search(cells[0])
    for title, cell in zip(head[1:], cells[1:], strict=False):
        counted, of_column = _COUNT.fullmatch(cell), _OF.search(title)
        if counted is None or (label is None) == (of_column is None):
            continue
        of, part = (label, title) if label else (of_column, cells[0])
        what = "wrong answers" if of and of["answers"] else "customers"
        yield f"{part or what}: {counted['count'].strip()} {what}"
