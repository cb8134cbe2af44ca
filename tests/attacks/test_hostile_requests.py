"""Every call of the API, by its own description, with hostile input: no crash, no HTML, a problem that says why."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.conf import settings

from exams.database_clock import database_now
from exams.models import Question
from rubrics.models import Review
from tests.attempts import live_attempt
from tests.people import Cast, client_of
from tests.work import save, uploaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.models import Attempt

pytestmark = pytest.mark.django_db

Json = Any
SCHEMA = yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "api" / "openapi.yaml").read_text())
WRITES = ("post", "put", "patch", "delete")

# As JSON text, since some of it has no Python value.
VALUES = {
    "null": "null",
    "true": "true",
    "huge whole number": "9" * 400,
    "negative": "-1",
    "beyond 64 bits": str(2**63),
    "not a number": "NaN",
    "infinity": "-Infinity",
    "overflowing": "1e999",
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "control characters": '"\\u0001\\u001b[31m\\u202e"',
    "empty": '""',
    "spaces": '"   "',
    "long": json.dumps("x" * 200_000),
    "wide characters": json.dumps("\U0001f4a5" * 5_000),
    "list": "[]",
    "long list": json.dumps(["x"] * 30_000),
    "list of everything": '[null, true, 1, "x", {}, [], NaN]',
    "object": "{}",
    "object with odd keys": '{"\\u0000": 1, "__proto__": 2, "": 3}',
    "deep": "[" * 300 + "]" * 300,
    "deeper than can be read": "[" * 100_000 + "]" * 100_000,
    "SQL": '"\' OR 1=1; --"',
    "path": '"../../etc/passwd"',
    "template": '"{{7*7}}${7*7}%s%n"',
    "far date": '"99999-01-01T00:00:00Z"',
    "first date": '"0001-01-01T00:00:00+14:00"',
}
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "two documents": b"{}{}",
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "BOM": b"\xef\xbb\xbf{}",
    "NUL bytes": b"\x00" * 10,
    "a list": b"[]",
    "a number": b"1",
    "a text": b'"x"',
    "null": b"null",
    "duplicate keys": b'{"text": "a", "text": "b", "reason": "a", "reason": {}}',
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "larger than is taken": b'{"text": "' + b"x" * 1_100_000 + b'"}',
    "many keys": json.dumps({str(number): number for number in range(50_000)}).encode(),
    "huge number": b'{"score": ' + b"9" * 10_000 + b"}",
}
TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json; charset=klingon",
    "",
    "\x7f",
]
QUERIES = {
    "cursor": [
        "x",
        "%00",
        "cD0%3D",
        "cD0yMDI2LTA5",
        "cj0xJnA9JTAw",
        "bz05OTk5OTk5OTk5OTk5OTk5OTk5",
        "x" * 5_000,
        "%ff",
    ],
    "page_size": ["0", "-1", "9" * 400, "NaN", "x", "%00", "1e3"],
    "after": ["-1", "9" * 400, "x", "%00", ""],
    "before": ["-1", "0", "9" * 400, "x", "%00"],
    "version": ["-1", "0", "9" * 400, "x", "%00"],
    "state": ["%00", "x" * 5_000, "%ff", "open&state=claimed"],
    "ticket": ["%00", "x" * 5_000, "%ff"],
}
KEYS = ["", " ", "x" * 201, "x" * 9_000, "a\x01b", "é", "\x7f", ",", "' OR 1=1"]
TAGS = ["", "*", '"-1"', '"9999999999999999999"', "W/", '"x"', '"' + "9" * 5_000 + '"', "\x01", '"1", "2"']
PLACES = {
    "attempt_id": ["00000000-0000-0000-0000-000000000000", "x", "%00", "..", "9" * 400],
    "number": ["0", "-1", "9" * 400, "x", "%00", "99999"],
    "deliverable": ["x", "%00", "x" * 500, "..", "no-such"],
    "stage_key": ["x", "%00", "x" * 500, "no-such"],
    "slug": ["x", "%00", "x" * 500, "no-such"],
    "dimension": ["x", "%00", "x" * 500],
}


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Ada's live attempt with something of each kind in it."""
    attempt = live_attempt(cast.learner)
    now = database_now()
    save(attempt, "diagnosis", "the retriever", at=now)
    uploaded(attempt, b"PK", at=now)
    Question.objects.create(attempt=attempt, number=1, text="What is the late fee?", received_at=now)
    Review.objects.create(attempt=attempt, rubric=attempt.twin.rubric, opened_at=now, waiting_since=now)
    return attempt


