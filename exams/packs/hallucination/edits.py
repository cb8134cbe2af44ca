"""Changes to a tree as exact replacements: each says what it finds once and what it puts there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.packs.hallucination.asked import Asked, Wrong
    from exams.packs.hallucination.world import Attribute, Edition, Product, World


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
        asked: the question; see `Asked` for what is None when.
        text: what the customer was told.
        wrong: the value and condition given, and the approved fact or None.
        cited: document and sentence cited, or None.
    """

    world: World
    asked: Asked
    text: str
    wrong: Wrong
    cited: tuple[str, int] | None

    @property
    def product(self) -> Product:
        """What was asked for.

        Raises:
            ValueError: it is not in the catalogue; a class that touches strangers must not use this.
        """
        if self.asked.product is None:
            raise ValueError(f"{self.asked.name!r} is not in the catalogue")
        return self.asked.product

    @property
    def attribute(self) -> Attribute:
        """What was asked about it.

        Raises:
            ValueError: nothing that documents state.
        """
        if self.asked.attribute is None:
            raise ValueError(f"{self.asked.question!r} asks for nothing that documents state")
        return self.asked.attribute


Change = Callable[[Told], tuple[Edit, ...]]
Scope = Callable[["World", "Asked"], bool]


def always(*edits: Edit) -> Change:
    """A change that is the same whatever customers were told."""
    return lambda _told: edits


@dataclass(frozen=True)
class Earlier:
    """A change that went live days before the fault, without which the fault could not have come about.

    `faulty` when it is half of the trouble and right fixes must deal with it too: alone it harms nobody.
    """

    subjects: tuple[str, ...]
    edits: tuple[Edit, ...]
    faulty: bool = False


@dataclass(frozen=True)
class Fault:
    """One way in which a failure class comes about; a seed picks one.

    Attributes:
        name: unique in its class.
        component: the module of the assistant that holds it, as a diagnosis names it.
        mechanism: what goes wrong, one sentence for the mentor.
        subjects: what the message of its commit may be: the good that its author meant by it.
        edits: the change on the healthy tree.
        alternatives: other correct fixes, on the faulty tree.
        mutants: wrong fixes that make sense for this fault only, on the faulty tree.
        earlier: what prepared it, days before.
        waits_for: it lies dormant until documents of these editions are published, hours after it was deployed.
        scope: the class's in the words of this fault, where it damages a part of it only.
        rivals: in place of the class's own by key; "" for a class that nothing rules out, so that it is no rival.
        also_right: classes that name this cause as well as the class itself does, by the class they stand for.
    """

    name: str
    component: str
    mechanism: str
    subjects: tuple[str, ...]
    edits: tuple[Edit, ...]
    alternatives: dict[str, Change]
    mutants: dict[str, Change]
    earlier: Earlier | None = None
    waits_for: tuple[Edition, ...] = ()
    scope: str = ""
    rivals: Mapping[str, str] = field(default_factory=dict)
    also_right: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class FailureClass:
    """A failure class: its faults, and what is wrong whichever of them it is.

    Attributes:
        key: for example ``"H1"``; a class of two faults names both, ``"H1+H8"``, and lies in ``hidden/h1_h8``.
        title: a few words; learners are told those of classes of one fault, in `catalogue.py`.
        scope: which questions are damaged, and which never are, in words.
        touches: the same as a rule: whether any of its faults may change the answer to a question.
        near: questions close to the damage which none of its faults touches.
        harm: how many questions of a world's battery get a harmful answer, at least and at most.
        affected: about how many products something harmful is said: the same in every incident of the class.
        rivals: other classes it may be taken for, each with the evidence that rules it out.
        faults: at least two.
        mutants: wrong or superficial fixes that make sense for every fault, on the faulty tree.
        author_test: the file below ``hidden/`` that holds the author's test.
        shows: whether a wrong answer shows the class plainly enough to be the first complaint.
    """

    key: str
    title: str
    scope: str
    touches: Scope
    near: Scope
    harm: tuple[int, int]
    affected: int
    rivals: dict[str, str]
    faults: tuple[Fault, ...]
    mutants: dict[str, Change]
    author_test: str
    shows: Callable[[World, Asked, Wrong], bool] = lambda _world, _asked, _wrong: True

    def scope_of(self, fault: Fault) -> str:
        """Which questions one of its faults damages."""
        return fault.scope or self.scope

    def rivals_of(self, fault: Fault) -> dict[str, str]:
        """What one of its faults may be taken for, each with the evidence that rules it out."""
        return {key: why for key, why in {**self.rivals, **fault.rivals}.items() if why}
