"""What has been proved of a pack, kept beside it: a class that is not proved in its present form is not published.

The file holds, for each failure class, the hash of everything its incidents are made of, and how it was last proved in
that form: rehearsed in one process, and run in containers. One byte of the pack changed, or of the oracle that judges
its answers, and the class is unproved.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exams import packs
from exams.packs import hashing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exams.packs import Pack


@dataclass(frozen=True)
class Proof:
    """How a failure class was proved in the form that `sha256` names: so many incidents, each cell so often.

    `incidents` were rehearsed; `contained` of them were run in containers, each cell `repeats` times.
    """

    sha256: str
    incidents: int = 0
    contained: int = 0
    repeats: int = 0


def sha256_of(pack: Pack, failure_class: str) -> str:
    """The hash of everything the incidents of a class are made of, and of what says which answers are right."""
    return hashing.sha256_of({**pack.made_of(failure_class), **hashing.oracle()})


def file_of(dotted: str) -> Path:
    """Where the proofs of a pack are kept: beside its code."""
    module = importlib.import_module(dotted)
    named: Path | None = getattr(module, "PROOF", None)
    return named or Path(str(module.__file__)).parent / hashing.PROOF_FILE


def read(dotted: str) -> dict[str, Proof]:
    """What has been proved of a pack, in whatever form it had then; nothing if no file says so."""
    try:
        stored = json.loads(file_of(dotted).read_text(encoding="utf-8"))
        return {key: Proof(**values) for key, values in stored.items()}
    except FileNotFoundError:
        return {}


def unproved(dotted: str, failure_class: str) -> bool:
    """Whether a class has not been proved in its present form."""
    proof = read(dotted).get(failure_class)
    return proof is None or not proof.incidents or proof.sha256 != sha256_of(packs.load(dotted), failure_class)


def record(dotted: str, failure_class: str, *, incidents: int = 0, contained: int = 0, repeats: int = 0) -> None:
    """Keep that a class was just proved; of the same form, the most that was ever shown counts."""
    pack = packs.load(dotted)
    found = {key: proof for key, proof in read(dotted).items() if key in pack.classes}
    now = Proof(sha256_of(pack, failure_class))
    before = found.get(failure_class, now)
    before = before if before.sha256 == now.sha256 else now
    if contained * repeats <= before.contained * before.repeats:
        contained, repeats = before.contained, before.repeats
    most = max(before.incidents, incidents, contained)
    found[failure_class] = replace(before, incidents=most, contained=contained, repeats=repeats)
    ordered: Mapping[str, Proof] = {key: found[key] for key in pack.classes if key in found}
    stored = {key: asdict(proof) for key, proof in ordered.items()}
    file_of(dotted).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
