"""Makes archives for tests, honest ones with the usual libraries and dishonest ones byte by byte."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass


def make_zip(files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An honest zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_entry(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, **facts: object) -> bytes:
    """One entry of a tar, of any kind, with its padding; `facts` are set on the entry."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.mode = len(content), kind, 0o644
    for key, value in facts.items():
        setattr(entry, key, value)
    padding = b"\0" * (-len(content) % 512)
    return entry.tobuf(tarfile.GNU_FORMAT) + content + padding


def pax_record(record: bytes) -> bytes:
    """One line of an extended header, with the length it must begin with."""
    line = b" " + record + b"\n"
    length = next(n for n in range(len(line), len(line) + 8) if len(b"%d" % n) + len(line) == n)
    return b"%d" % length + line


def tar_of(*entries: bytes) -> bytes:
    """A tar of raw entries, properly ended."""
    return b"".join(entries) + b"\0" * 1024


def make_tar(files: dict[str, bytes], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """An honest tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def make_tar_gz(files: dict[str, bytes]) -> bytes:
    """An honest tar.gz."""
    return gzip.compress(make_tar(files))


@dataclass
class ZipEntry:
    """One entry of a hand-made zip; every field that a reader believes can be a lie."""

    name: bytes
    content: bytes = b""
    mode: int = 0o100644
    flags: int = 0
    method: int = 8
    size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    descriptor: bytes = b""
    extra: bytes = b""
    offset: int | None = None
    packed: bytes | None = None

    def body(self) -> bytes:
        """The packed bytes."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.content
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.content) + packer.flush()

    def facts(self) -> tuple[int, int, int]:
        """Checksum, packed size, size, as both headers say."""
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        return crc, len(self.body()), len(self.content) if self.size is None else self.size


def zip_of(
    *entries: ZipEntry, before: bytes = b"", gap: bytes = b"", comment: bytes = b"", after: bytes = b""
) -> bytes:
    """A zip of hand-made entries."""
    out = bytearray(before)
    central = bytearray()
    for entry in entries:
        offset = len(out) if entry.offset is None else entry.offset
        crc, packed, size = entry.facts()
        told = (0, 0, 0) if entry.flags & 8 else (crc, packed, size)
        name = entry.name if entry.local_name is None else entry.local_name
        if entry.offset is None:
            out += struct.pack(
                "<4s5H3L2H", b"PK\3\4", 20, entry.flags, entry.method, 0, 33, *told, len(name), len(entry.extra)
            )
            out += name + entry.extra + entry.body() + entry.descriptor
        central += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 0x031E, 20, entry.flags, entry.method, 0, 33, crc, packed, size,
            len(entry.name), len(entry.extra), 0, 0, 0, entry.mode << 16, offset,
        )  # fmt: skip
        central += entry.name + entry.extra
    out += gap
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(central), len(out), len(comment)
    )  # fmt: skip
    return bytes(out + central + end + comment + after)
