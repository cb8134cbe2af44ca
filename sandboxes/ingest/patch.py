"""Applies an uploaded unified diff to a known tree exactly as written: no fuzz, no offsets, no binaries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal
from sandboxes.ingest.admission import admit
from sandboxes.ingest.budget import Budget
from sandboxes.ingest.tree import check_path

if TYPE_CHECKING:
    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.tree import Tree

_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(?: .*)?\r?\n?")
_MODES = {b"100644": False, b"100755": True}
_SYMLINK_MODE, _SUBMODULE_MODE = b"120000", b"160000"
_INDEX = re.compile(rb"index [0-9a-f]{4,64}\.\.[0-9a-f]{4,64}(?: (\d{6}))?")
_SIMILARITY = re.compile(rb"(?:dis)?similarity index \d{1,3}%")
_NOWHERE = "/dev/null"
_ONE_LETTER_PREFIX = re.compile(r"[abciow]/")
_EPOCH = re.compile(rb"\t(?:1970-01-01|1969-12-31) ")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_SHOWN = 60


@dataclass
class _Hunk:
    """One run of changes: where it starts in the old file, and its lines as old and as new."""

    line: int  # of the patch, for messages
    old_start: int
    old: list[bytes] = field(default_factory=list)
    new: list[bytes] = field(default_factory=list)


@dataclass
class _FilePatch:
    """What the patch does to one file."""

    line: int
    old: str | None = None
    new: str | None = None
    creates: bool = False
    deletes: bool = False
    copies: bool = False
    executable: bool | None = None
    hunks: list[_Hunk] = field(default_factory=list)


def _lines(data: bytes) -> list[bytes]:
    """Split after each newline and nowhere else, keeping it."""
    pieces = data.split(b"\n")
    lines = [piece + b"\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines


def _shown(line: bytes) -> str:
    text = line.rstrip(b"\n").decode("utf-8", "replace")
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _malformed(line: int, why: str, path: str | None = None) -> NoReturn:
    raise IngestRefused(
        Refusal.PATCH_MALFORMED,
        f"Line {line} of the patch: {why}. Make it with `git diff --output=fix.patch` and do not edit it.",
        path,
    )


def _named(raw: bytes, line: int) -> str:
    """Return a path as the patch writes it, git's quoting undone."""
    if raw.startswith(b'"'):
        if not raw.endswith(b'"') or len(raw) == 1:
            _malformed(line, "a quoted name does not end")
        raw = _ESCAPE.sub(
            lambda match: bytes([_ESCAPES.get(match[1]) or int(match[1], 8) & 0xFF]),
            raw[1:-1],
        )
    try:
        return raw.decode()
    except UnicodeDecodeError:
        _malformed(line, "a name is not written in UTF-8")


def _without_first(path: str) -> str:
    return path.partition("/")[2]


def _common_name(old: str, new: str, line: int) -> str:
    """Return the file that two names with different prefixes mean."""
    if old == new:
        return old
    if _without_first(old) and _without_first(old) == _without_first(new):
        return _without_first(old)
    _malformed(line, f"it names two different files, {old!r} and {new!r}")


def _check_mode(mode: bytes, path: str | None) -> bool:
    """Return whether a mode is executable; only the two modes of regular files pass."""
    if mode == _SYMLINK_MODE:
        raise IngestRefused(Refusal.SYMLINK, "The patch makes a symbolic link. Only regular files are taken.", path)
    if mode == _SUBMODULE_MODE:
        raise IngestRefused(Refusal.SUBMODULE, "The patch makes a submodule. Only regular files are taken.", path)
    if mode not in _MODES:
        shown = mode.decode("ascii", "replace")
        raise IngestRefused(Refusal.PATCH_MODE, f"The patch sets mode {shown}; only 100644 and 100755 are taken.", path)
    return _MODES[mode]


