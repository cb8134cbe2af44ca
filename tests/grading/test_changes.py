"""A hotfix is summed up by file and line; what cannot be compared is said to be changed and no more."""

from __future__ import annotations

from grading import changes
from sandboxes.ingest.tree import Tree

BASE = Tree({"a.py": b"one\ntwo\n", "b.bin": b"\0\1", "kb/x.md": b"x\n", "same.py": b"s\n"})


def test_added_removed_and_changed_files_are_told_apart() -> None:
    found = changes.between(
        BASE, Tree({"a.py": b"one\n2\nthree\n", "b.bin": b"\0\2", "new.py": b"n\n", "same.py": b"s\n"})
    )
    assert [(each.path, each.how, each.added, each.removed) for each in found.files] == [
        ("a.py", "changed", 2, 1),
        ("b.bin", "changed", None, None),
        ("kb/x.md", "removed", 0, 1),
        ("new.py", "added", 1, 0),
    ]
    assert "+three" in found.diff
    assert not found.cut


def test_a_flood_of_lines_is_cut_but_counted() -> None:
    flood = b"a long line of text\n" * 9_000
    found = changes.between(Tree({"a.py": b""}), Tree({"a.py": flood}))
    assert found.files[0].added == 9_000
    assert found.cut
    assert len(found.diff) <= changes.MOST_DIFF_CHARACTERS


def test_what_is_too_large_to_compare_is_only_named() -> None:
    large = b"x\n" * (changes.MOST_COMPARED_BYTES // 2 + 1)
    (change,) = changes.between(BASE, Tree({**BASE.files, "large.txt": large})).files
    assert (change.path, change.how, change.added) == ("large.txt", "added", None)
