"""Adds to the API's description what holds for every call: refusals are problem documents."""

from __future__ import annotations

from typing import Any

from config.problem import PROBLEM_JSON

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `type` is stable and leads to a page that says what it means and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "example": "/problems/already-live"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Dotted path; empty for the body as a whole."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}


def with_problems(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """The description with a `default` answer, a problem, on every operation."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault(
                "default",
                {
                    "description": "A refusal.",
                    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            )
    return result