class _Reader:
    """Walks through the lines of a patch once and collects what it does to each file."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._all = _lines(data)
        self._at = 0
        self._budget = budget
        if len(self._all) > budget.limits.patch_lines:
            raise IngestRefused(
                Refusal.UPLOAD_TOO_LARGE,
                f"The patch has {len(self._all)} lines; at most {budget.limits.patch_lines} are taken.",
            )

    @property
    def _line(self) -> int:
        return self._at + 1

    def _peek(self, ahead: int = 0) -> bytes:
        index = self._at + ahead
        return self._all[index] if index < len(self._all) else b""

    def read(self) -> list[_FilePatch]:
        """Return the files' patches in the order they are written; text between them is commentary."""
        found = []
        while self._at < len(self._all):
            line = self._peek()
            if line.startswith(b"diff --git "):
                found.append(self._git_file())
            elif line.startswith(b"--- ") and self._peek(1).startswith(b"+++ "):
                found.append(self._plain_file())
            elif line.startswith(b"@@ -"):
                _malformed(self._line, "a hunk belongs to no file")
            elif line.startswith((b"Binary files ", b"GIT binary patch")):
                raise IngestRefused(Refusal.PATCH_BINARY, "The patch changes a binary file. Hand in an archive.")
            else:
                self._at += 1
                continue
            self._budget.count_entry()
        return found

    def _git_file(self) -> _FilePatch:
        """Read one `diff --git` section; all its names must agree."""
        patch = _FilePatch(self._line)
        names = self._peek()[len(b"diff --git ") :].rstrip(b"\r\n")
        self._at += 1
        while self._extended_header(patch):
            self._at += 1
        if self._peek().startswith((b"Binary files ", b"GIT binary patch")):
            shown = names.decode("utf-8", "replace")
            raise IngestRefused(
                Refusal.PATCH_BINARY, "The patch changes a binary file. Hand in an archive instead.", shown
            )
        moved = patch.old is not None or patch.new is not None
        if moved and (patch.old is None or patch.new is None):
            _malformed(patch.line, "a rename or copy names only one of its two files")
        if not moved:
            patch.old = patch.new = self._header_name(names, patch.line)
        if self._peek().startswith(b"--- ") and self._peek(1).startswith(b"+++ "):
            self._check_same_names(patch)
            self._hunks(patch)
        return patch

    @staticmethod
    def _header_name(names: bytes, line: int) -> str:
        """Return the one file that a `diff --git` line names twice."""
        if names.startswith(b'"'):
            parts = re.fullmatch(rb'("(?:[^"\\]|\\.)*") ("(?:[^"\\]|\\.)*")', names)
            old, new = (parts[1], parts[2]) if parts else (b"", b"")
        else:
            half = len(names) // 2
            old, new = names[:half], names[half + 1 :]
            if names[half : half + 1] != b" ":
                old = b""
        if not old:
            _malformed(line, "its two names differ but no rename is declared")
        return _common_name(_named(old, line), _named(new, line), line)

    def _extended_header(self, patch: _FilePatch) -> bool:
        """Take one of git's header lines into `patch`; False at the first line that is none."""
        line = self._peek().rstrip(b"\r\n")
        for start in (b"new file mode ", b"deleted file mode ", b"old mode ", b"new mode "):
            if line.startswith(start):
                executable = _check_mode(line.removeprefix(start), None)
                patch.creates |= start == b"new file mode "
                patch.deletes |= start == b"deleted file mode "
                if start in {b"new file mode ", b"new mode "}:
                    patch.executable = executable
                return True
        for start in (b"rename from ", b"copy from "):
            if line.startswith(start):
                patch.old = _named(line.removeprefix(start), self._line)
                patch.copies |= start == b"copy from "
                return True
        for start in (b"rename to ", b"copy to "):
            if line.startswith(start):
                patch.new = _named(line.removeprefix(start), self._line)
                return True
        index = _INDEX.fullmatch(line)
        if index is not None:
            if index[1] is not None:
                _check_mode(index[1], None)
            return True
        return _SIMILARITY.fullmatch(line) is not None

    def _marked_names(self) -> tuple[str, str]:
        """Return the names on the `---` and `+++` lines as written, without dates."""
        old, new = (self._peek(ahead)[4:].rstrip(b"\r\n").partition(b"\t")[0] for ahead in (0, 1))
        return _named(old, self._line), _named(new, self._line + 1)

    def _check_same_names(self, patch: _FilePatch) -> None:
        for written, meant, absent in zip(
            self._marked_names(), (patch.old, patch.new), (patch.creates, patch.deletes), strict=True
        ):
            fits = written == _NOWHERE if absent else meant in {written, _without_first(written)}
            if not fits:
                _malformed(self._line, f"{written!r} is not the file its header names", meant)
        self._at += 2

    def _plain_file(self) -> _FilePatch:
        """Read a section without git's header, as `diff -u` writes it."""
        patch = _FilePatch(self._line)
        old, new = self._marked_names()
        ends_at_epoch = _EPOCH.search(self._peek(1)) is not None
        starts_at_epoch = _EPOCH.search(self._peek()) is not None
        patch.creates = old == _NOWHERE or starts_at_epoch
        patch.deletes = new == _NOWHERE or ends_at_epoch
        if patch.creates and patch.deletes:
            _malformed(self._line, "it makes and deletes the same file")
        if _NOWHERE in {old, new}:
            name = new if old == _NOWHERE else old
            name = _without_first(name) if _ONE_LETTER_PREFIX.match(name) else name
        else:
            name = _common_name(old, new, self._line)
        patch.old = patch.new = name
        self._at += 2
        self._hunks(patch)
        return patch

    def _hunks(self, patch: _FilePatch) -> None:
        while (match := _HUNK.fullmatch(self._peek())) is not None:
            patch.hunks.append(self._hunk(match, patch))
        if not patch.hunks or self._peek().startswith(b"@@"):
            _malformed(self._line, "a hunk's first line cannot be read", patch.new)
        line = self._peek()
        signature = line in {b"-- \n", b"--\n", b"-- \r\n"}
        section = line.startswith(b"--- ") and self._peek(1).startswith(b"+++ ")
        if line.startswith((b" ", b"+", b"-", b"\\")) and not signature and not section:
            _malformed(self._line, "a hunk has more lines than it says", patch.new)

    def _hunk(self, match: re.Match[bytes], patch: _FilePatch) -> _Hunk:
        hunk = _Hunk(self._line, int(match[1]))
        old_left = 1 if match[2] is None else int(match[2])
        new_left = 1 if match[4] is None else int(match[4])
        self._at += 1
        while old_left or new_left:
            line = self._peek()
            # Some mail programs strip the blank that marks an empty line of context.
            kind, text = (b" ", b"\n") if line == b"\n" else (line[:1], line[1:])
            if kind not in {b" ", b"-", b"+"}:
                _malformed(self._line, "a hunk has fewer lines than it says", patch.new)
            self._at += 1
            if self._peek().startswith(b"\\ "):
                text = text.removesuffix(b"\n")
                self._at += 1
            if kind != b"+":
                hunk.old.append(text)
                old_left -= 1
            if kind != b"-":
                hunk.new.append(text)
                new_left -= 1
            if old_left < 0 or new_left < 0:
                _malformed(self._line, "a hunk has more lines than it says", patch.new)
        return hunk


