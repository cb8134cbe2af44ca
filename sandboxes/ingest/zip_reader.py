"""Reads a zip whose every byte is accounted for, so that no two readers can see different files in it."""

from __future__ import annotations

import stat
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from sandboxes.ingest import IngestRefused, Refusal
from sandboxes.ingest.tree import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.ingest.budget import Budget

LOCAL_MAGIC = b"PK\x03\x04"
_CENTRAL_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 1024
_ZIP64 = 0xFFFFFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_HAS_DESCRIPTOR = 0x0008
_STORED, _DEFLATED, _AES = 0, 8, 99
_UNICODE_PATH_EXTRA = 0x7075
_CHUNK = 256 * 1024


class _End(NamedTuple):
    """The record that closes a zip, in the order it is written."""

    magic: bytes
    disk: int
    central_disk: int
    entries_here: int
    entries: int
    central_size: int
    central_offset: int
    comment_size: int


@dataclass(frozen=True)
class _Entry:
    """What the central directory says of one entry."""

    path: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int

    @property
    def is_folder(self) -> bool:
        return self.raw_name.endswith(b"/")


class ZipFile(NamedTuple):
    """One regular file out of the archive."""

    path: str
    content: bytes
    executable: bool


def _damaged(why: str, path: str | None = None) -> IngestRefused:
    return IngestRefused(Refusal.DAMAGED, f"The zip is damaged: {why}. Pack it again.", path)


class _Cursor:
    """Reads fixed records from bytes and refuses to run past their end."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self.position = position
        self._end = end

    def take(self, size: int) -> bytes:
        if self.position + size > self._end:
            raise _damaged("a record runs past its end")
        piece = self._data[self.position : self.position + size]
        self.position += size
        return piece

    @classmethod
    def over(cls, data: bytes) -> Self:
        return cls(data, 0, len(data))


def _find_end(data: bytes) -> tuple[_End, int]:
    """Return the closing record and where it starts; there must be exactly one that ends with the data."""
    found = []
    lowest = max(0, len(data) - _END.size - 0xFFFF)
    position = data.rfind(_END_MAGIC, lowest)
    while position >= 0:
        if position + _END.size <= len(data):
            end = _End(*_END.unpack_from(data, position))
            if position + _END.size + end.comment_size == len(data):
                found.append((end, position))
        position = data.rfind(_END_MAGIC, lowest, position)
    if not found:
        if _END_MAGIC in data[lowest:]:
            raise IngestRefused(Refusal.TRAILING_DATA, "Something follows the end of the zip. Pack the files again.")
        raise _damaged("its closing record is missing")
    if len(found) > 1 or found[0][0].comment_size > _MAX_COMMENT:
        raise IngestRefused(
            Refusal.TRAILING_DATA, "The zip's comment is long or looks like a second zip. Pack it again."
        )
    return found[0]


def _decoded_name(raw: bytes, *, extra: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise IngestRefused(
            Refusal.UNSAFE_NAME,
            "A name is not written in UTF-8. Rename the file or pack it with another tool.",
            raw.decode("ascii", "replace"),
        ) from None
    fields = _Cursor.over(extra)
    while fields.position + 4 <= len(extra):
        kind, size = struct.unpack("<HH", fields.take(4))
        value = fields.take(size)
        if kind == _UNICODE_PATH_EXTRA and value[5:] != raw:
            raise IngestRefused(Refusal.DUPLICATE_NAME, "An entry carries two different names.", name)
    return name


def _central_entries(data: bytes, end: _End, end_at: int) -> Iterator[_Entry]:
    cursor = _Cursor(data, end.central_offset, end_at)
    for _ in range(end.entries):
        (
            magic, made_by, _needed, flags, method, _time, _date, crc, packed, size,
            name_size, extra_size, comment_size, disk, _internal, external, offset,
        ) = _CENTRAL.unpack(cursor.take(_CENTRAL.size))  # fmt: skip
        raw_name = cursor.take(name_size)
        extra = cursor.take(extra_size)
        cursor.take(comment_size)
        path = _decoded_name(raw_name, extra=extra)
        if magic != _CENTRAL_MAGIC or disk != 0:
            raise _damaged("its list of files is not one", path)
        if flags & _ENCRYPTED or method == _AES:
            raise IngestRefused(Refusal.ENCRYPTED, "The zip is encrypted. Pack it without a password.", path)
        if flags & _PATCHED or method not in {_STORED, _DEFLATED}:
            raise IngestRefused(
                Refusal.UNSUPPORTED, "Only 'stored' and 'deflated' entries are read. Pack it again.", path
            )
        if _ZIP64 in {packed, size, offset}:
            raise IngestRefused(Refusal.UNSUPPORTED, "The zip uses 64-bit sizes, which nothing this small needs.", path)
        del made_by  # the kind of file is believed whatever system claims to have written it
        yield _Entry(path, raw_name, flags, method, crc, packed, size, offset, external >> 16)
    if cursor.position != end_at:
        raise _damaged("its list of files is longer than it says")


def _check_kind(entry: _Entry) -> None:
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        raise IngestRefused(Refusal.SYMLINK, "It holds a symbolic link. Only regular files are taken.", entry.path)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise IngestRefused(
            Refusal.SPECIAL_FILE, "It holds a device, pipe or socket. Only regular files are taken.", entry.path
        )
    if (kind == stat.S_IFDIR and not entry.is_folder) or (kind == stat.S_IFREG and entry.is_folder):
        raise _damaged("an entry is a file and a folder", entry.path)


def _data_start(data: bytes, entry: _Entry, *, end: int) -> int:
    """Return where the entry's bytes start, having compared both of its headers."""
    cursor = _Cursor(data, entry.offset, end)
    (
        magic, _needed, flags, method, _time, _date, crc, packed, size, name_size, extra_size,
    ) = _LOCAL.unpack(cursor.take(_LOCAL.size))  # fmt: skip
    name = cursor.take(name_size)
    extra = cursor.take(extra_size)
    if magic != LOCAL_MAGIC or name != entry.raw_name or (flags, method) != (entry.flags, entry.method):
        raise _damaged("an entry's two headers differ", entry.path)
    _decoded_name(name, extra=extra)
    told_later = bool(flags & _HAS_DESCRIPTOR)
    if not told_later and (crc, packed, size) != (entry.crc, entry.packed, entry.size):
        raise _damaged("an entry's two headers differ", entry.path)
    return cursor.position


