"""Where in a TOML file each key stands, so that a fault can name its line. The standard parser keeps no positions."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""\s*(?P<name>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_NAME = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def locate(text: str) -> dict[Path, int]:
    """The line, from one, of every table and key of a well-formed TOML document; array entries count from zero.

    What stands inside an inline table or an array has no entry: ask `nearest` for the key it belongs to.
    """
    found: dict[Path, int] = {(): 1}
    entries: dict[tuple[str, ...], int] = {}
    prefix: Path = ()
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if header := _HEADER.match(line):
            names = _names(header["name"])
            if header["open"] == "[[":
                entries[names] = entries.get(names, -1) + 1
                for deeper in [each for each in entries if each[: len(names)] == names and each != names]:
                    del entries[deeper]
            prefix = _indexed(names, entries)
            for end in range(1, len(prefix) + 1):
                found.setdefault(prefix[:end], number)
        elif key := _KEY.match(line):
            path = prefix + _names(key["name"])
            for end in range(len(prefix) + 1, len(path) + 1):
                found.setdefault(path[:end], number)
            number = _end_of_value(lines, number - 1, key.end())
    return found


def nearest(found: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of what it stands in."""
    while path not in found:
        path = path[:-1]
    return found[path]


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _NAME.findall(dotted))


def _indexed(names: tuple[str, ...], entries: dict[tuple[str, ...], int]) -> Path:
    path: list[str | int] = []
    for end, name in enumerate(names, start=1):
        path.append(name)
        if names[:end] in entries:
            path.append(entries[names[:end]])
    return tuple(path)


def _end_of_value(lines: list[str], first: int, column: int) -> int:
    """The number of lines up to the end of the value that begins at `column` of line `first` (from zero)."""
    value = lines[first][column:]
    for end in range(first + 1, len(lines) + 1):
        try:
            tomllib.loads(f"x = {value}")
        except tomllib.TOMLDecodeError:
            if end < len(lines):
                value += "\n" + lines[end]
        else:
            return end
    return first + 1
