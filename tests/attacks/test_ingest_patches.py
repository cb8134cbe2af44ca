"""Patches made to harm: each is refused for what it tries."""

from __future__ import annotations

import time

import pytest

from sandboxes.ingest import IngestRefused, Refusal
from sandboxes.ingest.patch import apply_patch
from sandboxes.ingest.tree import Tree

BASE = Tree({"assistant/guard.py": b"one\n", "assistant/lm/weights.bin": b"w\n", "run.sh": b"#!\n"})


def refusal_of(patch: bytes) -> str:
    """The code with which a patch is refused."""
    with pytest.raises(IngestRefused) as caught:
        apply_patch(patch, base=BASE)
    return caught.value.code


def new_file(path: bytes, *, mode: bytes = b"100644") -> bytes:
    """A patch that makes a file."""
    return (
        b"diff --git a/%s b/%s\nnew file mode %s\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+evil\n"
    ) % (path, path, mode, path)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (b"../evil", Refusal.PATH_TRAVERSAL),
        (b"x/../../evil", Refusal.PATH_TRAVERSAL),
        (b"/etc/evil", Refusal.ABSOLUTE_PATH),
        (b".git/hooks/post-checkout", Refusal.GIT_METADATA),
        (b"x/.GIT/config", Refusal.GIT_METADATA),
        (b"pytest.py", Refusal.SHADOWS_PYTHON),
        (b"tests/regression/json.py", Refusal.SHADOWS_PYTHON),
        (b"ASSISTANT/guard.py", Refusal.DUPLICATE_NAME),
        (b"assistant/guard.py/x", Refusal.DUPLICATE_NAME),
    ],
)
def test_a_new_file_where_none_may_be(path: bytes, code: Refusal) -> None:
    assert refusal_of(new_file(path)) == code
    plain = b"--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+evil\n" % path
    assert refusal_of(plain) in {code, Refusal.PATCH_MALFORMED}


@pytest.mark.parametrize("quoted", [b'"b/\\056\\056/evil"', b'"b/a\\000b"', b'"b/a\\nb"'])
def test_a_path_hidden_by_quoting(quoted: bytes) -> None:
    code = refusal_of(b"--- /dev/null\n+++ %s\n@@ -0,0 +1 @@\n+evil\n" % quoted)
    assert code in {Refusal.PATH_TRAVERSAL, Refusal.UNSAFE_NAME, Refusal.PATCH_MALFORMED}


@pytest.mark.parametrize("path", [b"../../etc/passwd", b"/etc/passwd", b".git/config"])
def test_a_rename_or_copy_from_or_to_outside(path: bytes) -> None:
    for verb in (b"rename", b"copy"):
        out = b"diff --git a/run.sh b/%s\n%s from run.sh\n%s to %s\n" % (path, verb, verb, path)
        into = b"diff --git a/%s b/x\n%s from %s\n%s to x\n" % (path, verb, path, verb)
        for patch in (out, into):
            assert refusal_of(patch) in {Refusal.PATH_TRAVERSAL, Refusal.ABSOLUTE_PATH, Refusal.GIT_METADATA}


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (b"120000", Refusal.SYMLINK),
        (b"160000", Refusal.SUBMODULE),
        (b"040000", Refusal.PATCH_MODE),
        (b"104755", Refusal.PATCH_MODE),
        (b"100666", Refusal.PATCH_MODE),
        (b"0", Refusal.PATCH_MODE),
        (b"", Refusal.PATCH_MODE),
    ],
)
def test_a_mode_that_is_no_regular_files(mode: bytes, code: Refusal) -> None:
    assert refusal_of(new_file(b"evil", mode=mode)) == code
    assert refusal_of(b"diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode %s\n" % mode) == code


def test_a_file_that_turns_into_a_link() -> None:
    patch = (
        b"diff --git a/run.sh b/run.sh\nindex 1111111..2222222 120000\n--- a/run.sh\n+++ b/run.sh\n"
        b"@@ -1 +1 @@\n-#!\n+/etc/passwd\n\\ No newline at end of file\n"
    )
    assert refusal_of(patch) == Refusal.SYMLINK


