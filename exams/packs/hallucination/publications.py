"""What compliance publishes, and when: a last document of those in force, and others on the day of the incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from exams.packs.hallucination.edits import Fault
    from exams.packs.hallucination.world import Document, Edition, World

LATE = (
    "Add {document}, which the export lacked: {title}",
    "Take {document} over after all ({title})",
    "{title}: catch up on {document}",
)
PUBLISHED = ("Publish what compliance sent: {documents}", "Take over {documents} from compliance", "Add {documents}")
OF_THE_DAY: tuple[Edition, ...] = ("draft", "future", "news")  # none is in force, so none changes an answer
CLOSE_SHARE = 1 / 3  # of the incidents have the documents of their day published close to the onset


def last_published(world: World) -> Document:
    """The newest of the documents in force: it came when the rest was there already."""
    return max(world.in_force, key=lambda document: (document.effective, document.id))


def woken_by(world: World, fault: Fault) -> list[Document]:
    """The documents that were published when the fault began to do harm; none if it did so at once."""
    return [document for document in world.documents if document.edition in fault.waits_for]


def of_the_day(drawing: random.Random, world: World, fault: Fault) -> list[Document]:
    """The documents that are published on the incident's day: those that wake the fault, or others that do nothing.

    Every incident has some, so that a publication close to the onset may be the trigger and seldom is.
    """
    edition = drawing.choice(OF_THE_DAY)
    return woken_by(world, fault) or [document for document in world.documents if document.edition == edition]
