"""Finds the follow-ups of a post-mortem and whether each names an owner. It reads form, it does not judge."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grading.followups_headings import sections

_ITEM = re.compile(r"^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?(.*\S)\s*$")
_OWNER = re.compile(
    r"(?:\bowner|\bowned by|\bassignee|\bassigned to|\bresponsible|\bdri\b)[^\w@]{0,4}"
    r"(@?\w[\w .'-]{0,60}?)(?=[,;.|)\]]|\s?\(|\s[–—-]\s|$)"
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
# What a column of a table is for, by its head: the first of these that it is called counts.
_COLUMNS = (
    ("end", _DONE_WHEN),
    ("owner", re.compile(r"\b(?:owners?|owned|assignees?|assigned|responsible|who|dri|person)\b")),
    ("due", re.compile(r"\b(?:due|dates?|deadline|by when|until|when|eta|target)\b|^by$")),
    (
        "what",
        re.compile(r"\b(?:what|actions?|follow[\s-]?ups?|items?|tasks?|steps?|measures?|description|to-?\s?do)\b"),
    ),
    ("kind", re.compile(r"\b(?:kind|type|class|category|prio(?:rity)?|status|state|ticket|id|nr|no)\b|^#$")),
)
_SAYS_WHAT_IT_IS = re.compile(
    r"^\W*(?:owners?|owned by|assignee|assigned to|responsible|dri)\s*[:=–—-]\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class FollowUp:
    """One follow-up as it is written, and who it says owns it; of a row, what its columns say by their heads."""

    text: str
    owner: str | None
    columns: dict[str, str] = field(default_factory=dict, compare=False)


def follow_ups(text: str) -> list[FollowUp]:
    """The list items and table rows below headings that announce follow-ups, in order."""
    text = shortened(text)
    found: list[FollowUp | list[str]] = []  # rows, and the lines of items: whose owner is looked for once, at the end
    for section in sections(text):
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
                found.append([item.group(1)])
            elif found and isinstance(found[-1], list) and line.startswith(("  ", "\t")) and line.strip():
                found[-1].append(line.strip())
    return [_item(" ".join(each)) if isinstance(each, list) else each for each in found]


def shortened(text: str) -> str:
    """A text whose lines hold no long run of blanks, nor end in any: patterns would try each place of it in vain."""
    return "\n".join(_BLANKS.sub("    ", line).rstrip() for line in text.splitlines())


def _item(text: str) -> FollowUp:
    return FollowUp(text, _owner(text))


def _row(head: list[str], cells: list[str]) -> FollowUp:
    called = [next((what for what, pattern in _COLUMNS if pattern.search(name)), "") for name in head]
    found: dict[str, str] = {}
    shown: list[str] = []
    for place, cell in enumerate(cells):
        what = (called[place] if place < len(called) else "") or f"column {place + 1}"
        blank = _NOBODY.match(cell) is not None
        shown.append(f"done when {cell}" if what == "end" and not blank else cell)
        if not blank:
            found.setdefault(what, cell)
    text = " | ".join(shown)
    if "owner" not in called:
        return FollowUp(text, _owner(text), found)
    owner = _SAYS_WHAT_IT_IS.sub("", found.get("owner", ""))
    return FollowUp(text, None if _NOBODY.match(owner) else owner, found)


def _owner(text: str) -> str | None:
    for match in _OWNER.finditer(text):
        name = (match.group(1) or match.group(2) or "").strip()
        if not _NOBODY.match(name):
            return name
    named = _NAMED.search(text)
    return None if named is None or _NO_NAME.match(named["name"]) or _NOBODY.match(named["name"]) else named["name"]
