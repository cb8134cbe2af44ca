"""Files as one hash, by one rule: what a stock was drawn by, and the form in which a class was proved."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from exams.packs.loading import NoSuchPack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.machinery import ModuleSpec

ORACLE = Path(__file__).parent.parent / "oracle"
# Written beside a pack's code when a class was proved: no incident changes with it.
PROOF_FILE = "proof.json"


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder that somebody wrote: caches of the interpreter and recorded proofs are not."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.name != PROOF_FILE:
            yield path


def sha256_of(contents: Mapping[str, bytes]) -> str:
    """One SHA-256 of named contents, in whatever order they come."""
    each = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()


def oracle() -> dict[str, bytes]:
    """The code that says which answers are right: what was proved or counted by another oracle holds no more."""
    return {f"oracle/{path.relative_to(ORACLE).as_posix()}": path.read_bytes() for path in files_below(ORACLE)}


@lru_cache(maxsize=16)
def fingerprint(dotted: str) -> str:
    """SHA-256 of the code that draws a pack's incidents: what was drawn by other code is not the same incident.

    It covers every file below exams.packs, the pack's own wherever they lie, the oracle that says what was wrong, and
    how trees and repositories are written. Too wide only costs a drawing; too narrow would hand out what the hidden
    material does not belong to. The pack is found, not imported.

    Raises:
        NoSuchPack: no such module.
    """
    try:
        found = importlib.util.find_spec(dotted)
        writers = [importlib.util.find_spec(each) for each in ("sandboxes.ingest.tree", "sandboxes.repository")]
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        raise NoSuchPack(f"{dotted!r} cannot be found; check the `pack` line of twin.toml")
    here = Path(__file__).parent
    files = {*files_below(here), *files_below(ORACLE), *_files_of(found)}
    files |= {file for each in writers if each for file in _files_of(each)}
    return sha256_of({os.path.relpath(path, here): path.read_bytes() for path in files})


def _files_of(found: ModuleSpec) -> set[Path]:
    """The file of a module; of a package every file below its folder."""
    own = Path(str(found.origin))
    return {own, *(files_below(own.parent) if found.submodule_search_locations else ())}
