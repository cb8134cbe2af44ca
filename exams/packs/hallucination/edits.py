"""Changes to a tree as exact replacements: each says what it finds once and what it puts there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.packs.hallucination.text import Value
    from exams.packs.hallucination.world import Attribute, Product, World


class EditDoesNotApply(ValueError):
    """The words to be replaced are not in the file exactly once: the pack's own material is out of step."""


@dataclass(frozen=True)
class Edit:
    """Replace the one place in `path` that reads `old` by `new`."""

    path: str
    old: str
    new: str

    def undone(self) -> Edit:
        """The change that takes this one back."""
        return Edit(self.path, self.new, self.old)


def apply(tree: Tree, edits: Iterable[Edit]) -> Tree:
    """Return the tree with the edits made, in order.

    Raises:
        EditDoesNotApply: a file is missing, or holds the words to be replaced not exactly once.
    """
    files = dict(tree.files)
    for edit in edits:
        found = files.get(edit.path, b"").decode()
        times = found.count(edit.old)
        if times != 1:
            raise EditDoesNotApply(f"{edit.path} holds {edit.old!r} {times} times, not once")
        files[edit.path] = found.replace(edit.old, edit.new).encode()
    return Tree(files, tree.executable)


@dataclass(frozen=True)
class Told:
    """One wrong answer that a customer got, which the narrow-minded fixes are made for.

    Attributes:
        world: what is true.
        product: what was asked for.
        attribute: what was asked about it.
        text: what the customer was told.
        given: the wrong value in it.
        cited: document and sentence cited, or None.
    """

    world: World
    product: Product
    attribute: Attribute
    text: str
    given: Value
    cited: tuple[str, int] | None


Change = Callable[[Told], tuple[Edit, ...]]


def always(*edits: Edit) -> Change:
    """A change that is the same whatever customers were told."""
    return lambda _told: edits


@dataclass(frozen=True)
class Fault:
    """One way in which a failure class comes about; a seed picks one.

    Attributes:
        name: unique in its class.
        component: the module of the assistant that holds it, as a diagnosis names it.
        mechanism: what goes wrong, one sentence for the mentor.
        subject: the message of the commit that brought it.
        edits: the change on the healthy tree.
        alternatives: other correct fixes, on the faulty tree.
        mutants: wrong fixes that make sense for this fault only, on the faulty tree.
    """

    name: str
    component: str
    mechanism: str
    subject: str
    edits: tuple[Edit, ...]
    alternatives: dict[str, Change]
    mutants: dict[str, Change]


@dataclass(frozen=True)
class FailureClass:
    """A failure class: its faults, and what is wrong whichever of them it is.

    Attributes:
        key: for example ``"H1"``.
        title: for the mentor.
        scope: which questions are damaged, and which never are.
        rivals: other classes it may be taken for, each with the evidence that rules it out.
        faults: at least two.
        mutants: wrong or superficial fixes that make sense for every fault, on the faulty tree.
        author_test: the file below ``hidden/`` that holds the author's test.
    """

    key: str
    title: str
    scope: str
    rivals: dict[str, str]
    faults: tuple[Fault, ...]
    mutants: dict[str, Change]
    author_test: str
