"""."""

from exams.packs.hallucination.innocents.change import Innocent

CHANGES: tuple[Innocent, ...] = ()
