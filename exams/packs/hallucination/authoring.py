"""Begins a new failure class: files to fill in, in the shape the others have. Nothing draws it until it is listed."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from exams.packs.hallucination.hidden import CLASSES

HIDDEN = Path(__file__).parent / "hidden"
KEY = re.compile(r"H[0-9]{1,2}")

_CLASS = Template('''"""$key, $lower: say in one line what customers get that they should not."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.scopes import approved
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World

# A fault: a few lines of visible/, each replaced where they stand once, under a message that sounds like a good idea.
# The assistant's own tests must stay green. This one does no harm yet, so nothing can be drawn with it.
FIRST = Fault(
    name="first",
    component="retriever",
    mechanism="say for the mentor what goes wrong, in one sentence",
    # What its commit may say; neither is longer, or gives more of a reason, than innocent changes do.
    subjects=("Say the good that a colleague meant by it", "Say it in other words"),
    edits=(Edit("assistant/retriever.py", "# stable: equals keep the documents' order", "# equals keep their order"),),
    # Other right fixes: in another module, by another means, at another moment. They protect learners from a test
    # that is welded to our own fix.
    alternatives={},
    # Wrong fixes that make sense for this fault only.
    mutants={},
)

# Wrong fixes for every fault of the class; leave out of the common ones what happens to be right here.
MUTANTS: dict[str, Change] = {
    **common(without=()),
    "one_wording": always(Edit("config.toml", "sentences = 4 ", "sentences = 5 ")),
}


def touches(world: World, asked: Asked) -> bool:
    """Say which questions the faults may answer otherwise; no other question may change."""
    return approved(world, asked)


def near(world: World, asked: Asked) -> bool:
    """Say which questions lie close to the damage and stay as they were."""
    return asked.product is not None and not touches(world, asked)


$key = FailureClass(
    key="$key",
    title="$title",
    scope="Say in words which questions are damaged, and which never are.",
    touches=touches,
    near=near,
    harm=(6, 12),
    affected=6,
    rivals={"H1": "say which evidence in traces and ops rules this class out"},
    faults=(FIRST,),
    mutants=MUTANTS,
    author_test="$folder/author_test.py",
)
''')

_TEST = Template('''"""$title: say what customers must be told, and what they must never be told."""

import re

import pytest

NUMBER = re.compile(r"\\d+(?:\\.\\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "I have {product}. How much is the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


@pytest.mark.parametrize("asked", ASKED)
def test_approved_values_are_given(ask, facts, asked):
    mistaken = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            reply = ask(asked.format(attribute=attribute["names"][0], product=product["name"]))
            if fact is not None and (reply.refused or numbers(reply.text) != {float(fact["value"])}):
                mistaken.append((product["name"], attribute["key"], reply.text))
    assert not mistaken
''')


class CannotBegin(ValueError):
    """The key is none, or taken."""


def new_class(key: str, title: str, *, hidden: Path = HIDDEN) -> list[Path]:
    """Write the files of a new failure class and return them.

    Raises:
        CannotBegin: the key does not have the form, or there is such a class.
    """
    if not KEY.fullmatch(key):
        raise CannotBegin(f"{key!r} is no key for a failure class; write for example H15.")
    folder = hidden / key.lower()
    if key in CLASSES or folder.exists():
        raise CannotBegin(f"There is a failure class {key} already, in {folder.name}/. Take another key.")
    words = {"key": key, "title": title, "lower": title[:1].lower() + title[1:], "folder": key.lower()}
    folder.mkdir()
    files = {folder / "__init__.py": _CLASS, folder / "author_test.py": _TEST}
    for path, text in files.items():
        path.write_text(text.substitute(words), encoding="utf-8")
    return list(files)
