"""Compares two pages of evidence of one attempt: which sections, figures and proposals differ. Plain values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Differences:
    """What is not the same; `same` is None where there is nothing to compare with.

    Attributes:
        sections: names of the parts of the page that differ in anything.
        figures: those that bands are written in, each with both values.
        proposals: dimensions for which another score is proposed, each with both.
    """

    same: bool | None = None
    sections: list[str] = field(default_factory=list)
    figures: list[JsonObject] = field(default_factory=list)
    proposals: list[JsonObject] = field(default_factory=list)

    def as_json(self) -> JsonObject:
        """As it is kept and shown."""
        return asdict(self)


def differences(kept: JsonObject | None, today: JsonObject | None) -> Differences:
    """How today's page differs from the kept one, in what was kept of it."""
    if kept is None or today is None:
        return Differences()
    sections = [name for name, part in kept.items() if today.get(name) != part]
    return Differences(
        same=not sections,
        sections=sections,
        figures=_apart(_figures(kept), _figures(today)),
        proposals=_apart(_proposed(kept), _proposed(today)),
    )


def _apart(kept: dict[str, JsonObject], today: dict[str, JsonObject]) -> list[JsonObject]:
    return [
        {"name": name, "says": one["says"], "kept": one["value"], "today": (today.get(name) or {}).get("value")}
        for name, one in kept.items()
        if (today.get(name) or {}).get("value") != one["value"]
    ]


def _figures(page: JsonObject) -> dict[str, JsonObject]:
    return {
        condition["figure"]: {"says": condition["says"], "value": condition["value"]}
        for row in page["proposals"]
        for band in row["bands"]
        for condition in band["conditions"]
    }


def _proposed(page: JsonObject) -> dict[str, JsonObject]:
    return {row["dimension"]: {"says": row["title"], "value": row["proposed"]} for row in page["proposals"]}
