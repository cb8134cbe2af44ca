"""The API's description: valid, without a warning, and every input in it has an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.core.management import call_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A list as the whole body: its longest length is checked, but the generator does not write it down.
BOUNDED_BY_ITS_LIST = {"PUT /api/v1/reviews/{review_id}/assertions/"}
_ENDED_BY_FORMAT = {"date-time", "uuid", "date", "binary", "email", "uri"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The description as it is published; a warning fails it."""
    file: Path = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    described: dict[str, Any] = yaml.safe_load(file.read_text())
    return described


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def test_every_call_says_that_refusals_are_problems(schema: dict[str, Any]) -> None:
    for name, operation in _operations(schema):
        assert "application/problem+json" in operation["responses"]["default"]["content"], name


def test_every_call_says_what_it_does_and_an_answer_of_a_named_shape(schema: dict[str, Any]) -> None:
    for name, operation in _operations(schema):
        assert operation.get("summary") or operation.get("description"), name
        for status, answer in operation["responses"].items():
            assert status == "204" or answer.get("content"), f"{name} {status}"


def _unbounded(shape: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    """Inputs that could be of any size."""
    if "$ref" in shape:
        shape = schema["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]]
    for part in (*shape.get("allOf", []), *shape.get("oneOf", []), *shape.get("anyOf", [])):
        yield from _unbounded(part, schema, where)
    kinds = shape.get("type", "")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "string" and "enum" not in shape and shape.get("format") not in _ENDED_BY_FORMAT:
        if "maxLength" not in shape and "pattern" not in shape:
            yield where
    elif kind == "array":
        if "maxItems" not in shape:
            yield where
        yield from _unbounded(shape["items"], schema, f"{where}[]")
    elif kind in {"integer", "number"} and "maximum" not in shape:
        yield where
    for name, inner in shape.get("properties", {}).items():
        if not inner.get("readOnly"):
            yield from _unbounded(inner, schema, f"{where}.{name}")


def test_every_input_has_an_end(schema: dict[str, Any]) -> None:
    endless = []
    for name, operation in _operations(schema):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            endless += list(_unbounded(content.get("schema", {}), schema, name))
    assert [place for place in endless if place not in BOUNDED_BY_ITS_LIST] == []
