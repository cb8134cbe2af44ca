"""The attempt's own repository: made from a known history, read by its objects, hardened for pushes."""

from sandboxes.repository.hardening import (
    BRANCH,
    HARDENED,
    MAX_PUSH_BYTES,
    MAX_REPOSITORY_BYTES,
    RepositoryExists,
    RepositoryFault,
    environment,
)
from sandboxes.repository.looking import branches, head, log, read_tree, resolve
from sandboxes.repository.making import CommitToMake, create, packed, unpack

__all__ = [
    "BRANCH",
    "HARDENED",
    "MAX_PUSH_BYTES",
    "MAX_REPOSITORY_BYTES",
    "CommitToMake",
    "RepositoryExists",
    "RepositoryFault",
    "branches",
    "create",
    "environment",
    "head",
    "log",
    "packed",
    "read_tree",
    "resolve",
    "unpack",
]