def places(attempt: Attempt) -> dict[str, str]:
    """What stands for each placeholder of an address when it is right."""
    return {
        "attempt_id": str(attempt.pk),
        "upload_id": str(attempt.uploads.get().pk),
        "run_id": "00000000-0000-0000-0000-000000000000",
        "review_id": str(attempt.reviews.get().pk),
        "late_write_id": "00000000-0000-0000-0000-000000000000",
        "deliverable": "diagnosis",
        "stage_key": "live",
        "dimension": "communication",
        "slug": attempt.twin_slug,
        "number": "1",
    }


def operations(*methods: str) -> list[tuple[str, str]]:
    return [(method, path) for path, said in SCHEMA["paths"].items() for method in said if method in methods]


def resolved(shape: dict[str, Json]) -> dict[str, Json]:
    while "$ref" in shape or "allOf" in shape:
        shape = (
            shape["allOf"][0] if "allOf" in shape else SCHEMA["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        )
    return shape


def example(shape: dict[str, Json]) -> Json:
    """Something that the description says would be taken."""
    shape = resolved(shape)
    if "oneOf" in shape:
        return example(shape["oneOf"][0])
    if shape.get("type") == "object":
        return {key: example(each) for key, each in shape.get("properties", {}).items()}
    if shape.get("type") == "array":
        return [example(shape["items"])]
    of_type = {"integer": shape.get("minimum", 1), "number": 1, "boolean": True, "string": "some words"}
    of_format = {"date-time": "2026-01-01T00:00:00Z"}
    return (
        shape.get("enum", [None])[0] or of_format.get(shape.get("format", "")) or of_type.get(shape.get("type", ""), {})
    )


def body_of(method: str, path: str) -> Json:
    said = SCHEMA["paths"][path][method].get("requestBody", {}).get("content", {}).get("application/json")
    return example(said["schema"]) if said else None


def spots(value: Json, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Each place in a body into which something else can be put."""
    if where:
        yield where
    items: list[tuple[str | int, Json]] = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, inner in items:
        yield from spots(inner, (*where, key))


def put(value: Json, where: tuple[str | int, ...], text: str) -> str:
    """The body as text, with a piece of text instead of what is at a place in it."""
    marker = "\u2603 here"
    copy = json.loads(json.dumps(value))
    held = copy
    for step in where[:-1]:
        held = held[step]
    held[where[-1]] = marker
    return json.dumps(copy, ensure_ascii=False).replace(json.dumps(marker, ensure_ascii=False), text)


def check(answer: Any, what: str) -> None:
    """No crash, and what is refused is refused as a problem."""
    if answer.streaming:
        b"".join(answer)  # read to its end, as a client would
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.content[:300]!r}"
    if answer.status_code < 400:
        if not answer.streaming and answer.content and answer["Content-Type"].startswith("application/json"):
            json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{what}: {word} in an answer"))
        return
    assert answer["Content-Type"] == "application/problem+json", f"{what}: {answer['Content-Type']}"
    told = json.loads(answer.content)
    assert told["type"].startswith("/problems/"), what
    assert told["detail"].strip(), what
    assert len(answer.content) < 20_000 or told["type"] == "/problems/stale-draft", f"{what}: it repeats what was sent"


@pytest.fixture
def people(cast: Cast) -> dict[str, Any]:
    """Who asks; a crash is an answer here, so that it can be told from which request it came."""
    clients = {"learner": client_of(cast.learner), "mentor": client_of(cast.mentor), "admin": client_of(cast.admin)}
    for client in clients.values():
        client.raise_request_exception = False
    return clients


def owners(path: str) -> tuple[str, ...]:
    if "/reviews/" in path:
        return ("mentor", "admin")
    return ("admin",) if "/late-writes/" in path or path.endswith("/void/") else ("learner",)


@pytest.mark.parametrize(("method", "path"), operations(*WRITES))
def test_the_worst_of_it(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    body, address = body_of(method, path), path.format(**places(attempt))
    worst = [BODIES["deep object"], BODIES["a list"], BODIES["not UTF-8"]]
    worst += [put(body, where, VALUES[name]).encode() for where in spots(body) for name in ("half a character", "long")]
    for who in owners(path):
        for sent in worst:
            answer = people[who].generic(
                method, address, sent, content_type="application/json", headers={"If-Match": '"1"'}
            )
            check(answer, f"{who} {method} {path}: {sent[:60]!r}")


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), operations(*WRITES))
def test_hostile_values_in_every_field(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    body = body_of(method, path)
    address = path.format(**places(attempt))
    for who in owners(path):
        if "/reviews/" in path and who == "mentor":
            people[who].post(f"/api/v1/reviews/{attempt.reviews.get().pk}/claim/", {})
        for where in spots(body) if body is not None else ():
            for name, text in VALUES.items():
                answer = people[who].generic(
                    method,
                    address,
                    put(body, where, text),
                    content_type="application/json",
                    headers={"If-Match": '"1"'},
                )
                check(answer, f"{who} {method} {path} {'.'.join(map(str, where))} = {name}")


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), operations(*WRITES))
def test_hostile_bodies_types_keys_and_tags(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    address = path.format(**places(attempt))
    fine = json.dumps(body_of(method, path) or {})
    for who in owners(path):

        def send(
            what: str, body: bytes | str, kind: str = "application/json", *, by: str = who, **headers: str
        ) -> None:
            answer = people[by].generic(method, address, body, content_type=kind, headers={"If-Match": '"1"'} | headers)
            check(answer, f"{by} {method} {path}: {what}")

        for name, body in BODIES.items():
            send(name, body)
            send(f"{name} with a key", body, **{"Idempotency-Key": name})
        for kind in TYPES:
            send(f"type {kind!r}", b"a=b", kind)
        for key in KEYS:
            send(f"key {key[:20]!r}", fine, **{"Idempotency-Key": key})
        for tag in TAGS:
            send(f"tag {tag[:20]!r}", fine, **{"If-Match": tag})
            send(f"none tag {tag[:20]!r}", fine, **{"If-None-Match": tag})


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), operations("get"))
def test_hostile_queries(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    address = path.format(**places(attempt))
    for who, client in people.items():
        for name, values in QUERIES.items():
            for value in values:
                check(client.generic(method, f"{address}?{name}={value}"), f"{who} {path}?{name}={value[:30]}")
        check(client.generic(method, f"{address}?{'&'.join(f'a{n}=1' for n in range(2_000))}"), f"{path} many fields")
        check(client.generic(method, address, headers={"Accept": "text/html"}), f"{path} as HTML")
        check(client.generic(method, address, headers={"Accept": "/;q=x"}), f"{path} as nonsense")


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), operations("get", *WRITES))
def test_hostile_addresses(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    right = places(attempt)
    for placeholder in [name for name in right if "{" + name + "}" in path]:
        for value in PLACES.get(placeholder, PLACES["attempt_id"]):
            address = path.format(**right | {placeholder: value})
            for who, client in people.items():
                answer = client.generic(method, address, "{}", content_type="application/json")
                check(answer, f"{who} {method} {path} with {placeholder} = {value[:30]}")


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), operations("get", *WRITES))
def test_methods_that_are_not_there(attempt: Attempt, people: dict[str, Any], method: str, path: str) -> None:
    address = path.format(**places(attempt))
    for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - {
        each.upper() for each in SCHEMA["paths"][path]
    }:
        answer = people["admin"].generic(other, address, "{}", content_type="application/json")
        check(answer, f"{other} {path}")
        assert answer.status_code in {403, 404, 405}, f"{other} {path}: {answer.status_code}"
    assert method.upper() in people["admin"].options(address).headers.get("Allow", method.upper())


@pytest.mark.parametrize(
    "header", ["Token", "Token ", "Token x y", "Token " + "x" * 9_000, "Basic !!", "\x01", "Token é", "Token a\x00b"]
)
def test_hostile_authorisation(header: str) -> None:
    answer = client_of().get("/api/v1/me/", headers={"Authorization": header})
    check(answer, header[:20])
    assert answer.status_code == 401


def test_the_tables_are_what_they_say() -> None:
    assert math.isinf(json.loads(VALUES["overflowing"]))
    assert len(operations(*WRITES)) >= 20
