"""Untrusted sources become trees of regular files, within limits, or are refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

__all__ = ["INGEST_LIMITS", "MIB", "IngestLimits", "IngestRefused", "Refusal", "SourceUnreachable"]

MIB = 1024 * 1024


@unique
class Refusal(StrEnum):
    """Why a source was refused: stable words for programs, stored with the submission."""

    # names
    EMPTY_NAME = "empty-name"
    ABSOLUTE_PATH = "absolute-path"
    PATH_TRAVERSAL = "path-traversal"
    UNSAFE_NAME = "unsafe-name"
    DUPLICATE_NAME = "duplicate-name"
    SHADOWS_PYTHON = "shadows-python"
    GIT_METADATA = "git-metadata"
    # kinds of entry
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    SPECIAL_FILE = "special-file"
    SUBMODULE = "submodule"
    SPARSE_FILE = "sparse-file"
    # limits
    UPLOAD_TOO_LARGE = "upload-too-large"
    FILE_TOO_LARGE = "file-too-large"
    TREE_TOO_LARGE = "tree-too-large"
    TOO_MANY_FILES = "too-many-files"
    PATH_TOO_LONG = "path-too-long"
    PATH_TOO_DEEP = "path-too-deep"
    BOMB = "compression-bomb"
    TOO_SLOW = "too-slow"
    # formats
    UNKNOWN_FORMAT = "unknown-format"
    FORMAT_MISMATCH = "format-mismatch"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    OVERLAP = "overlapping-entries"
    TRAILING_DATA = "trailing-data"
    UNSUPPORTED = "unsupported-feature"
    EMPTY = "empty"
    # patches
    PATCH_MALFORMED = "patch-malformed"
    PATCH_DOES_NOT_APPLY = "patch-does-not-apply"
    PATCH_BINARY = "patch-binary"
    PATCH_MODE = "patch-mode"
    # git
    BAD_URL = "bad-url"
    CREDENTIALS_IN_URL = "credentials-in-url"
    FORBIDDEN_ADDRESS = "forbidden-address"
    BAD_CERTIFICATE = "bad-certificate"
    BAD_REF = "bad-ref"
    REF_NOT_FOUND = "ref-not-found"
    REPOSITORY_NOT_FOUND = "repository-not-found"
    SIGN_IN_NEEDED = "sign-in-needed"
    REDIRECTED = "redirected"
    REPOSITORY_DAMAGED = "repository-damaged"
    REPOSITORY_TOO_LARGE = "repository-too-large"
    COMMIT_GONE = "commit-gone"


class IngestRefused(Exception):
    """The source cannot be taken, and the one who handed it in can change that.

    Attributes:
        code: a word of `Refusal`.
        message: whole sentences: what happened, why, what to do next. Safe to show to the learner.
        path: the offending path inside the source, when there is one.
    """

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(code, message, path)
        self.code = str(code)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.message} ({self.path!r})" if self.path is not None else self.message


class SourceUnreachable(Exception):
    """The source did not answer in time, or its server failed: worth trying again.

    Attributes:
        message: what happened, safe to show to the learner; holds no address beyond the host's name.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class IngestLimits:
    """Every limit of an ingest, in one table; sizes in bytes, time in seconds."""

    upload_bytes: int = 16 * MIB  # the file as it was sent
    repository_bytes: int = 64 * MIB  # what a remote repository may send us
    tree_bytes: int = 64 * MIB  # all files together, unpacked
    file_bytes: int = 16 * MIB  # one file, unpacked
    files: int = 4_000
    path_bytes: int = 240
    depth: int = 16
    ratio: int = 120  # unpacked : packed, looked at once more than `ratio_floor_bytes` came out
    ratio_floor_bytes: int = 4 * MIB
    patch_lines: int = 200_000
    seconds: float = 60.0  # wall clock of one fetch
    resolve_seconds: float = 5.0  # wall clock of finding out which commit a name means


INGEST_LIMITS = IngestLimits()
