"""What the assistant's tree says of itself is true, whichever innocent changes meet in it; a fault may be wrong."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import combinations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from exams.packs.hallucination.edits import apply
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.mending import healthy_with
from exams.packs.hallucination.weave import apart, hunks, taken, woven
from sandboxes.ingest.tree import Tree

from .pasts import FAULTS, clear_of, healthy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.weave import Hunk

TREE = healthy("bank")
MODULES = sorted({path for one in INNOCENTS for path in one.files if path in TREE.files and path.endswith(".py")})


@cache
def made(one: Innocent) -> tuple[Hunk, ...]:
    """What a change does, with the change that it rests on if it does."""
    rests = next((taken(TREE, base.edits) for base in INNOCENTS if base.subject == one.after), ())
    return (*rests, *taken(TREE, one.edits))


def together(path: str) -> Iterator[str]:
    """A file as any two of the innocent changes make it that touch it and can both be made."""
    base = Tree({path: TREE.files[path]})
    touching = [[hunk for hunk in made(one) if hunk.path == path] for one in INNOCENTS if path in one.files]
    for two in combinations(touching, 2):
        if apart(*two):
            yield woven(base, *two).files[path].decode()


def run(code: str) -> dict[str, Any]:
    """What a module defines that imports none of its neighbours."""
    module: dict[str, Any] = {"__name__": __name__}
    exec(code, module)  # noqa: S102 - our own code
    return module


def late_imports(code: str) -> list[str]:
    """The imports of a module that stand below other statements."""
    _, *body = ast.parse(code).body
    first = next((at for at, one in enumerate(body) if not isinstance(one, ast.Import | ast.ImportFrom)), len(body))
    return [ast.unparse(one) for one in body[first:] if isinstance(one, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("path", MODULES)
def test_imports_stand_above_everything_else(path: str) -> None:
    assert [late for code in together(path) for late in late_imports(code)] == []


def test_and_with_every_fault() -> None:
    for key, fault in FAULTS:
        change = hunks(TREE, apply(healthy_with(TREE, fault), fault.edits))
        for path in {hunk.path for hunk in change if hunk.path in MODULES}:
            usable = [
                one for one in INNOCENTS if path in one.files and apart(made(one), clear_of(key, fault.name, "bank"))
            ]
            for one in usable:
                code = woven(TREE, made(one), change).files[path].decode()
                assert late_imports(code) == [], (fault.name, one.subject)


def test_what_counts_as_a_word_is_as_its_examples_say() -> None:
    said = 0
    for code in together("assistant/index.py"):
        words = run(code)["words"]
        for text, found in re.findall(r'"(.+)" is (.+)\.', words.__doc__ or ""):
            assert words(text) == found.split(", ")
            said += 1
    assert said


def test_the_cache_keeps_what_it_says_it_keeps() -> None:
    query = SimpleNamespace(
        product=SimpleNamespace(id="a"), attribute=SimpleNamespace(key="b"), wording="", jurisdiction=None
    )
    for code in together("assistant/cache.py"):
        kind = run(code)["Cache"]
        kept = kind(4, "v1")
        kept.put(query, {"refused": True})
        assert kept.get(query) or "refusals" not in (kind.__doc__ or "").lower()


def test_no_docstring_gives_refusals_an_order_that_another_change_turns_round() -> None:
    assert not [code for code in together("assistant/abstain.py") if "in this order" in code]


def test_nobody_is_sent_for_what_is_not_there() -> None:
    every = woven(TREE, *(made(one) for one in INNOCENTS if one.files <= {"CONTRIBUTING.md"}))
    said = {path: content.decode() for path, content in every.files.items() if path.endswith((".md", ".py"))}
    assert not [path for path, text in said.items() if "glossary" in text]
    assert "deploys.log` has them" not in said["CONTRIBUTING.md"]  # it begins with the last published document
