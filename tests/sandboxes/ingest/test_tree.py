"""A tree takes safe names only, and has exactly one tar."""

from __future__ import annotations

import io
import pickle
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal
from sandboxes.ingest.tree import BadTree, Tree

names = st.text(alphabet="abcXYZ09._- é", min_size=1, max_size=12)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any tree that can be made from drawn names."""
    files: dict[str, bytes] = {}
    for path in draw(st.lists(paths, max_size=8)):
        files[path] = draw(st.binary(max_size=40))
        try:
            Tree(files)
        except IngestRefused:
            del files[path]
    executable = draw(st.frozensets(st.sampled_from(sorted(files)))) if files else frozenset()
    return Tree(files, executable)


@given(trees())
def test_its_tar_gives_back_the_same_tree(tree: Tree) -> None:
    again = Tree.from_tar(tree.to_tar())
    assert again == tree
    assert hash(again) == hash(tree)
    assert again.sha256 == tree.sha256
    assert pickle.loads(pickle.dumps(tree)) == tree  # noqa: S301 - our own bytes


def test_the_order_in_which_files_are_given_does_not_matter() -> None:
    one = Tree({"b": b"2", "a/x": b"1"})
    two = Tree({"a/x": b"1", "b": b"2"})
    assert one.to_tar() == two.to_tar()
    assert list(one.files) == ["a/x", "b"]


def test_its_tar_says_nothing_of_where_and_when_it_was_made() -> None:
    tree = Tree({"run.sh": b"#!/bin/sh\n", "a.py": b""}, frozenset({"run.sh"}))
    with tarfile.open(fileobj=io.BytesIO(tree.to_tar())) as tar:
        entries = {entry.name: entry for entry in tar}
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname) for e in entries.values()} == {(0, 0, 0, "", "")}
    assert (entries["run.sh"].mode, entries["a.py"].mode) == (0o755, 0o644)


def test_it_cannot_be_changed_from_outside() -> None:
    given_files = {"a": b"1"}
    tree = Tree(given_files)
    given_files["b"] = b"2"
    assert set(tree.files) == {"a"}
    with pytest.raises(TypeError):
        tree.files["c"] = b"3"  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", Refusal.EMPTY_NAME),
        ("/etc/passwd", Refusal.ABSOLUTE_PATH),
        ("C:/x", Refusal.ABSOLUTE_PATH),
        ("../x", Refusal.PATH_TRAVERSAL),
        ("a/../../x", Refusal.PATH_TRAVERSAL),
        ("a/..", Refusal.PATH_TRAVERSAL),
        ("./a", Refusal.UNSAFE_NAME),
        ("a//b", Refusal.UNSAFE_NAME),
        ("a/", Refusal.UNSAFE_NAME),
        ("a/./b", Refusal.UNSAFE_NAME),
        ("..\\x", Refusal.UNSAFE_NAME),
        ("a\x00b", Refusal.UNSAFE_NAME),
        ("a\nb", Refusal.UNSAFE_NAME),
        ("a\u202eyp.exe", Refusal.UNSAFE_NAME),
        ("a\u200bb", Refusal.UNSAFE_NAME),
        ("a\udc80", Refusal.UNSAFE_NAME),
        (".git/config", Refusal.GIT_METADATA),
        ("a/.GIT/hooks/x", Refusal.GIT_METADATA),
        (".git /x", Refusal.GIT_METADATA),
        ("git~1/x", Refusal.GIT_METADATA),
        ("a/" * 16 + "b", Refusal.PATH_TOO_DEEP),
        ("a" * 241, Refusal.PATH_TOO_LONG),
        ("é" * 121, Refusal.PATH_TOO_LONG),
    ],
)
def test_unsafe_names_are_refused_by_name(path: str, code: Refusal) -> None:
    with pytest.raises(IngestRefused) as caught:
        Tree({path: b""})
    assert caught.value.code == code
    assert caught.value.message.endswith((".", ")."))


@pytest.mark.parametrize(
    "pair",
    [
        ("a.py", "A.py"),
        ("dir/x", "DIR/y"),
        ("é.txt", "e\u0301.txt"),
        ("ﬁx.py", "fix.py"),
        ("straße", "STRASSE"),
        ("a", "a/b"),
        ("A", "a/b"),
    ],
)
def test_two_names_that_are_one_somewhere_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(IngestRefused) as caught:
        Tree(dict.fromkeys(pair, b""))
    assert caught.value.code == Refusal.DUPLICATE_NAME


def test_it_is_no_larger_than_the_table_says() -> None:
    at_most = INGEST_LIMITS
    assert len(Tree({f"{n}": b"" for n in range(at_most.files)})) == at_most.files
    with pytest.raises(IngestRefused, match="4001 files"):
        Tree({f"{n}": b"" for n in range(at_most.files + 1)})
    with pytest.raises(IngestRefused, match="A file has"):
        Tree({"a": bytes(at_most.file_bytes + 1)})
    large = bytes(at_most.file_bytes)
    with pytest.raises(IngestRefused, match="together"):
        Tree({f"{n}": large for n in range(at_most.tree_bytes // at_most.file_bytes + 1)})


def test_an_executable_that_is_no_file_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="names no file"):
        Tree({"a": b""}, frozenset({"b"}))


def test_a_tar_of_anybody_else_is_not_ours() -> None:
    tree = Tree({"a": b"1", "b": b"2"})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("b", "a"):  # the wrong order
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(tree.files[name]))
    for data in (b"", b"nonsense", buffer.getvalue(), tree.to_tar()[:-512], tree.to_tar() + b"\0" * 512):
        with pytest.raises(BadTree):
            Tree.from_tar(data)


def test_a_canonical_tar_with_a_link_in_it_is_not_ours() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("a")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(BadTree, match="not a regular file"):
        Tree.from_tar(buffer.getvalue())


def test_parts_keep_their_names_and_bits() -> None:
    tree = Tree(
        {"assistant/a.py": b"1", "assistant/lm/w": b"2", "assistants/x": b"3", "run": b"4"},
        frozenset({"assistant/a.py", "run"}),
    )
    assert set(tree.under("assistant").files) == {"assistant/a.py", "assistant/lm/w"}
    assert tree.under("assistant/").executable == {"assistant/a.py"}
    assert set(tree.without("assistant/lm/", "run").files) == {"assistant/a.py", "assistants/x"}
    assert tree.without("") == Tree({})


def test_an_overlay_wins_and_replaces_whole_folders() -> None:
    theirs = Tree({"kb/old.md": b"1", "kb/same.md": b"1", "a.py": b"1"}, frozenset({"kb/same.md"}))
    ours = Tree({"kb/same.md": b"2", "kb/new.md": b"2"})
    assert dict(theirs.overlay(ours).files) == {"a.py": b"1", "kb/new.md": b"2", "kb/old.md": b"1", "kb/same.md": b"2"}
    replaced = theirs.overlay(ours, replacing=["kb/"])
    assert set(replaced.files) == {"a.py", "kb/new.md", "kb/same.md"}
    assert replaced.executable == frozenset()


def test_a_name_made_to_survive_an_overlay_is_refused() -> None:
    theirs = Tree({"assistant/LM/weights.py": b"cheat"})
    ours = Tree({"assistant/lm/weights.py": b"ours"})
    with pytest.raises(IngestRefused) as caught:
        theirs.overlay(ours, replacing=["assistant/lm/"])
    assert caught.value.code == Refusal.DUPLICATE_NAME
