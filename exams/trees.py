"""Trees that are served: the learner's files, with what is not theirs to change taken from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.packs import Pack
    from sandboxes.ingest.tree import Tree

TESTS = "tests"


def served(pack: Pack, tree: Tree, *, ours: Tree | None = None) -> Tree:
    """What a container is given of a tree to serve: no tests, and nothing that no assistant reads.

    A tree that somebody handed in needs `ours`, what they were handed: its protected parts are taken from there.

    Raises:
        IngestRefused: the files cannot be combined, for example a file where we have a folder.
    """
    whole = tree if ours is None else replaced(tree, ours=ours, prefixes=pack.protected())
    return without_any_case(whole, (TESTS, *pack.unserved()))


def replaced(tree: Tree, *, ours: Tree, prefixes: Sequence[str]) -> Tree:
    """The tree with everything below `prefixes` taken from ours instead.

    Raises:
        IngestRefused: the files cannot be combined, for example a file where we have a folder.
    """
    result = without_any_case(tree, prefixes)
    for prefix in prefixes:
        result = result.overlay(ours.under(prefix))
    return result


def without_any_case(tree: Tree, prefixes: Sequence[str]) -> Tree:
    """Drop what some file system would open under these prefixes: names there may differ in case."""
    folders = tuple(prefix.rstrip("/").casefold() for prefix in prefixes)
    return tree.without(
        *(
            path
            for path in tree.files
            if any(path.casefold() == folder or path.casefold().startswith(f"{folder}/") for folder in folders)
        )
    )
