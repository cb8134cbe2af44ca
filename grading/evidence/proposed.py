"""What the bands of the attempt's own version of the twin propose for each dimension, with the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading import bands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grading.bands import Known
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def proposals(kept: Kept, figures: Mapping[str, Known]) -> list[JsonObject]:
    """One row for each dimension; of a version without bands, nothing is proposed."""
    return [
        {"dimension": each.key, "title": each.title} | bands.as_json(bands.weigh(each.bands, figures), figures)
        for each in kept.twin.rubric.dimensions
    ]
