"""Changes that do no harm: each can be in an incident's code from the start, be made lately, or not be there at all.

Most leave every answer as it is: text, refusal, citations, documents and prompt; some of them change what the guard
says in the traces. Those that behave otherwise (`behaving_*.txt`, `suspect_*.txt`) can be seen in prompts, settings,
keys or rulings, or in answers to questions that nobody asks: each is one that somebody could suspect, and none makes
an answer wrong. Each applies to the healthy tree on its own, or on top of the one it rests on; those that take the same
lines as a fault, or as a fix that the fault's class knows, are left out of its incidents.
"""

from __future__ import annotations

from pathlib import Path

from exams.packs.hallucination.innocents.change import Innocent, read

HERE = Path(__file__).parent
FILES = ("reading", "asking", "answering", "serving", "behaving_in", "behaving_out", "suspect_in", "suspect_out")

INNOCENTS: tuple[Innocent, ...] = tuple(innocent for name in FILES for innocent in read(HERE / f"{name}.txt"))
