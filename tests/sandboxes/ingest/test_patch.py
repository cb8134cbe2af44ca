"""A patch gives exactly what git would make of it, or a reason that names the file and the hunk."""

from __future__ import annotations

import contextlib
import difflib
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.ingest import IngestLimits, IngestRefused, Refusal
from sandboxes.ingest.patch import apply_patch
from sandboxes.ingest.tree import Tree
from sandboxes.ingest.upload import read_upload
from tests.git_remotes import git, write_files
from tests.sandboxes.ingest.archives import make_zip

if TYPE_CHECKING:
    from pathlib import Path

BASE = Tree({"assistant/guard.py": b"one\ntwo\nthree\nfour\nfive\n", "notes.txt": b"no newline", "run.sh": b"#!\n"})
CHANGE = b"""\
diff --git a/assistant/guard.py b/assistant/guard.py
index 1111111..2222222 100644
--- a/assistant/guard.py
+++ b/assistant/guard.py
@@ -1,3 +1,4 @@
 one
-two
+2
+2.5
 three
"""


def refused(patch: bytes, base: Tree = BASE) -> IngestRefused:
    """The refusal that applying gives."""
    with pytest.raises(IngestRefused) as caught:
        apply_patch(patch, base=base)
    return caught.value


def test_a_change_is_applied() -> None:
    tree = apply_patch(CHANGE, base=BASE)
    assert tree.files["assistant/guard.py"] == b"one\n2\n2.5\nthree\nfour\nfive\n"
    assert tree.without("assistant") == BASE.without("assistant")


def test_a_patch_can_be_an_upload_and_an_archive_too() -> None:
    assert read_upload(CHANGE, name="Fix.PATCH", base=BASE) == apply_patch(CHANGE, base=BASE)
    assert read_upload(make_zip({"a": b"1"}), name="a.zip", base=BASE) == Tree({"a": b"1"})


@pytest.mark.parametrize(
    ("old", "new"),
    [("a/", "b/"), ("", ""), ("i/", "w/"), ("orig/", "fixed/"), ("x/y/", "x/z/")],
)
def test_prefixes_of_every_diff_program_are_understood(old: str, new: str) -> None:
    patch = (
        CHANGE.split(b"\n", 2)[2].replace(b"--- a/", f"--- {old}".encode()).replace(b"+++ b/", f"+++ {new}".encode())
    )
    if old == "x/y/":
        assert refused(patch).code == Refusal.PATCH_MALFORMED  # two components differ in more than their first
    else:
        assert apply_patch(patch, base=BASE) == apply_patch(CHANGE, base=BASE)


def test_the_message_names_file_hunk_and_lines() -> None:
    refusal = refused(CHANGE.replace(b"-two", b"-deux"))
    assert refusal.code == Refusal.PATCH_DOES_NOT_APPLY
    assert refusal.path == "assistant/guard.py"
    assert "Hunk 1 (line 5 of the patch)" in refusal.message
    assert "'two'" in refusal.message
    assert "'deux'" in refusal.message


def test_a_hunk_that_would_fit_elsewhere_does_not_slide() -> None:
    base = Tree({"assistant/guard.py": b"zero\none\ntwo\nthree\n"})
    assert refused(CHANGE, base).code == Refusal.PATCH_DOES_NOT_APPLY


def test_windows_line_ends_do_not_match_unix_ones() -> None:
    assert refused(CHANGE.replace(b"\n", b"\r\n")).code == Refusal.PATCH_DOES_NOT_APPLY
    windows = Tree({"assistant/guard.py": BASE.files["assistant/guard.py"].replace(b"\n", b"\r\n")})
    assert b"2.5\r\n" in apply_patch(CHANGE.replace(b"\n", b"\r\n"), base=windows).files["assistant/guard.py"]


def test_a_powershell_patch_is_told_what_it_is() -> None:
    refusal = refused(CHANGE.decode().encode("utf-16"))
    assert refusal.code == Refusal.PATCH_MALFORMED
    assert "UTF-16" in refusal.message


@pytest.mark.parametrize(
    "patch", [b"", b"hello\n", b"@@ -1 +1 @@\n-a\n+b\n", b"--- a/x\n+++ b/x\nno hunk\n", b"\xff" * 50]
)
def test_what_is_no_patch_is_refused(patch: bytes) -> None:
    assert refused(patch).code == Refusal.PATCH_MALFORMED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@@ -1,3 +1,4 @@", b"@@ -1,3 +1,3 @@"),
        (b"@@ -1,3 +1,4 @@", b"@@ -1,4 +1,5 @@"),
        (b"@@ -1,3 +1,4 @@", b"@@ -1,2 +1,3 @@"),
        (b"@@ -1,3 +1,4 @@", b"@@ -1,3 +1,4"),
        (b"+++ b/assistant/guard.py", b"+++ b/notes.txt"),
        (b"--- a/assistant/guard.py", b"--- a/notes.txt"),
        (b"diff --git a/assistant/guard.py b/assistant/guard.py", b"diff --git a/assistant/guard.py b/run.sh"),
    ],
)
def test_a_patch_that_contradicts_itself_is_refused(old: bytes, new: bytes) -> None:
    assert refused(CHANGE.replace(old, new)).code == Refusal.PATCH_MALFORMED


def test_files_are_made_and_removed() -> None:
    patch = (
        b"--- /dev/null\n+++ b/tests/test_a.py\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        b"diff --git a/run.sh b/run.sh\ndeleted file mode 100644\n--- a/run.sh\n+++ /dev/null\n@@ -1 +0,0 @@\n-#!\n"
        b"diff --git a/empty b/empty\nnew file mode 100755\nindex 0000000..e69de29\n"
    )
    tree = apply_patch(patch, base=BASE)
    assert tree.files["tests/test_a.py"] == b"a\nb\n"
    assert "run.sh" not in tree.files
    assert tree.files["empty"] == b""
    assert tree.executable == {"empty"}


