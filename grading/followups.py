"""Finds the follow-ups of a post-mortem and whether each names an owner. It reads form, it does not judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_BOLD_HEADING = re.compile(r"^\*\*(.+?)\*\*:?$")
_FOLLOW_UPS = re.compile(r"follow[\s-]?ups?|action items?|corrective actions?|next steps|^actions?$", re.IGNORECASE)
_ITEM = re.compile(r"^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?(.*\S)\s*$")
_OWNER = re.compile(
    r"(?:\bowner|\bowned by|\bassignee|\bassigned to|\bresponsible|\bdri\b)[^\w@]{0,4}"
    r"(@?\w[\w .'-]{0,60}?)(?=[,;.|)\]]|\s[–—-]\s|$)"
    r"|(@\w[\w.-]{0,60})",
    re.IGNORECASE,
)
# A name before a date, set apart: "(Greta, by 4 May)", "; Tom, by the end of the month", "[Lee] [2026-12-02]"
_NAMED = re.compile(
    r"(?:[;(\[–—]|\s-)\s*(?:[A-Z][\w'-]{1,30},\s)?(?P<name>[A-Z][a-z][\w'-]{0,30}(?:\s[A-Z][\w'-]{1,30})?)"
    r"(?:\]\s*\[|,\s+|\),?\s+|\s+)(?=(?:by|due|within|before|until)\b|\d{4}-\d{2}|\d{1,2}\s[A-Z])"
)
_NO_NAME = re.compile(
    r"(?:Measur|Verif|Done|Clos|Finish|Complet|Check|Block|Track|Prov|Own|Review|Test|Sign|Due|Guard)"
)
_NOBODY = re.compile(
    r"^(tbd|tba|none|n/?a|unknown|nobody|unassigned|\?+|-+|–|—"
    r"|every(?:body|one)|any(?:body|one)|some(?:body|one)|all(?: of us)?|us|we)?$",
    re.IGNORECASE,
)
_DONE_WHEN = re.compile(r"\b(?:done|closed|complete|finished) when\b|\bacceptance\b|\bmeasur(?:e|ed|able)\b")
_BLANKS = re.compile(r"\s{5,}")
_BOTTOM = 7  # deeper than any heading


@dataclass(frozen=True)
class FollowUp:
    """One follow-up as it is written, and who it says owns it."""

    text: str
    owner: str | None


def follow_ups(text: str) -> list[FollowUp]:
    """The list items and table rows below headings that announce follow-ups, in order."""
    text = shortened(text)
    found: list[FollowUp] = []
    for section in _sections(text):
        table: list[str] | None = None
        for line in section:
            if line.count("|") >= 2:  # noqa: PLR2004 - a table row has cells
                cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
                if table is None:
                    table = [cell.casefold() for cell in cells]
                elif not all(set(cell) <= set(":- ") for cell in cells):
                    found.append(_row(table, cells))
                continue
            table = None
            item = _ITEM.match(line)
            if item:
                found.append(FollowUp(item.group(1), _owner(item.group(1))))
            elif found and line.startswith(("  ", "\t")) and line.strip():
                longer = f"{found[-1].text} {line.strip()}"
                found[-1] = FollowUp(longer, _owner(longer))
    return found


def shortened(text: str) -> str:
    """A text whose lines hold no long run of blanks, nor end in any: patterns would try each place of it in vain."""
    return "\n".join(_BLANKS.sub("    ", line).rstrip() for line in text.splitlines())


def _sections(text: str) -> Iterator[list[str]]:
    """The lines below each heading of follow-ups, to the next heading of its rank or above."""
    lines: list[str] | None = None
    rank = _BOTTOM
    for line in text.splitlines():
        heading = _HEADING.match(line)
        bold = None if heading else _BOLD_HEADING.match(line.strip())
        if heading or bold:
            level = len(heading.group(1)) if heading else _BOTTOM - 1
            title = heading.group(2) if heading else bold.group(1) if bold else ""
            if lines is not None and level <= rank:
                yield lines
                lines = None
            if lines is None and _FOLLOW_UPS.search(title):
                lines, rank = [], level
            continue
        if lines is not None:
            lines.append(line)
    if lines is not None:
        yield lines


def _row(head: list[str], cells: list[str]) -> FollowUp:
    columns = [place for place, name in enumerate(head) if re.search(r"owner|assignee|responsible|who|dri", name)]
    ends = {place for place, name in enumerate(head) if _DONE_WHEN.search(name)}
    text = " | ".join(
        f"done when {cell}" if place in ends and not _NOBODY.match(cell) else cell for place, cell in enumerate(cells)
    )
    for place in columns:
        if place < len(cells) and not _NOBODY.match(cells[place]):
            return FollowUp(text, cells[place])
    return FollowUp(text, None if columns else _owner(text))


def _owner(text: str) -> str | None:
    for match in _OWNER.finditer(text):
        name = (match.group(1) or match.group(2) or "").strip()
        if not _NOBODY.match(name):
            return name
    named = _NAMED.search(text)
    return None if named is None or _NO_NAME.match(named["name"]) or _NOBODY.match(named["name"]) else named["name"]
