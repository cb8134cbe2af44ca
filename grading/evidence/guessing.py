"""Which figures say nothing because so much was named that something of it had to be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading.bands import Known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject

_MOST_NAMED = 4  # different ones in all diagnoses: whoever names more may have found it, or gone through the list


def guessed(kept: Kept, cites: Sequence[JsonObject]) -> dict[str, Known]:
    """The figures that are for the mentor to read, since too many causes, or too many components, were named."""
    words = kept.cause_catalogue
    causes = {key for each in kept.diagnoses for key in words.causes_named(each.failure_class)}
    components = {key for each in kept.diagnoses for key in words.components_named(each.component)}
    found: dict[str, Known] = {}
    for what, named, figures in (
        ("causes", causes, ("right_minutes", "class_right", "one_of_two")),
        ("components", components, ("component_right",)),
    ):
        if len(named) > _MOST_NAMED:
            why = f"{len(named)} different {what} were named: read whether the right one was found or guessed"
            found |= dict.fromkeys((f"diagnosis.{each}" for each in figures), Known(None, cites, why))
    return found