@pytest.mark.parametrize(
    "patch",
    [
        b"--- /dev/null\n+++ b/run.sh\n@@ -0,0 +1 @@\n+a\n",  # is there already
        b"--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n",  # is not there
        b"--- a/run.sh\n+++ /dev/null\n@@ -1 +1 @@\n-#!\n+rest\n",  # removed, but something is left
        b"--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1,2 @@\n-no newline\n+x\n+y\n",  # the newline that is not there
        b"diff --git a/run.sh b/notes.txt\nrename from run.sh\nrename to notes.txt\n",  # onto another file
    ],
)
def test_what_does_not_fit_the_tree_is_refused(patch: bytes) -> None:
    assert refused(patch).code == Refusal.PATCH_DOES_NOT_APPLY


def test_a_missing_last_newline_is_kept_taken_and_given() -> None:
    patch = (
        b"--- a/notes.txt\n+++ b/notes.txt\n@@ -1 +1,2 @@\n-no newline\n\\ No newline at end of file\n"
        b"+first\n+second\n\\ No newline at end of file\n"
    )
    assert apply_patch(patch, base=BASE).files["notes.txt"] == b"first\nsecond"


def test_a_patch_has_a_limit_of_lines() -> None:
    with pytest.raises(IngestRefused) as caught:
        apply_patch(CHANGE, base=BASE, limits=IngestLimits(patch_lines=5))
    assert caught.value.code == Refusal.UPLOAD_TOO_LARGE


lines = st.lists(
    st.sampled_from(["a\n", "b\n", "\n", "- x\n", "+ y\n", "@@ -1 +1 @@\n", "--- a/f\n", " c\r\n"]), max_size=14
)


@settings(max_examples=200, deadline=None)
@given(lines, lines, st.integers(0, 4))
def test_every_unified_diff_leads_from_the_old_to_the_new(old: list[str], new: list[str], context: int) -> None:
    diff = "".join(difflib.unified_diff(old, new, "a/f", "b/f", n=context))
    if diff:
        base = Tree({"f": "".join(old).encode(), "keep": b""})
        assert apply_patch(diff.encode(), base=base).files["f"] == "".join(new).encode()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_patch_gives_a_tree_or_a_reason(data: st.DataObject) -> None:
    patch = bytearray(
        CHANGE + b"diff --git a/run.sh b/go.sh\nsimilarity index 100%\nrename from run.sh\nrename to go.sh\n"
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(patch) - 1))
        if data.draw(st.booleans()):
            patch[at] = data.draw(st.integers(0, 255))
        else:
            patch[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
        patch = patch or bytearray(b"-")
    with contextlib.suppress(IngestRefused):
        assert isinstance(apply_patch(bytes(patch), base=BASE), Tree)


def _changed(content: bytes, dice: random.Random) -> bytes:
    changed = content.split(b"\n")
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(changed))
        changed[at : at + dice.randrange(2)] = [b"new %d" % dice.randrange(9)] * dice.randrange(3)
        changed = changed or [b""]
    return b"\n".join(changed)


@pytest.mark.parametrize("seed", range(4))
def test_what_git_writes_is_applied_as_git_meant_it(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same changes every time
    names = ["x.py", "d/y z.txt", "d/é.md", 'e"q.txt', "s/m.sh"]
    old = {name: b"".join(dice.choices([b"a\n", b"b\n", b"\n", b"- x\n"], k=dice.randrange(25))) for name in names}
    new = {name: _changed(content, dice) for name, content in old.items() if dice.random() < 0.8}
    moved = dice.choice(names)
    new["moved/it.txt"] = old[moved]
    new.pop(moved, None)
    new["added.sh"] = b"last line without an end"
    git("init", "-q", cwd=tmp_path)
    git("config", "user.email", "a@b", cwd=tmp_path)
    for files in (old, new):
        for path in old:
            (tmp_path / path).unlink(missing_ok=True)
        write_files(tmp_path, files)
        git("add", "-A", cwd=tmp_path)
        git("commit", "-q", "-m", "Step", cwd=tmp_path)
    for arguments in (
        ["diff", "HEAD~", "HEAD"],
        ["diff", "--no-prefix", "-U1", "HEAD~", "HEAD"],
        ["diff", "-U0", "-M", "-C", "--find-copies-harder", "HEAD~", "HEAD"],
        ["-c", "diff.mnemonicPrefix=true", "diff", "HEAD~", "HEAD"],
        ["format-patch", "--stdout", "HEAD~"],
    ):
        patch = git(*arguments, cwd=tmp_path).stdout
        assert dict(apply_patch(patch, base=Tree(old)).files) == new, arguments


def test_a_series_is_applied_in_its_order(tmp_path: Path) -> None:
    git("init", "-q", cwd=tmp_path)
    for number in range(4):
        write_files(tmp_path, {"a.txt": b"".join(b"%d\n" % n for n in range(number * 3))})
        git("add", "-A", cwd=tmp_path)
        git(
            "commit", "-q", "--allow-empty", "-m", f"Step {number}\n\ndiff of nothing\n--- not a header\n", cwd=tmp_path
        )
    patch = git("format-patch", "--stdout", "HEAD~3", cwd=tmp_path).stdout
    assert apply_patch(patch, base=Tree({"a.txt": b"", "b": b""})).files["a.txt"].count(b"\n") == 9