def _check_gap(data: bytes, entry: _Entry, *, start: int, end: int) -> None:
    """Between an entry and the next there is nothing, or the descriptor the entry announced."""
    gap = data[start:end]
    if not gap and not entry.flags & _HAS_DESCRIPTOR:
        return
    allowed = {
        magic + struct.pack(f"<L2{width}", entry.crc, entry.packed, entry.size)
        for magic in (b"", _DESCRIPTOR_MAGIC)
        for width in "LQ"
    }
    if not entry.flags & _HAS_DESCRIPTOR or gap not in allowed:
        raise IngestRefused(
            Refusal.TRAILING_DATA, "The zip holds bytes that belong to no file. Pack it again.", entry.path
        )


def _inflate(packed: bytes, entry: _Entry, budget: Budget) -> bytes:
    if entry.method == _STORED:
        budget.spend(len(packed), entry.path)
        return packed
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    got = 0
    rest = packed
    while not inflater.eof:
        try:
            piece = inflater.decompress(rest, _CHUNK)
        except zlib.error:
            raise _damaged("an entry does not unpack", entry.path) from None
        rest = inflater.unconsumed_tail
        if not piece and not rest and not inflater.eof:
            raise _damaged("an entry ends too soon", entry.path)
        got += len(piece)
        if got > entry.size:
            raise IngestRefused(Refusal.BOMB, "A file unpacks to more than the zip says.", entry.path)
        budget.spend(len(piece), entry.path)
        pieces.append(piece)
    if inflater.unused_data or rest:
        raise IngestRefused(Refusal.TRAILING_DATA, "Something follows a file's packed bytes.", entry.path)
    return b"".join(pieces)


def _checked_directory(data: bytes, end: _End, end_at: int, budget: Budget) -> list[_Entry]:
    """Return what the central directory lists, refused as early as names and sizes alone allow."""
    entries = []
    declared = 0
    for entry in _central_entries(data, end, end_at):
        budget.count_entry()
        check_shape(entry.path.removesuffix("/"))
        _check_kind(entry)
        budget.check_file(entry.size, entry.path)
        declared += entry.size
        entries.append(entry)
    if declared > budget.limits.tree_bytes:
        raise IngestRefused(
            Refusal.TREE_TOO_LARGE,
            f"Unpacked it has {declared} bytes; at most {budget.limits.tree_bytes} are taken.",
        )
    entries.sort(key=lambda entry: entry.offset)
    return entries


def _check_frame(data: bytes, end: _End, end_at: int) -> None:
    """The zip is one part, without 64-bit records, and its list of files touches its closing record."""
    if end.disk or end.central_disk or end.entries_here != end.entries:
        raise IngestRefused(Refusal.UNSUPPORTED, "The zip is one part of several. Pack it as one file.")
    if end.central_offset == _ZIP64 or data[end_at - 20 : end_at - 16] == b"PK\x06\x07":
        raise IngestRefused(Refusal.UNSUPPORTED, "The zip uses 64-bit sizes, which nothing this small needs.")
    if end.central_offset + end.central_size != end_at:
        raise IngestRefused(Refusal.TRAILING_DATA, "The zip holds bytes before or after its list of files.")


def read_zip(data: bytes, budget: Budget) -> Iterator[ZipFile]:
    """Yield the regular files of a zip; folders are only checked.

    The archive must be the one that any reader sees: it starts with its first entry, entries neither overlap nor
    leave room between them, each entry's two headers agree, and it ends with its closing record.

    Raises:
        IngestRefused: it is not so, or something in it is not a regular file, or `budget` is spent.
    """
    end, end_at = _find_end(data)
    _check_frame(data, end, end_at)
    entries = _checked_directory(data, end, end_at, budget)
    if not entries:
        raise IngestRefused(Refusal.EMPTY, "There is no file in the zip.")
    if entries[0].offset != 0:
        raise IngestRefused(Refusal.TRAILING_DATA, "Something stands before the first file of the zip.")
    borders = [entry.offset for entry in entries[1:]] + [end.central_offset]
    for entry, border in zip(entries, borders, strict=True):
        start = _data_start(data, entry, end=end.central_offset)
        stop = start + entry.packed
        if stop > border:
            raise IngestRefused(
                Refusal.OVERLAP, "Two entries of the zip share the same bytes. Pack it again.", entry.path
            )
        _check_gap(data, entry, start=stop, end=border)
        content = _inflate(data[start:stop], entry, budget)
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise _damaged("a file's checksum or size is wrong", entry.path)
        if entry.is_folder:
            if content:
                raise _damaged("a folder has content", entry.path)
            continue
        yield ZipFile(entry.path, content, bool(entry.mode & 0o100))
