"""Honest archives give the tree their maker meant; whatever bytes come, the answer is a tree or a reason."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandboxes.ingest import INGEST_LIMITS, IngestLimits, IngestRefused, Refusal
from sandboxes.ingest.archive import named_format, read_archive
from sandboxes.ingest.tree import Tree
from tests.git_remotes import git, make_work, write_files
from tests.sandboxes.ingest.archives import ZipEntry, make_tar, make_tar_gz, make_zip, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "assistant/__init__.py": b"",
    "assistant/guard.py": b"def check(): return True\n" * 40,
    "tests/regression/test_fix.py": b"def test(ask): assert ask('?')\n",
    "kb/größe.md": "ünïcode\r\n".encode(),
    "data.bin": bytes(range(256)) * 5,
}
MAKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "a.zip": make_zip,
    "a.tar": make_tar,
    "a.tar.gz": make_tar_gz,
}


def refused(data: bytes, name: str, limits: IngestLimits = INGEST_LIMITS) -> IngestRefused:
    """The refusal that reading gives."""
    with pytest.raises(IngestRefused) as caught:
        read_archive(data, name=name, limits=limits)
    return caught.value


@pytest.mark.parametrize("name", MAKERS)
def test_an_honest_archive_is_read_whole(name: str) -> None:
    assert dict(read_archive(MAKERS[name](FILES), name=name).files) == FILES


@pytest.mark.parametrize("name", ["A.ZIP", "work.v2.tgz", "x.TAR.GZ", "x.tar"])
def test_the_format_is_told_by_the_end_of_the_name(name: str) -> None:
    assert named_format(name) is not None


@pytest.mark.parametrize("name", ["a", "zip", "a.tar.bz2", "a.rar", "a.zip.exe", "a.gz", ""])
def test_other_formats_are_refused_by_name(name: str) -> None:
    assert refused(make_zip(FILES), name).code == Refusal.UNKNOWN_FORMAT


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("other", MAKERS)
def test_a_name_that_does_not_fit_the_content_is_refused(name: str, other: str) -> None:
    if name != other:
        assert refused(MAKERS[other](FILES), name).code == Refusal.FORMAT_MISMATCH


@pytest.mark.parametrize("name", MAKERS)
def test_one_wrapping_folder_is_taken_off(name: str) -> None:
    wrapped = {f"fix-3f2a/{path}": content for path, content in FILES.items()}
    assert dict(read_archive(MAKERS[name](wrapped), name=name).files) == FILES


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("folder", ["tests", "assistant"])
def test_a_folder_of_the_work_is_no_wrapping(name: str, folder: str) -> None:
    alone = {f"{folder}/regression/test_a.py": b"1"}
    assert set(read_archive(MAKERS[name](alone), name=name).files) == set(alone)


def test_a_folder_beside_a_file_is_no_wrapping() -> None:
    files = {"src/a.py": b"1", "README.md": b"2"}
    assert set(read_archive(make_zip(files), name="a.zip").files) == set(files)


@pytest.mark.parametrize("name", MAKERS)
def test_what_tools_leave_behind_is_left_out(name: str) -> None:
    litter = {
        "fix/.git/config": b"x", "fix/assistant/__pycache__/guard.cpython-311.pyc": b"x", "__MACOSX/._fix": b"x",
        "fix/.DS_Store": b"x", "fix/assistant/guard.pyc": b"x", "fix/.venv/bin/python": b"x", "fix/._guard.py": b"x",
    }  # fmt: skip
    wrapped = {f"fix/{path}": content for path, content in FILES.items()}
    assert dict(read_archive(MAKERS[name](litter | wrapped), name=name).files) == FILES


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_but_litter_is_nothing(name: str) -> None:
    assert refused(MAKERS[name]({".git/config": b"x"}), name).code == Refusal.EMPTY
    assert refused(MAKERS[name]({}), name).code in {Refusal.EMPTY, Refusal.FORMAT_MISMATCH}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_dialect_of_tar(form: int) -> None:
    path = "/".join(["a" * 30] * 6) + "/b.py"
    assert set(read_archive(make_tar({path: b"1", "c": b"2"}, form=form), name="a.tar").files) == {path, "c"}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_entries_are_read(compression: int) -> None:
    assert dict(read_archive(make_zip(FILES, compression=compression), name="a.zip").files) == FILES


@pytest.mark.parametrize("magic", [b"", b"PK\x07\x08"])
def test_sizes_told_after_the_data_are_read(magic: bytes) -> None:
    entry = ZipEntry(b"a.py", b"print(1)\n", flags=8)
    crc, packed, size = entry.facts()
    entry.descriptor = magic + crc.to_bytes(4, "little") + packed.to_bytes(4, "little") + size.to_bytes(4, "little")
    assert dict(read_archive(zip_of(entry), name="a.zip").files) == {"a.py": b"print(1)\n"}


def test_the_comment_that_git_archive_writes_is_no_trailing_data() -> None:
    assert set(read_archive(zip_of(ZipEntry(b"a", b"1"), comment=b"0" * 40), name="a.zip").files) == {"a"}


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("prefix", [[], ["--prefix=fix-1.0/"]])
def test_what_git_archive_makes_is_read_with_its_bits(tmp_path: Path, form: str, prefix: list[str]) -> None:
    work = make_work(tmp_path)
    write_files(work.folder, FILES | {"run.sh": b"#!/bin/sh\n"})
    (work.folder / "run.sh").chmod(0o755)
    work.commit({})
    data = git("archive", f"--format={form}", *prefix, "HEAD", cwd=work.folder).stdout
    tree = read_archive(data, name=f"a.{form}")
    assert dict(tree.files) == FILES | {"run.sh": b"#!/bin/sh\n"}
    assert tree.executable == {"run.sh"}


@pytest.mark.parametrize(
    "arguments", [["-C", "work", "."], ["work"], ["--format=pax", "work"], ["--format=ustar", "work"]]
)
def test_what_tar_makes_is_read(tmp_path: Path, arguments: list[str]) -> None:
    write_files(tmp_path / "work", FILES)
    made = subprocess.run(
        ["tar", "-czf", "-", *arguments],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert dict(read_archive(made.stdout, name="a.tgz").files) == FILES


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not on this machine")
def test_what_info_zip_makes_is_read(tmp_path: Path) -> None:
    write_files(tmp_path / "work", FILES)
    subprocess.run(["zip", "-qr", "a.zip", "work"], cwd=tmp_path, check=True)  # noqa: S607
    assert dict(read_archive((tmp_path / "a.zip").read_bytes(), name="a.zip").files) == FILES


small = IngestLimits(upload_bytes=20_000, tree_bytes=4_000, file_bytes=2_000, files=20)
few = IngestLimits(files=10)


@pytest.mark.parametrize("name", MAKERS)
def test_limits_stop_it_with_the_limit_in_the_message(name: str) -> None:
    make = MAKERS[name]
    assert refused(make({"a": b"x" * 2_001}), name, small).code == Refusal.FILE_TOO_LARGE
    assert "2000" in refused(make({"a": b"x" * 2_001}), name, small).message
    assert refused(make({f"{n}": b"x" * 1_500 for n in range(3)}), name, small).code == Refusal.TREE_TOO_LARGE
    assert refused(make({f"{n}": b"" for n in range(21)}), name, few).code == Refusal.TOO_MANY_FILES
    assert refused(bytes(20_001), name, small).code == Refusal.UPLOAD_TOO_LARGE


def test_time_is_a_limit_too() -> None:
    assert refused(make_zip(FILES), "a.zip", IngestLimits(seconds=-1)).code == Refusal.TOO_SLOW


def either(data: bytes, name: str) -> Tree | IngestRefused:
    """What reading gives; anything but these two is a failure of the test."""
    try:
        return read_archive(data, name=name, limits=IngestLimits(tree_bytes=100_000, file_bytes=50_000))
    except IngestRefused as refusal:
        return refusal


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000), st.sampled_from(sorted(MAKERS)))
def test_any_bytes_give_a_tree_or_a_reason(data: bytes, name: str) -> None:
    either(data, name)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(sorted(MAKERS)))
def test_a_damaged_archive_gives_the_same_tree_a_reason_or_no_lie(data: st.DataObject, name: str) -> None:
    whole = bytearray(MAKERS[name]({"a/b.py": b"print(1)\n" * 30, "c.md": b"two"}))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert", "repeat"])):
            case "set":
                whole[at] = data.draw(st.integers(0, 255))
            case "cut":
                del whole[at : at + data.draw(st.integers(1, 40))]
            case "insert":
                whole[at:at] = data.draw(st.binary(max_size=40))
            case _:
                whole += whole[at : at + 600]
        if not whole:
            whole += b"\0"
    got = either(bytes(whole), name)
    if isinstance(got, Tree) and not name.endswith(".tar"):  # a tar's content carries no checksum
        assert {"a/b.py", "b.py", "c.md"} >= {path for path in got.files if path in {"a/b.py", "b.py", "c.md"}}
        assert all(content in {b"print(1)\n" * 30, b"two", b""} for content in got.files.values())


def test_a_second_gzip_member_is_not_passed_over() -> None:
    data = make_tar_gz(FILES)
    assert refused(data + gzip.compress(b"more"), "a.tar.gz").code == Refusal.TRAILING_DATA
