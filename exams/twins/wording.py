"""Turns the format's refusals into sentences an author can act on."""

from __future__ import annotations

import difflib
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from exams.twins.definition import Twin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

    from exams.twins.lines import Path


def faults(invalid: ValidationError) -> Iterator[tuple[Path, str]]:
    """Each refusal as (path in the document, sentence)."""
    errors = invalid.errors(include_url=False)
    for error in errors:
        path: Path = tuple(error["loc"])
        if error["type"] == "too_short" and any(_below(path, each["loc"]) for each in errors):
            continue  # it is short only of the entries that have faults of their own
        name = str(path[-1]) if path else TITLE
        match error["type"]:
            case "missing":
                yield path[:-1], f"{name!r} is missing"
            case "extra_forbidden":
                yield path, f"{name!r} is not a key of this table{did_you_mean(name, sorted(_fields(path[:-1])))}"
            case "value_error":
                yield path, f"{name}: {error['ctx']['error']}"
            case "literal_error":
                options = error["ctx"]["expected"]
                yield path, f"{name}: {error['input']!r} is not one of {options}"
            case "string_pattern_mismatch":
                yield path, f"{name}: {error['input']!r} does not have the form {error['ctx']['pattern']}"
            case _:
                yield path, f"{name}: {error['msg']} (it is {_short(error['input'])})"


def _below(path: Path, other: Path) -> bool:
    return len(other) > len(path) and other[: len(path)] == path


TITLE = "the document"


def did_you_mean(written: str, known: list[str]) -> str:
    """``; did you mean 'stages'?`` when something known is near, else the list."""
    near = difflib.get_close_matches(written, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - what fits on a line beside the sentence


def _fields(path: Path) -> set[str]:
    """The keys of the table at `path`."""
    model: type[BaseModel] | None = Twin
    for step in path:
        if isinstance(step, int):
            continue
        if model is None or step not in model.model_fields:
            return set()
        model = _model_in(model.model_fields[step].annotation)
    return set(model.model_fields) - {"brief_markdown", "content"} if model else set()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        if (found := _model_in(inner)) is not None:
            return found
    return None
