"""Turns an uploaded .zip, .tar or .tar.gz into a tree, in memory: nothing is ever unpacked onto a disk."""

from __future__ import annotations

import zlib
from enum import StrEnum, unique
from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal
from sandboxes.ingest.admission import admit, is_litter
from sandboxes.ingest.budget import Budget
from sandboxes.ingest.tar_reader import BLOCK, MAGIC_AT, read_tar
from sandboxes.ingest.zip_reader import LOCAL_MAGIC, read_zip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.tar_reader import TarFile
    from sandboxes.ingest.tree import Tree
    from sandboxes.ingest.zip_reader import ZipFile

_GZIP_MAGIC = b"\x1f\x8b\x08"
_EMPTY_ZIP = b"PK\x05\x06"
_CHUNK = 1024 * 1024

MEANINGFUL_FOLDERS = frozenset({"assistant", "kb", "ops", "tests"})
"""Top-level folders that are part of the work even when they stand alone, so never taken for a wrapping."""


@unique
class Format(StrEnum):
    """The archives that are read."""

    ZIP = ".zip"
    TAR = ".tar"
    TAR_GZ = ".tar.gz"


def named_format(name: str) -> Format | None:
    """Return the format that a file's name claims, if it is one of ours."""
    lowered = name.lower()
    if lowered.endswith((".tar.gz", ".tgz")):
        return Format.TAR_GZ
    return next((each for each in (Format.ZIP, Format.TAR) if lowered.endswith(each)), None)


def _found_formats(data: bytes) -> set[Format]:
    """Return every format that the content opens as."""
    found = set()
    if data.startswith((LOCAL_MAGIC, _EMPTY_ZIP)):
        found.add(Format.ZIP)
    if data.startswith(_GZIP_MAGIC):
        found.add(Format.TAR_GZ)
    if data[MAGIC_AT : MAGIC_AT + 5] == b"ustar":
        found.add(Format.TAR)
    return found


def _gunzip(data: bytes, budget: Budget) -> bytes:
    """Return the one gzip member that `data` is, stopped at the limits."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    # A tar adds a header and padding to each file, so its bytes have a ceiling of their own.
    ceiling = budget.limits.tree_bytes + 4 * BLOCK * budget.limits.files
    out = bytearray()
    rest = data
    while not inflater.eof:
        try:
            piece = inflater.decompress(rest, _CHUNK)
        except zlib.error:
            raise IngestRefused(Refusal.DAMAGED, "The gzip does not unpack. Pack it again.") from None
        rest = inflater.unconsumed_tail
        if not piece and not rest and not inflater.eof:
            raise IngestRefused(Refusal.DAMAGED, "The gzip ends too soon. Send it again.")
        out += piece
        too_dense = len(out) > budget.limits.ratio * len(data) and len(out) > budget.limits.ratio_floor_bytes
        if len(out) > ceiling or too_dense:
            raise IngestRefused(Refusal.BOMB, "The gzip unpacks to far more than its size, or than is taken.")
    if inflater.unused_data or rest:
        raise IngestRefused(Refusal.TRAILING_DATA, "Something follows the end of the gzip. Pack it again.")
    return bytes(out)


def _unwrapped(files: dict[str, bytes], *, keep: Collection[str]) -> str:
    """Return the prefix of the one folder that wraps everything, or nothing."""
    tops = {path.partition("/")[0] for path in files if not is_litter(path)}
    if len(tops) != 1:
        return ""
    top = tops.pop()
    return "" if top in keep or top in files else top + "/"


def _collected(entries: Iterable[ZipFile | TarFile]) -> tuple[dict[str, bytes], set[str]]:
    files: dict[str, bytes] = {}
    executable = set()
    for path, content, is_executable in entries:
        if path in files:
            raise IngestRefused(Refusal.DUPLICATE_NAME, "A name is in the archive twice. Pack it again.", path)
        files[path] = content
        if is_executable:
            executable.add(path)
    return files, executable


def read_archive(
    data: bytes,
    *,
    name: str,
    keep: Collection[str] = MEANINGFUL_FOLDERS,
    limits: IngestLimits = INGEST_LIMITS,
) -> Tree:
    """Return the files of an uploaded archive as a tree.

    A single folder that wraps everything, as `git archive --prefix` and web hosts make, is taken off, unless it is
    one of `keep`. What tools leave behind (`admission.is_litter`) is left out.

    Args:
        data: the upload.
        name: its file name; the format it claims must be the format found.
        keep: top-level folders that are not a wrapping even when alone.
        limits: the table.

    Raises:
        IngestRefused: with the reason; nothing else is raised whatever `data` holds.
    """
    claimed = named_format(name)
    if claimed is None:
        raise IngestRefused(
            Refusal.UNKNOWN_FORMAT,
            "The file's name ends in none of .zip, .tar, .tar.gz, .patch, .diff. Pack it as one of these.",
        )
    budget = Budget(limits, packed_bytes=len(data))
    found = _found_formats(data)
    if found != {claimed}:
        seen = " and ".join(sorted(found)) or "none of the archives that are read"
        raise IngestRefused(
            Refusal.FORMAT_MISMATCH,
            f"The file is called {claimed} but its content is {seen}. Pack it again.",
        )
    entries: Iterable[ZipFile | TarFile]
    match claimed:
        case Format.ZIP:
            entries = read_zip(data, budget)
        case Format.TAR:
            entries = read_tar(data, budget)
        case Format.TAR_GZ:
            entries = read_tar(_gunzip(data, budget), budget)
    files, executable = _collected(entries)
    prefix = _unwrapped(files, keep=keep)
    return admit(
        {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)},
        executable={path.removeprefix(prefix) for path in executable},
    )
