"""Changes that do no harm: each can be in an incident's code from the start, be made lately, or not be there at all.

All of them leave every answer as it is: text, refusal, citations, documents and prompt. Some change what the guard says
in the traces. Each applies to the healthy tree on its own; those that take the same lines as a fault, or as a fix that
the fault's class knows, are left out of its incidents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.packs.hallucination.innocents import answering, asking, reading, serving

if TYPE_CHECKING:
    from exams.packs.hallucination.innocents.change import Innocent

INNOCENTS: tuple[Innocent, ...] = (*reading.CHANGES, *asking.CHANGES, *answering.CHANGES, *serving.CHANGES)
