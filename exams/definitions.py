"""The definition an attempt pinned, parsed once per process and version, and what of it a write needs to know."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from exams.errors import Refusal
from exams.models import TwinVersion
from exams.twins import Twin

if TYPE_CHECKING:
    from exams.models import Attempt
    from exams.twins.definition import Deliverable


class NoSuchDeliverable(Refusal):
    """The twin asks for nothing of that name."""


class NotPartOfThisTwin(Refusal):
    """The twin has no stage in which that can be done."""


def twin_of(attempt: Attempt) -> Twin:
    """The twin as the attempt pinned it."""
    return _parsed(attempt.twin_id, attempt.twin.content_sha256)


@lru_cache(maxsize=64)
def _parsed(version_id: int, content_sha256: str) -> Twin:  # noqa: ARG001 - the hash keeps re-used numbers apart
    return Twin.from_json(TwinVersion.objects.get(pk=version_id).definition)


def deliverable_of(attempt: Attempt, key: str) -> Deliverable:
    """The deliverable of that key.

    Raises:
        NoSuchDeliverable: there is none.
    """
    deliverables = {each.key: each for each in twin_of(attempt).deliverables}
    if key not in deliverables:
        raise NoSuchDeliverable(
            f"This twin asks for no deliverable {key!r}. It asks for: {', '.join(deliverables)}.",
            deliverables=list(deliverables),
        )
    return deliverables[key]


def stage_for_updates(attempt: Attempt) -> str:
    """Key of the stage in which status updates are posted.

    Raises:
        NotPartOfThisTwin: there is none.
    """
    return _first([stage.key for stage in twin_of(attempt).stages if stage.status_updates], "status updates")


def stage_for_questions(attempt: Attempt) -> str:
    """Key of the stage in which the failing model can be asked.

    Raises:
        NotPartOfThisTwin: there is none.
    """
    return _first([stage.key for stage in twin_of(attempt).stages if stage.questions], "questions to a model")


def stage_for_diagnoses(attempt: Attempt) -> str:
    """Key of the stage in which a diagnosis is filed.

    Raises:
        NotPartOfThisTwin: there is none.
    """
    found = [each.stage for each in twin_of(attempt).deliverables if each.kind == "diagnosis"]
    return _first(found, "a diagnosis")


def stage_for_code(attempt: Attempt) -> str:
    """Key of the stage in which code is written, run and handed in.

    Raises:
        NotPartOfThisTwin: there is none.
    """
    return _first([each.stage for each in twin_of(attempt).deliverables if each.kind == "code"], "code")


def stage_for_files(attempt: Attempt) -> str:
    """Key of the stage that uploads belong to: that of the code, else the last one."""
    twin = twin_of(attempt)
    return next((each.stage for each in twin.deliverables if each.kind == "code"), twin.stages[-1].key)


def _first(found: list[str], what: str) -> str:
    if not found:
        raise NotPartOfThisTwin(f"This twin has no stage for {what}.")
    return found[0]