@pytest.mark.parametrize(
    "body",
    [b"GIT binary patch\nliteral 4\nLcmZQ!\n", b"Binary files a/run.sh and b/run.sh differ\n"],
)
def test_a_binary_patch(body: bytes) -> None:
    assert refusal_of(b"diff --git a/run.sh b/run.sh\nindex 1111111..2222222 100644\n" + body) == Refusal.PATCH_BINARY
    assert refusal_of(body) == Refusal.PATCH_BINARY


def test_a_header_that_shows_one_file_and_changes_another() -> None:
    patch = (
        b"diff --git a/run.sh b/run.sh\nindex 1111111..2222222 100644\n"
        b"--- a/assistant/lm/weights.bin\n+++ b/assistant/lm/weights.bin\n@@ -1 +1 @@\n-w\n+evil\n"
    )
    assert refusal_of(patch) == Refusal.PATCH_MALFORMED


def test_lines_hidden_behind_a_hunk_that_says_it_is_shorter() -> None:
    patch = b"--- a/run.sh\n+++ b/run.sh\n@@ -1 +1,2 @@\n #!\n+shown\n+hidden\n"
    assert refusal_of(patch) == Refusal.PATCH_MALFORMED


def test_hunks_out_of_order_or_over_each_other() -> None:
    base = Tree({"f": b"".join(b"%d\n" % n for n in range(9))})
    first, second = b"@@ -1 +1 @@\n-0\n+x\n", b"@@ -5 +5 @@\n-4\n+y\n"
    head = b"--- a/f\n+++ b/f\n"
    assert apply_patch(head + first + second, base=base).files["f"].startswith(b"x\n1\n2\n3\ny\n")
    for hunks in (second + first, first + first, b"@@ -99 +99 @@\n-0\n+x\n", b"@@ -0 +0 @@\n-0\n+x\n"):
        with pytest.raises(IngestRefused) as caught:
            apply_patch(head + hunks, base=base)
        assert caught.value.code == Refusal.PATCH_DOES_NOT_APPLY


def test_numbers_too_large_to_count() -> None:
    for numbers in (b"-999999999,999999999 +1,999999999", b"-1,99999999999999999999 +1", b"--1 +1"):
        patch = b"--- a/run.sh\n+++ b/run.sh\n@@ %s @@\n-#!\n+x\n" % numbers
        assert refusal_of(patch) == Refusal.PATCH_MALFORMED


def test_a_copy_of_a_copy_of_a_copy() -> None:
    base = Tree({"f0": bytes(15 * 2**20)})
    copies = b"".join(
        b"diff --git a/f%d b/f%d\nsimilarity index 100%%\ncopy from f%d\ncopy to f%d\n" % (n, n + 1, n, n + 1)
        for n in range(50)
    )
    with pytest.raises(IngestRefused) as caught:
        apply_patch(copies, base=base)
    assert caught.value.code == Refusal.TREE_TOO_LARGE


def test_a_million_small_changes_to_one_large_file_do_not_take_for_ever() -> None:
    base = Tree({"f": b"x\n" * 2**21})
    section = b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+x\n"
    begun = time.monotonic()
    with pytest.raises(IngestRefused) as caught:
        apply_patch(section * 30_000, base=base)
    assert caught.value.code in {Refusal.TOO_MANY_FILES, Refusal.TOO_SLOW}
    assert time.monotonic() - begun < 90


def test_quadratic_names_do_not_take_for_ever() -> None:
    begun = time.monotonic()
    for patch in (
        b"diff --git " + b'"\\' * 200_000 + b"\n",
        b"diff --git " + b"a " * 400_000 + b"\n",
        b"--- " + b'"' + b"\\1" * 300_000 + b"\n+++ b/x\n@@ -1 +1 @@\n",
        b"@@ -" + b"1" * 500_000,
    ):
        assert refusal_of(patch)
    assert time.monotonic() - begun < 30
