"""What is made of the healthy tree: prepared for a fault, with the fault taken back, with every fix of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.packs.hallucination.edits import FailureClass, Fault, Told, apply
from exams.packs.hallucination.weave import Hunk, hunks

if TYPE_CHECKING:
    from sandboxes.ingest.tree import Tree

NO_CODE = ("tests/", "docs/")


def healthy_with(sound_tree: Tree, fault: Fault) -> Tree:
    """The tree that was live before the fault, with what had prepared it."""
    return sound_tree if fault.earlier is None else apply(sound_tree, fault.earlier.edits)


def mended(tree: Tree, fault: Fault) -> Tree:
    """A tree with the fault taken back, and what prepared it if that is half of the trouble."""
    tree = apply(tree, [edit.undone() for edit in reversed(fault.edits)])
    if fault.earlier is not None and fault.earlier.faulty:
        tree = apply(tree, [edit.undone() for edit in reversed(fault.earlier.edits)])
    return tree


def prepared_files(fault: Fault) -> list[str]:
    """The files, tests and documents apart, of what prepared the fault: it lay there first, and may be mended there."""
    paths = {edit.path for edit in fault.earlier.edits} if fault.earlier is not None else set()
    return sorted(path for path in paths if not path.startswith(NO_CODE) and not path.endswith(".md"))


def kept_clear(right: Tree, faulty: Tree, failure: FailureClass, fault: Fault, example: Told) -> tuple[Hunk, ...]:
    """What faults and fixes of a class do to the healthy tree: no innocent change may take the same lines.

    Fixes that hang on what a customer was told do so in words, not in places, so any example will do.
    """
    made = [faulty, healthy_with(right, fault), mended(faulty, fault)]
    changes = {**failure.mutants, **fault.mutants, **fault.alternatives}
    made += [apply(faulty, change(example)) for change in changes.values()]
    for other in failure.faults:  # one of them is among the wrong fixes; what mends it must not be there already
        if other is not fault:
            otherwise = apply(healthy_with(right, other), other.edits)
            made += [otherwise, *(apply(otherwise, change(example)) for change in other.alternatives.values())]
    return tuple(dict.fromkeys(hunk for tree in made for hunk in hunks(right, tree)))
