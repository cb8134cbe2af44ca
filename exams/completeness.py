"""What a hand-in lacks: deliverables that are empty or not there, and sections in which nothing is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exams.content import is_blank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from exams.twins.definition import Deliverable

_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_BOLD = re.compile(r"^(?:\*\*|__)(.+?)(?:\*\*|__):?$")
_LEAD = re.compile(r"^(?:\*\*|__)?([^:*_]{1,60}?)(?::(?:\*\*|__)?|(?:\*\*|__):)(.*)$")
_FENCES = ("```", "~~~")
_DEEPEST = 7  # a line in bold stands below every marked heading


def missing(contents: Mapping[str, Any], deliverables: Iterable[Deliverable]) -> list[str]:
    """What is missing of a stage, in the order of its definition.

    A deliverable is named by its key; a section of a document that is there otherwise as ``postmortem: Timeline``. A
    hint and no judgement: a section counts as there when anything at all stands below a heading with its name in it.
    """
    found: list[str] = []
    for deliverable in deliverables:
        content = contents.get(deliverable.key)
        if is_blank(content):
            found.append(deliverable.key)
        else:
            found += [f"{deliverable.key}: {section}" for section in _absent(content, deliverable.sections)]
    return found


def _absent(content: Any, sections: Sequence[str]) -> list[str]:
    names = {_squashed(section): section for section in sections}
    # Each heading once, however many lines stand below it: a deadline waits for this.
    written = {_squashed(title) for title in set(_titles(content, names))}
    return [section for name, section in names.items() if not any(name in title for title in written)]


def _titles(content: Any, names: Collection[str]) -> Iterator[str]:
    """The headings of a document below which something is written."""
    if isinstance(content, str):
        yield from _titles_of_text(content, names)
    elif isinstance(content, dict):
        if isinstance(content.get("text"), str):
            yield from _titles_of_text(content["text"], names)
        for name, part in content.items():
            if not is_blank(part):
                yield str(name)


def _titles_of_text(text: str, names: Collection[str]) -> Iterator[str]:
    """Headings of Markdown that text stands below, or below a deeper heading in them."""
    above: list[tuple[int, str]] = []  # the headings that the line stands below, outermost first
    for level, title, rest in _lines(text, names):
        if level:
            above = [heading for heading in above if heading[0] < level] + [(level, title)]
        if rest:
            yield from (heading for _, heading in above)


def _lines(text: str, names: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Each line as the rank and title of a heading (0 and empty when it is none), and the text that stands in it.

    Headings are marked with #, in bold, or underlined; also a line that begins with one of the names and a colon.
    """
    fence = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        stripped = line.strip()
        rule = _UNDERLINE.match(lines[number + 1]) if number + 1 < len(lines) else None
        if fence or stripped.startswith(_FENCES):
            ends = fence and stripped.startswith(fence)
            fence = "" if ends else fence or stripped[:3]
            yield 0, "", stripped.strip("`~")
        elif level := _rank(stripped):
            yield level, stripped.strip("#").strip(), ""
        elif bold := _BOLD.match(stripped):
            yield _DEEPEST, bold[1], ""
        elif (lead := _LEAD.match(stripped)) and _squashed(lead[1]) in names:
            yield _DEEPEST, lead[1], lead[2].strip()
        elif stripped and rule and (rule[1][0] == "=" or _squashed(stripped) in names):
            yield 1 if rule[1][0] == "=" else 2, stripped, ""
        else:
            yield 0, "", "" if _UNDERLINE.match(line) else stripped


def _rank(line: str) -> int:
    rank = len(line) - len(line.lstrip("#"))
    return rank if 1 <= rank < _DEEPEST and line[rank : rank + 1].isspace() else 0


def _squashed(title: str) -> str:
    """A title as it is compared: its words without plural and without what stands between them."""
    return "".join(word.removesuffix("s") for word in re.findall(r"[^\W_]+", title.casefold()))
