"""Reads a tar by the letter of the format and takes regular files only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sandboxes.ingest import IngestRefused, Refusal
from sandboxes.ingest.tree import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.ingest.budget import Budget

BLOCK = 512
MAGIC_AT = 257
_USTAR = b"ustar\x0000"
_GNU = b"ustar  \x00"
_REGULAR = {b"0", b"\x00", b"7"}
_FOLDER, _HARDLINK, _SYMLINK = b"5", b"1", b"2"
_SPECIAL = {b"3", b"4", b"6"}
_PAX, _PAX_GLOBAL, _GNU_LONG_NAME, _GNU_SPARSE = b"x", b"g", b"L", b"S"
_EXTENDED = {_PAX, _PAX_GLOBAL, _GNU_LONG_NAME}
_MAX_HEADER_DATA = 64 * 1024
_OCTAL = re.compile(rb" *([0-7]{1,11})[ \x00]*")
_PAX_SIZE = re.compile(rb"([1-9][0-9]{0,5}) ")
# What a pax header may say besides a path. None of it is used; anything else might change what is read.
_PAX_IGNORED = re.compile(
    r"(?:mtime|atime|ctime|uid|gid|uname|gname|comment|LIBARCHIVE\..+|SCHILY\.(?!realsize|filetype).+|RHT\..+)"
)


class TarFile(NamedTuple):
    """One regular file out of the archive."""

    path: str
    content: bytes
    executable: bool


class _Header(NamedTuple):
    """The fields of a header block that decide anything."""

    name: str
    mode: int
    size: int
    kind: bytes


def _damaged(why: str, path: str | None = None) -> IngestRefused:
    return IngestRefused(Refusal.DAMAGED, f"The tar is damaged: {why}. Pack it again.", path)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise IngestRefused(
            Refusal.UNSAFE_NAME,
            "A name is not written in UTF-8. Rename the file.",
            raw.decode("ascii", "replace"),
        ) from None


def _octal(field: bytes, what: str) -> int:
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise _damaged(f"the {what} of an entry is not an octal number")
    return int(match[1], 8)


def _header(block: bytes) -> _Header:
    """Return the header in one block, its checksum verified."""
    expected = _octal(block[148:156], "checksum")
    if sum(block) - sum(block[148:156]) + 8 * ord(" ") != expected:
        raise _damaged("a header's checksum is wrong")
    magic = block[MAGIC_AT : MAGIC_AT + 8]
    if magic not in {_USTAR, _GNU}:
        raise IngestRefused(
            Refusal.UNSUPPORTED, "The tar is in a format from before 1988. Pack it with any current tool."
        )
    name = block[:100].split(b"\0", 1)[0]
    if magic == _USTAR:
        prefix = block[345:500].split(b"\0", 1)[0]
        name = prefix + b"/" + name if prefix else name
    return _Header(
        name=_text(name),
        mode=_octal(block[100:108], "mode"),
        size=_octal(block[124:136], "size"),
        kind=block[156:157],
    )


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(data):
        match = _PAX_SIZE.match(data, position)
        if match is None:
            raise _damaged("an extended header cannot be read")
        record = data[match.end() : position + int(match[1])]
        key, separator, value = record.removesuffix(b"\n").partition(b"=")
        if not separator or not record.endswith(b"\n") or position + int(match[1]) > len(data):
            raise _damaged("an extended header cannot be read")
        position += int(match[1])
        # Attributes of the file system may be any bytes; only their names are looked at.
        yield _text(key), value.decode("utf-8", "replace" if b"." in key else "strict")


def _pax_path(data: bytes, *, may_name: bool) -> str | None:
    """Return the path an extended header gives, refusing every key that could change what is read."""
    path: str | None = None
    try:
        for key, value in _pax_records(data):
            if key.startswith("GNU.sparse."):
                raise IngestRefused(Refusal.SPARSE_FILE, "It holds a sparse file. Only regular files are taken.")
            if key == "path" and may_name and path is None:
                path = value
            elif _PAX_IGNORED.fullmatch(key) is None:
                raise IngestRefused(
                    Refusal.UNSUPPORTED, f"An extended header says '{key[:40]}', which is not read. Pack it again."
                )
    except UnicodeDecodeError:
        raise _damaged("an extended header is not UTF-8") from None
    return path


def _refused_kind(kind: bytes, path: str) -> IngestRefused:
    if kind == _SYMLINK:
        return IngestRefused(Refusal.SYMLINK, "It holds a symbolic link. Only regular files are taken.", path)
    if kind == _HARDLINK:
        return IngestRefused(Refusal.HARDLINK, "It holds a hard link. Only regular files are taken; pack copies.", path)
    if kind in _SPECIAL:
        return IngestRefused(Refusal.SPECIAL_FILE, "It holds a device or a pipe. Only regular files are taken.", path)
    if kind == _GNU_SPARSE:
        return IngestRefused(Refusal.SPARSE_FILE, "It holds a sparse file. Only regular files are taken.", path)
    return IngestRefused(
        Refusal.UNSUPPORTED, f"It holds an entry of kind {kind!r}. Only regular files are taken.", path
    )


def _check_end(data: bytes, position: int) -> None:
    """After the first zero block there is another, and nothing but zeros to the end."""
    if len(data) < position + 2 * BLOCK:
        raise _damaged("its end is missing")
    if data.count(0, position) != len(data) - position:
        raise IngestRefused(Refusal.TRAILING_DATA, "Something follows the end of the tar. Pack it again.")


def _blocks(data: bytes, budget: Budget) -> Iterator[tuple[_Header, bytes]]:
    """Yield each header with its body, then check that the archive ends as it must."""
    if len(data) % BLOCK:
        raise _damaged("its length is not a whole number of blocks")
    position = 0
    while True:
        block = data[position : position + BLOCK]
        if not block:
            raise _damaged("its end is missing")
        if block.count(0) == BLOCK:
            break
        header = _header(block)
        position += BLOCK
        stop = position + header.size
        if stop > len(data):
            raise _damaged("an entry runs past the end", header.name)
        budget.count_entry()
        yield header, data[position:stop]
        position = stop + -header.size % BLOCK
    _check_end(data, position)


def _extended_name(header: _Header, body: bytes) -> str | None:
    """Return the name that an extended header gives to the next entry, if it gives one."""
    if header.size > _MAX_HEADER_DATA:
        raise IngestRefused(Refusal.PATH_TOO_LONG, "An extended header is larger than 64 KiB.")
    if header.kind == _GNU_LONG_NAME:
        return _text(body.removesuffix(b"\0"))
    return _pax_path(body, may_name=header.kind == _PAX)


def _named(data: bytes, budget: Budget) -> Iterator[tuple[str, _Header, bytes]]:
    """Yield each real entry under the one name that its headers agree on."""
    given: str | None = None
    for header, body in _blocks(data, budget):
        if header.kind not in _EXTENDED:
            yield header.name if given is None else given, header, body
            given = None
            continue
        name = _extended_name(header, body)
        if name is not None and given is not None:
            raise IngestRefused(Refusal.DUPLICATE_NAME, "An entry carries two names.", name)
        given = name if name is not None else given
    if given is not None:
        raise _damaged("it ends after the name of a file", given)


def _check_folder(path: str, header: _Header) -> None:
    if header.size:
        raise _damaged("a folder has content", path)
    if path.rstrip("/") not in {"", "."}:
        check_shape(path.removesuffix("/"))


def read_tar(data: bytes, budget: Budget) -> Iterator[TarFile]:
    """Yield the regular files of an uncompressed tar (ustar, pax or GNU); folders are only checked.

    Raises:
        IngestRefused: something in it is not a regular file or a folder, an extended header says more than a
            name, the archive is damaged or goes on after its end, or `budget` is spent.
    """
    for name, header, body in _named(data, budget):
        # `tar c .` writes every name with a leading './', and the folder itself as './'.
        path = name.removeprefix("./")
        if header.kind == _FOLDER:
            _check_folder(path, header)
        elif header.kind in _REGULAR:
            check_shape(path)
            budget.check_file(header.size, path)
            budget.spend(header.size, path)
            yield TarFile(path, body, bool(header.mode & 0o100))
        else:
            raise _refused_kind(header.kind, path)
