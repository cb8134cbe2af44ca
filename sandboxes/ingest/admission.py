"""The last door of every ingest: what is left out, what may not be called what, and the finished tree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sandboxes.ingest import IngestRefused, Refusal
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Folders a person's tools leave behind. They are no part of the work, and compiled Python among them could
# run in place of the source a mentor reads, so they are left out rather than taken or refused.
_LITTER_FOLDERS = frozenset({
    ".git", "__MACOSX", "__pycache__", ".hypothesis", ".idea", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    ".venv", ".vscode",
})  # fmt: skip
_LITTER_NAMES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_LITTER_SUFFIXES = (".pyc", ".pyo")

# Folders that may stand on Python's search path while submitted code runs.
_IMPORT_ROOTS = ("", "tests/", "tests/regression/")
_RESERVED_MODULES = sys.stdlib_module_names | {
    "_pytest", "iniconfig", "numpy", "packaging", "pluggy", "py", "pygments", "pytest", "sitecustomize",
    "usercustomize",
}  # fmt: skip
_IMPORTABLE_SUFFIXES = (".py", ".so", ".pyd", ".zip", ".egg", ".pth")


def is_litter(path: str) -> bool:
    """Whether `path` is something tools leave behind and no reader of the work wants."""
    *folders, name = path.split("/")
    return (
        any(folder in _LITTER_FOLDERS for folder in folders)
        or name in _LITTER_NAMES
        or name.startswith("._")
        or name.endswith(_LITTER_SUFFIXES)
    )


def _shadowed_module(path: str) -> str | None:
    """Return the module of Python's own, or of the test runner, that a file at `path` would stand in for."""
    for root in _IMPORT_ROOTS:
        if not path.startswith(root):
            continue
        head, _, rest = path.removeprefix(root).partition("/")
        if rest:
            package_file = rest.startswith("__init__.") and "/" not in rest
            module = head if package_file else ""
        else:
            module = head.partition(".")[0] if head.endswith(_IMPORTABLE_SUFFIXES) else ""
        if module in _RESERVED_MODULES:
            return module
    return None


def check_shadowing(paths: Iterable[str]) -> None:
    """Raise `IngestRefused` if a file would be imported in place of a module of Python or of pytest."""
    for path in paths:
        module = _shadowed_module(path)
        if module is not None:
            raise IngestRefused(
                Refusal.SHADOWS_PYTHON,
                f"A file would be imported in place of Python's own module '{module}'. Rename it.",
                path,
            )


def admit(files: Mapping[str, bytes], *, executable: Iterable[str] = ()) -> Tree:
    """Return the tree that `files` make once litter is left out.

    Raises:
        IngestRefused: a name is unsafe or reserved, a limit is passed, or nothing is left.
    """
    kept = {path: content for path, content in files.items() if not is_litter(path)}
    if not kept:
        raise IngestRefused(Refusal.EMPTY, "There is no file in it. Hand in the repository's files.")
    check_shadowing(kept)
    return Tree(kept, frozenset(path for path in executable if path in kept))
