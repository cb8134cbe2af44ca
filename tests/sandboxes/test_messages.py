"""Hostile messages, read without a container."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.limits import Limits
from sandboxes.messages import NotJson, Numbered, Record, Violation, strict_json, visible
from sandboxes.sandbox import NodeOutcome

A, B = "tests/regression/test_it.py::a", "tests/regression/test_it.py::b"


def numbered() -> Numbered:
    return Numbered("secret", Limits())


def message(number: Any, nonce: str = "secret", **fields: Any) -> bytes:
    return json.dumps({"nonce": nonce, "number": number, "kind": "done", **fields}).encode()


def node(name: str = A, outcome: str = "passed", words: Any = "") -> dict[str, Any]:
    return {"kind": "node", "node": name, "outcome": outcome, "message": words}


def record(*messages: dict[str, Any]) -> Record:
    made = Record(Limits(), clock=lambda: 1.0)
    for each in messages:
        made.take(each)
    return made


COLLECTED = {"kind": "collected", "nodes": [A, B]}
BEGIN_A = {"kind": "begin", "node": A}
DONE = {"kind": "done"}


def test_messages_in_order_are_read() -> None:
    reader = numbered()
    assert [reader.read(message(number))["number"] for number in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "payload",
    [
        message(1),
        message(-1),
        message(number=False),
        message("0"),
        message(None),
        message(0, nonce="other"),
        b"[]",
        b"null",
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"nonce": "secret"}',
        json.dumps({"nonce": "secret", "number": 0, "kind": json.loads("[" * 30 + "]" * 30)}).encode(),
    ],
)
def test_a_message_that_no_harness_sends_is_a_violation(payload: bytes) -> None:
    with pytest.raises(Violation):
        numbered().read(payload)


def test_a_message_sent_twice_is_a_violation() -> None:
    reader = numbered()
    reader.read(message(0))
    with pytest.raises(Violation, match="out of order"):
        reader.read(message(0))


@given(st.binary(max_size=200))
def test_no_bytes_are_worse_than_a_violation(payload: bytes) -> None:
    with pytest.raises(Violation):
        numbered().read(payload)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "[1e400]", "", "{", "'a'", "9" * 5000])
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        strict_json(text, depth=5)


@pytest.mark.parametrize("depth", [6, 500, 200_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(NotJson):
        strict_json("[" * depth + "]" * depth, depth=5)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert strict_json("[[[[[1]]]]]", depth=5) == [[[[[1]]]]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_storable_json_is_read_unchanged_or_cleaned(value: Any) -> None:
    text = json.dumps(value)
    read = strict_json(text, depth=50)
    if "\\u0000" not in text and "\\ud" not in text:
        assert read == value
    assert "\x00" not in json.dumps(read, ensure_ascii=False)
    json.dumps(read, ensure_ascii=False).encode()


@given(st.text())
def test_visible_text_has_no_control_characters(text: str) -> None:
    shown = visible(text, 10_000)
    assert not any(ord(character) < 32 and character not in "\t\n" for character in shown)
    assert "\u202e" not in shown
    shown.encode()


def test_visible_text_keeps_the_end() -> None:
    assert visible("start-end", 3) == "end"


def test_a_whole_run_is_recorded() -> None:
    made = record(COLLECTED, BEGIN_A, node(), {"kind": "begin", "node": B}, node(B, "failed_assert", "no"), DONE)
    assert [(each.node_id, each.outcome) for each in made.nodes()] == [
        (A, NodeOutcome.passed),
        (B, NodeOutcome.failed_assert),
    ]
    assert made.done
    assert not made.unfinished


def test_a_test_that_never_ended_is_absent() -> None:
    made = record(COLLECTED, BEGIN_A, DONE)
    assert {each.outcome for each in made.nodes()} == {NodeOutcome.absent}
    assert made.unfinished


def test_a_broken_file_excuses_the_tests_that_did_not_start() -> None:
    made = record(node("tests/regression/test_x.py", "error_collect"), COLLECTED, DONE)
    assert not made.unfinished
    assert [each.outcome for each in made.nodes()] == ["error_collect", "absent", "absent"]


@pytest.mark.parametrize(
    "messages",
    [
        [node()],
        [COLLECTED, node()],
        [COLLECTED, BEGIN_A, node(B)],
        [COLLECTED, BEGIN_A, node(), node()],
        [COLLECTED, BEGIN_A, node(), BEGIN_A],
        [COLLECTED, BEGIN_A, BEGIN_A],
        [COLLECTED, BEGIN_A, COLLECTED],
        [COLLECTED, COLLECTED],
        [{"kind": "collected", "nodes": [A, A]}],
        [{"kind": "collected", "nodes": "x"}],
        [{"kind": "collected", "nodes": [1]}],
        [{"kind": "collected", "nodes": [""]}],
        [{"kind": "collected", "nodes": ["x" * 5000]}],
        [BEGIN_A],
        [COLLECTED, BEGIN_A, node(outcome="absent")],
        [COLLECTED, BEGIN_A, node(outcome="excellent")],
        [COLLECTED, BEGIN_A, node(outcome=["passed"])],  # type: ignore[arg-type]
        [COLLECTED, BEGIN_A, node(words=None)],
        [node("tests/regression/test_x.py", "passed")],
        [DONE, DONE],
        [DONE, COLLECTED],
        [{"kind": "medal"}],
        [{}],
    ],
)
def test_messages_that_contradict_each_other_are_a_violation(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(Violation):
        record(*messages)


def test_time_is_measured_by_our_clock() -> None:
    times = iter([10.0, 12.5])
    made = Record(Limits(), clock=lambda: next(times))
    for each in (COLLECTED, BEGIN_A, node()):
        made.take(each)
    assert made.results[A].seconds == 2.5
