"""Changes that do no harm: each can be in an incident's code from the start, be made lately, or not be there at all.

All of them leave every answer as it is: text, refusal, citations, documents and prompt. Some change what the guard says
in the traces. Each applies to the healthy tree on its own; those that take the same lines as a fault, or as a fix that
the fault's class knows, are left out of its incidents.
"""

from __future__ import annotations

from pathlib import Path

from exams.packs.hallucination.innocents.change import Innocent, read

HERE = Path(__file__).parent

INNOCENTS: tuple[Innocent, ...] = tuple(
    innocent for name in ("reading", "asking", "answering", "serving") for innocent in read(HERE / f"{name}.txt")
)
