"""What differs between two editions of a twin, one short line for each difference. Plain values only."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST = 60  # characters of a value
_CONTEXT = 12  # of them before the first that differs
_ONE_EACH = 2
_ABSENT = object()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Each place at which two definitions differ, and how, in the order of their names.

    Entries with a `key` are compared with their namesakes, other lists entry by entry. Of a file only its name is said,
    of a text of several lines only how many. Of plain lists those values are said that went or came.
    """
    return list(_between(before, after, ""))


def _between(before: Any, after: Any, place: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _between(before.get(key, _ABSENT), after.get(key, _ABSENT), f"{place}.{key}" if place else key)
    elif _keyed(before) and _keyed(after):
        yield from _between({each["key"]: each for each in before}, {each["key"]: each for each in after}, place)
        if (order := [each["key"] for each in after]) != [each["key"] for each in before] and len(order) == len(before):
            yield f"{place}: now in the order {', '.join(order)}"
    elif _of_tables(before) and _of_tables(after):
        yield from _entries(before, after, place)
    elif isinstance(before, list) and isinstance(after, list):
        yield f"{place}: {_listed(before, after)}"
    elif place.startswith("content."):
        how = "added" if before is _ABSENT else "removed" if after is _ABSENT else "changed"
        yield f"{place.removeprefix('content.')}: {how}"
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield f"{place}: {_lines(before, after)}"
    else:
        yield f"{place}: {_change(before, after)}"


def _entries(before: list[Any], after: list[Any], place: str) -> Iterator[str]:
    """Lists of tables without keys, such as bands: what was put in, taken out, or changed where it stands."""
    was, now = ([json.dumps(each, sort_keys=True) for each in side] for side in (before, after))
    for what, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        paired = min(b - a, d - c)
        for old, new in zip(range(a, a + paired), range(c, c + paired), strict=True):
            yield from _between(before[old], after[new], f"{place}[{new + 1}]")
        for old in range(a + paired, b):
            yield f"{place}[{old + 1}]: taken out, was {_short(before[old])}"
        for new in range(c + paired, d):
            yield f"{place}[{new + 1}]: put in, {_short(after[new])}"


def _keyed(value: Any) -> bool:
    return _of_tables(value) and all("key" in each for each in value)


def _of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _listed(before: list[Any], after: list[Any]) -> str:
    """Lists of plain values: those that went and those that came."""
    gone, come = [each for each in before if each not in after], [each for each in after if each not in before]
    if gone and come:
        return _change(*(each if len(gone) + len(come) > _ONE_EACH else each[0] for each in (gone, come)))
    if gone or come:
        return f"{'no longer' if gone else 'also'} {', '.join(map(_short, gone or come))}"
    return f"in another order or number, now {_short(after)}"


def _lines(before: str, after: str) -> str:
    old, new = before.splitlines(), after.splitlines()
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    gone = sum(b - a for what, a, b, _, _ in codes if what != "equal")
    come = sum(d - c for what, _, _, c, d in codes if what != "equal")
    return f"{come} line(s) new or changed, {gone} line(s) of before gone"


def _change(before: Any, after: Any) -> str:
    if before is _ABSENT:
        return f"now says {_short(after)}"
    if after is _ABSENT:
        return f"said {_short(before)}, says nothing now"
    old, new = _written(before), _written(after)
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - _CONTEXT) if max(len(old), len(new)) > _MOST else 0
    return f"{_cut(old, start)} → {_cut(new, start)}"


def _short(value: Any) -> str:
    return _cut(_written(value), 0)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str, start: int) -> str:
    shown = text[start : start + _MOST]
    return ("…" if start else "") + shown + ("…" if start + _MOST < len(text) else "")
