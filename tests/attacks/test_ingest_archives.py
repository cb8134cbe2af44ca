"""Archives made to harm: each is refused for what it tries, and nothing of it reaches a disk."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandboxes.ingest import INGEST_LIMITS, MIB, IngestRefused, Refusal
from sandboxes.ingest.archive import read_archive
from tests.sandboxes.ingest.archives import (
    ZipEntry,
    make_tar,
    make_tar_gz,
    make_zip,
    pax_record,
    tar_entry,
    tar_of,
    zip_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKERS = {"a.zip": make_zip, "a.tar": make_tar, "a.tar.gz": make_tar_gz}


@pytest.fixture(autouse=True)
def _nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []
    assert not any((folder / "hotseat-evil").exists() for folder in (tmp_path.parent, Path("/"), Path("/tmp")))


def refusal_of(data: bytes, name: str) -> str:
    """The code with which an upload is refused."""
    with pytest.raises(IngestRefused) as caught:
        read_archive(data, name=name)
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../hotseat-evil", Refusal.PATH_TRAVERSAL),
        ("a/../../hotseat-evil", Refusal.PATH_TRAVERSAL),
        ("a/b/../../../tmp/hotseat-evil", Refusal.PATH_TRAVERSAL),
        ("/tmp/hotseat-evil", Refusal.ABSOLUTE_PATH),
        ("//tmp/hotseat-evil", Refusal.ABSOLUTE_PATH),
        ("C:/hotseat-evil", Refusal.ABSOLUTE_PATH),
        ("..\\hotseat-evil", Refusal.UNSAFE_NAME),
        ("a\\..\\..\\hotseat-evil", Refusal.UNSAFE_NAME),
        ("a/./hotseat-evil", Refusal.UNSAFE_NAME),
        ("a//hotseat-evil", Refusal.UNSAFE_NAME),
        ("a\x1b[2Jb", Refusal.UNSAFE_NAME),
        ("a\u202e.py", Refusal.UNSAFE_NAME),
        (".GIT/hooks/post-checkout", Refusal.GIT_METADATA),
        ("git~1/config", Refusal.GIT_METADATA),
        ("x/" * 20 + "y", Refusal.PATH_TOO_DEEP),
        ("x" * 250, Refusal.PATH_TOO_LONG),
    ],
)
def test_a_path_that_leaves_the_tree_or_lies(name: str, path: str, code: Refusal) -> None:
    assert refusal_of(MAKERS[name]({"fine": b"1", path: b"evil"}), name) == code


@pytest.mark.parametrize("name", MAKERS)
def test_climbing_out_through_litter(name: str) -> None:
    assert refusal_of(MAKERS[name]({"fine": b"1", "../__pycache__/hotseat-evil": b"x"}), name) == Refusal.PATH_TRAVERSAL


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tarfile.SYMTYPE, Refusal.SYMLINK),
        (tarfile.LNKTYPE, Refusal.HARDLINK),
        (tarfile.CHRTYPE, Refusal.SPECIAL_FILE),
        (tarfile.BLKTYPE, Refusal.SPECIAL_FILE),
        (tarfile.FIFOTYPE, Refusal.SPECIAL_FILE),
        (tarfile.GNUTYPE_SPARSE, Refusal.SPARSE_FILE),
        (tarfile.GNUTYPE_LONGLINK, Refusal.UNSUPPORTED),
        (b"D", Refusal.UNSUPPORTED),  # GNU dumpdir
        (b"M", Refusal.UNSUPPORTED),  # GNU multi-volume
        (b"V", Refusal.UNSUPPORTED),  # GNU volume header
        (b"N", Refusal.UNSUPPORTED),  # old GNU long names
        (b"A", Refusal.UNSUPPORTED),  # Solaris ACL
        (b"X", Refusal.UNSUPPORTED),  # Solaris pax
        (b"Z", Refusal.UNSUPPORTED),
    ],
)
def test_a_tar_entry_that_is_no_regular_file(kind: bytes, code: Refusal) -> None:
    for target in ("/etc/passwd", "../../etc/passwd", "fine"):
        data = tar_of(tar_entry("fine", b"1"), tar_entry("evil", kind=kind, linkname=target))
        assert refusal_of(data, "a.tar") == code
        assert refusal_of(gzip.compress(data), "a.tar.gz") == code


@pytest.mark.parametrize("kind", [0o120000, 0o020000, 0o060000, 0o010000, 0o140000])
def test_a_zip_entry_that_is_no_regular_file(kind: int) -> None:
    code = Refusal.SYMLINK if kind == 0o120000 else Refusal.SPECIAL_FILE
    assert (
        refusal_of(zip_of(ZipEntry(b"fine", b"1"), ZipEntry(b"evil", b"/etc/passwd", mode=kind | 0o777)), "a.zip")
        == code
    )


def test_a_folder_entry_that_is_a_link_in_disguise() -> None:
    assert refusal_of(zip_of(ZipEntry(b"evil/", b"/etc", mode=0o120777)), "a.zip") == Refusal.SYMLINK
    assert refusal_of(zip_of(ZipEntry(b"evil", b"", mode=0o040755)), "a.zip") == Refusal.DAMAGED
    assert refusal_of(zip_of(ZipEntry(b"evil/", b"content", mode=0o040755)), "a.zip") == Refusal.DAMAGED


@pytest.mark.parametrize("pair", [("a.py", "A.PY"), ("é", "e\u0301"), ("ﬁ", "fi"), ("d/x", "D/y"), ("a", "a/b")])
@pytest.mark.parametrize("name", MAKERS)
def test_two_names_that_become_one(name: str, pair: tuple[str, str]) -> None:
    assert refusal_of(MAKERS[name](dict.fromkeys(pair, b"x") | {"z": b""}), name) == Refusal.DUPLICATE_NAME


def test_the_same_name_twice_so_that_readers_disagree() -> None:
    twice = zip_of(ZipEntry(b"a.py", b"good"), ZipEntry(b"a.py", b"evil"))
    assert refusal_of(twice, "a.zip") == Refusal.DUPLICATE_NAME
    tar = tar_of(tar_entry("a.py", b"good"), tar_entry("a.py", b"evil"))
    assert refusal_of(tar, "a.tar") == Refusal.DUPLICATE_NAME
    assert (
        refusal_of(tar_of(tar_entry("a.py", b"good"), tar_entry("./a.py", b"evil")), "a.tar") == Refusal.DUPLICATE_NAME
    )


def test_a_zip_entry_whose_headers_name_two_files() -> None:
    assert refusal_of(zip_of(ZipEntry(b"good.py", b"1", local_name=b"evil.py")), "a.zip") == Refusal.DAMAGED
    path = b"evil.py"
    extra = struct.pack("<HHBL", 0x7075, 5 + len(path), 1, zlib.crc32(b"good.py")) + path
    assert refusal_of(zip_of(ZipEntry(b"good.py", b"1", extra=extra)), "a.zip") == Refusal.DUPLICATE_NAME


def test_a_tar_entry_with_two_names() -> None:
    pax = pax_record(b"path=evil/other.py")
    named = tar_entry("@LongLink", b"evil/name.py\0", kind=tarfile.GNUTYPE_LONGNAME)
    both = tar_of(named, tar_entry("pax", pax, kind=tarfile.XHDTYPE), tar_entry("good.py", b"1"))
    assert refusal_of(both, "a.tar") == Refusal.DUPLICATE_NAME
    assert refusal_of(tar_of(named, named, tar_entry("good.py", b"1")), "a.tar") == Refusal.DUPLICATE_NAME
    assert refusal_of(tar_of(named), "a.tar") == Refusal.DAMAGED


def test_a_path_smuggled_past_the_header() -> None:
    for content, kind in (
        (pax_record(b"path=../hotseat-evil"), tarfile.XHDTYPE),
        (b"../hotseat-evil\0", tarfile.GNUTYPE_LONGNAME),
    ):
        data = tar_of(tar_entry("x", content, kind=kind), tar_entry("good.py", b"1"))
        assert refusal_of(data, "a.tar") == Refusal.PATH_TRAVERSAL


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"size=0", Refusal.UNSUPPORTED),  # the body would be read as headers
        (b"linkpath=/etc/passwd", Refusal.UNSUPPORTED),
        (b"GNU.sparse.major=1", Refusal.SPARSE_FILE),
        (b"GNU.sparse.name=../evil", Refusal.SPARSE_FILE),
        (b"SCHILY.realsize=99999999", Refusal.UNSUPPORTED),
        (b"SCHILY.filetype=sparse", Refusal.UNSUPPORTED),
        (b"hdrcharset=BINARY", Refusal.UNSUPPORTED),
        (b"path", Refusal.DAMAGED),
    ],
)
def test_an_extended_header_that_changes_what_is_read(record: bytes, code: Refusal) -> None:
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE):
        data = tar_of(tar_entry("pax", pax_record(record), kind=kind), tar_entry("good.py", b"1"))
        assert refusal_of(data, "a.tar") == code


def test_a_global_header_that_renames_everything() -> None:
    data = tar_of(tar_entry("pax", pax_record(b"path=evil"), kind=tarfile.XGLTYPE), tar_entry("good.py", b"1"))
    assert refusal_of(data, "a.tar") == Refusal.UNSUPPORTED


@pytest.mark.parametrize(
    "size", [b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-0000000001\0", b"0000000000x\0", b"77777777777\0"]
)
def test_a_tar_size_that_is_negative_or_enormous(size: bytes) -> None:
    block = bytearray(tar_entry("a", b""))
    block[124:136] = size
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    assert refusal_of(tar_of(bytes(block)), "a.tar") == Refusal.DAMAGED


def test_a_small_zip_that_unpacks_to_gigabytes() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(MIB)) for _ in range(400)) + packer.flush()
    honest = ZipEntry(b"bomb", packed=packed, size=400 * MIB, crc=0)
    assert refusal_of(zip_of(honest), "a.zip") == Refusal.FILE_TOO_LARGE
    lying = ZipEntry(b"bomb", packed=packed, size=1000, crc=0)
    tracemalloc.start()
    begun = time.monotonic()
    try:
        assert refusal_of(zip_of(lying), "a.zip") == Refusal.BOMB
        assert time.monotonic() - begun < 10
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()


def test_many_files_that_are_a_bomb_together() -> None:
    one = make_zip({f"f{n}": bytes(8 * MIB) for n in range(4)})
    assert len(one) < MIB
    assert refusal_of(one, "a.zip") == Refusal.BOMB
    several = make_zip({f"f{n}": os.urandom(1000) + bytes(15 * MIB) for n in range(5)})
    assert refusal_of(several, "a.zip") == Refusal.TREE_TOO_LARGE


def test_a_gzip_bomb_stops_before_it_fills_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(MIB)) for _ in range(300)) + packer.flush()
    tracemalloc.start()
    try:
        assert refusal_of(packed, "a.tar.gz") == Refusal.BOMB
        assert tracemalloc.get_traced_memory()[1] < 160 * MIB
    finally:
        tracemalloc.stop()


def test_an_archive_in_an_archive_stays_packed() -> None:
    inner = make_zip({"bomb": bytes(12 * MIB)})
    for _ in range(3):
        inner = make_zip({"inner.zip": inner, "a": b"1"})
    tree = read_archive(inner, name="a.zip")
    assert set(tree.files) == {"inner.zip", "a"}
    assert sum(map(len, tree.files.values())) < MIB
    assert refusal_of(gzip.compress(gzip.compress(make_tar({"a": b"1"}))), "a.tar.gz") == Refusal.DAMAGED


def test_entries_that_share_their_bytes() -> None:
    kernel = ZipEntry(b"one", bytes(100_000))
    again = [ZipEntry(b"two%d" % n, bytes(100_000), offset=0, local_name=b"one") for n in range(5)]
    assert refusal_of(zip_of(kernel, *again), "a.zip") in {Refusal.OVERLAP, Refusal.DAMAGED}


def test_entries_that_quote_each_others_headers() -> None:
    inner = zip_of(ZipEntry(b"inner", b"evil", method=0))
    start = inner.index(b"PK\x01\x02")
    local = inner[:start]
    outer = ZipEntry(b"outer", local, method=0)
    quoted = ZipEntry(b"inner", b"evil", method=0, offset=30 + len(b"outer"))
    assert refusal_of(zip_of(outer, quoted), "a.zip") == Refusal.OVERLAP


@pytest.mark.parametrize("count", [9_000, 65_535])
def test_too_many_entries(count: int) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, 0, 0, 0)
    assert refusal_of(zip_of(ZipEntry(b"a", b"1"))[:-22] + end, "a.zip") in {Refusal.TRAILING_DATA, Refusal.DAMAGED}
    empty_folders = tar_of(*(tar_entry(f"d{n}/", kind=tarfile.DIRTYPE) for n in range(8_001)))
    assert refusal_of(empty_folders, "a.tar") == Refusal.TOO_MANY_FILES


def test_a_password() -> None:
    for entry in (ZipEntry(b"a", b"1", flags=1), ZipEntry(b"a", b"1", flags=0x41), ZipEntry(b"a", b"1", method=99)):
        assert refusal_of(zip_of(entry), "a.zip") == Refusal.ENCRYPTED


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 98])
def test_a_packing_that_few_readers_know(method: int) -> None:
    assert refusal_of(zip_of(ZipEntry(b"a", b"1", method=method)), "a.zip") == Refusal.UNSUPPORTED


def test_a_file_that_is_two_formats_at_once() -> None:
    good, evil = make_zip({"a": b"good"}), make_zip({"a": b"evil"})
    for data in (
        b"#!/bin/sh\nexec evil\n" + good,  # a program before it
        evil + good,  # two zips: some readers take the first, some the last
        good + b"more",
        zip_of(ZipEntry(b"a", b"1"), gap=b"<html>"),
        zip_of(ZipEntry(b"a", b"1"), comment=evil),
        zip_of(ZipEntry(b"a", b"1"), before=b"MZ"),
    ):
        assert refusal_of(data, "a.zip") in {Refusal.TRAILING_DATA, Refusal.FORMAT_MISMATCH, Refusal.DAMAGED}
    tar = make_tar({"a": b"good"})
    for data in (tar + make_tar({"a": b"evil"}), tar + evil, tar + b"\0" * 512 + b"x" * 512, tar[:-1]):
        assert refusal_of(data, "a.tar") in {Refusal.TRAILING_DATA, Refusal.DAMAGED}
    packed = gzip.compress(tar)
    for data in (packed + packed, packed + b"x", packed + good):
        assert refusal_of(data, "a.tar.gz") == Refusal.TRAILING_DATA
    header = bytearray(tar_entry("PK\x03\x04evil", b"1"))
    assert refusal_of(tar_of(bytes(header)), "a.tar") in {Refusal.FORMAT_MISMATCH, Refusal.UNSAFE_NAME}


@pytest.mark.parametrize(
    "path",
    [
        "pytest.py", "json.py", "random/__init__.py", "tests/regression/ast.py", "tests/re.py", "_pytest/__init__.py",
        "numpy.py", "sitecustomize.py", "json.so", "site.cpython-311.so", "tests/regression/socket/__init__.py",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", MAKERS)
def test_a_module_that_would_be_imported_in_place_of_pythons_own(name: str, path: str) -> None:
    assert refusal_of(MAKERS[name]({"assistant/a.py": b"", path: b""}), name) == Refusal.SHADOWS_PYTHON


@pytest.mark.parametrize("path", ["assistant/json.py", "docs/re.py", "code/notes.md", "tests/regression/test_json.py"])
def test_a_harmless_namesake_is_taken(path: str) -> None:
    assert path in read_archive(make_zip({"assistant/a.py": b"", path: b""}), name="a.zip").files


def test_compiled_python_that_would_run_in_place_of_its_source() -> None:
    files = {"assistant/a.py": b"good", "assistant/__pycache__/a.cpython-311.pyc": b"evil", "assistant/b.pyc": b"evil"}
    assert set(read_archive(make_zip(files), name="a.zip").files) == {"assistant/a.py"}


def test_a_tar_whose_filter_python_itself_had_to_mend() -> None:
    # A link whose target is long enough to be cut by realpath, then a file through it.
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, target in (("a" * 90, "b" * 90), ("escape", "../" * 40)):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        through = tarfile.TarInfo("escape/hotseat-evil")
        through.size = 4
        tar.addfile(through, io.BytesIO(b"evil"))
    assert refusal_of(buffer.getvalue(), "a.tar") == Refusal.SYMLINK


def test_nothing_is_read_that_is_larger_than_an_upload() -> None:
    data = bytes(INGEST_LIMITS.upload_bytes + 1)
    for name in MAKERS:
        assert refusal_of(data, name) == Refusal.UPLOAD_TOO_LARGE