def _does_not_apply(patch: _FilePatch, why: str, number: int | None = None) -> IngestRefused:
    where = "" if number is None else f"Hunk {number} (line {patch.hunks[number - 1].line} of the patch): "
    return IngestRefused(
        Refusal.PATCH_DOES_NOT_APPLY,
        f"{where}{why}. Make the patch against the repository exactly as it was handed to you.",
        patch.old or patch.new,
    )


def _applied(content: bytes, patch: _FilePatch) -> bytes:
    """Return `content` with every hunk applied at the very line it names."""
    old = _lines(content)
    out: list[bytes] = []
    at = 0
    for number, hunk in enumerate(patch.hunks, start=1):
        start = hunk.old_start - 1 if hunk.old else hunk.old_start
        if start < at or start > len(old):
            raise _does_not_apply(patch, f"the file has no line {hunk.old_start} at that point", number)
        out += old[at:start]
        for offset, wanted in enumerate(hunk.old):
            found = old[start + offset] if start + offset < len(old) else b""
            if found != wanted:
                raise _does_not_apply(
                    patch,
                    f"line {start + offset + 1} is {_shown(found)}, the patch expects {_shown(wanted)}",
                    number,
                )
        out += hunk.new
        at = start + len(hunk.old)
    out += old[at:]
    if any(not line.endswith(b"\n") for line in out[:-1]):
        raise _does_not_apply(patch, "a line without an end stands in the middle of the result")
    return b"".join(out)


def _apply_file(patch: _FilePatch, files: dict[str, bytes], executable: set[str]) -> None:
    """Apply one file's patch to the working set."""
    old, new = patch.old, patch.new
    if old is None or new is None:
        _malformed(patch.line, "it names no file")
    check_path(old)
    check_path(new)
    if patch.creates:
        if new in files:
            raise _does_not_apply(patch, "it makes a file that is already there")
        content = b""
    elif old not in files:
        raise _does_not_apply(patch, "it changes a file that is not there")
    else:
        content = files[old]
    if new != old and new in files:
        raise _does_not_apply(patch, f"it moves a file onto {new!r}, which is already there")
    result = _applied(content, patch)
    was_executable = old in executable
    if not patch.copies and not patch.creates:
        del files[old]
        executable.discard(old)
    if patch.deletes:
        if result:
            raise _does_not_apply(patch, "it deletes a file but leaves lines of it")
        return
    files[new] = result
    if was_executable if patch.executable is None else patch.executable:
        executable.add(new)


def apply_patch(data: bytes, *, base: Tree, limits: IngestLimits = INGEST_LIMITS) -> Tree:
    """Return `base` with a unified diff applied (git's style, `diff -u`, or a `git format-patch` series).

    Sections are applied in order, each to the result of those before it.

    Args:
        data: the uploaded patch.
        base: the tree it was made against.
        limits: the table.

    Raises:
        IngestRefused: the patch cannot be read, does not apply exactly, or asks for anything but changed
            text in regular files; the message names the hunk, `path` the file.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise IngestRefused(
            Refusal.PATCH_MALFORMED,
            "The patch is written in UTF-16, as PowerShell's `>` does. "
            "Make it with `git diff --output=fix.patch` instead.",
        )
    budget = Budget(limits, packed_bytes=len(data))
    patches = _Reader(data, budget).read()
    if not patches:
        raise IngestRefused(
            Refusal.PATCH_MALFORMED, "There is no unified diff in it. Make it with `git diff --output=fix.patch`."
        )
    files = dict(base.files)
    executable = set(base.executable)
    for patch in patches:
        _apply_file(patch, files, executable)
        budget.check_time()
    return admit(files, executable=executable)
