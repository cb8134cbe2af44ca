"""What a child may say, read as the hostile input it is: strict JSON, numbered, each test announced before it ends."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from sandboxes.sandbox import Json, JsonObject, NodeOutcome, NodeResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandboxes.limits import Limits

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_SAYABLE = frozenset(NodeOutcome) - {NodeOutcome.absent}
# What may be said of a file that never became a test, without having been announced.
_UNANNOUNCED = frozenset({NodeOutcome.error_collect, NodeOutcome.skipped})


class Violation(Exception):
    """A message no honest child sends; the text completes "The messages were interfered with: ..."."""


class NotJson(ValueError):
    """Text that is not strict JSON within the depth allowed; the message says why."""


def strict_json(text: bytes | str, *, depth: int) -> Json:
    """Parse JSON that a database and every client can take: finite numbers, storable text, bounded nesting.

    Characters no database stores (NUL, lone surrogates) become U+FFFD.

    Raises:
        NotJson: it is not JSON, or nested deeper than `depth`, or has a number that is not finite.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise NotJson(f"it is nested deeper than {depth} levels") from None
    except ValueError as error:
        raise NotJson(f"it is not JSON: {error}") from error
    return _storable(value, depth)


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson("a number is too large")
    return number


def _storable(value: Json, depth: int) -> Json:
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, (dict, list)) and depth == 0:
        raise NotJson("it is nested too deeply")
    if isinstance(value, dict):
        return {_storable(key, depth): _storable(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each, depth - 1) for each in value]
    return value


def visible(text: str, most: int) -> str:
    """Text safe to print and to store: control and direction characters are spelt out, and the end is kept."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)[-most:]


@dataclass
class Numbered:
    """Reads one child's messages: each must carry the run's nonce and the next number."""

    nonce: str
    limits: Limits
    _next: int = 0

    def read(self, payload: bytes) -> JsonObject:
        """The message, checked for shape.

        Raises:
            Violation: it is not one that the harness could have sent at this point.
        """
        try:
            message = strict_json(payload, depth=self.limits.frame_depth)
        except NotJson as error:
            raise Violation(f"one is malformed, {error}") from error
        if not isinstance(message, dict) or message.get("nonce") != self.nonce:
            raise Violation("one does not belong to this run")
        if message.get("number") != self._next or isinstance(message["number"], bool):
            raise Violation("one is out of order")
        self._next += 1
        return message


@dataclass
class Record:
    """What a test run has said so far: tests announced, begun, ended; contradictions raise `Violation`."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    done: bool = False
    results: dict[str, NodeResult] = field(default_factory=dict)
    _announced: dict[str, None] = field(default_factory=dict)
    _begun: str | None = None
    _began_at: float = 0.0

    @property
    def announced(self) -> int:
        """How many tests were found."""
        return len(self._announced)

    @property
    def unfinished(self) -> bool:
        """Whether a test that was found has not ended; one broken file keeps all from starting, by pytest's rule."""
        broken = any(result.outcome is NodeOutcome.error_collect for result in self.results.values())
        return not broken and any(name not in self.results for name in self._announced)

    def take(self, message: JsonObject) -> None:
        """Note one message that is not a question."""
        if self.done:
            raise Violation("one follows the last")
        match message.get("kind"):
            case "collected":
                self._collected(message)
            case "begin":
                self._begin(message)
            case "node":
                self._node(message)
            case "done":  # perhaps with a test still running: pytest can be stopped from inside
                self.done = True
            case _:
                raise Violation("one is of no known kind")

    def nodes(self) -> tuple[NodeResult, ...]:
        """Every result, and `absent` for each test that was found and never ended."""
        missing = (
            NodeResult(name, NodeOutcome.absent, "It was found but never ended.", 0.0)
            for name in self._announced
            if name not in self.results
        )
        return (*self.results.values(), *missing)

    def _collected(self, message: JsonObject) -> None:
        names = message.get("nodes")
        if not isinstance(names, list) or self._begun is not None:
            raise Violation("tests are announced at the wrong time")
        for each in names:
            name = self._name(each)
            if name in self._announced:
                raise Violation("a test is announced twice")
            self._announced[name] = None

    def _begin(self, message: JsonObject) -> None:
        name = self._name(message.get("node"))
        if self._begun is not None or name not in self._announced or name in self.results:
            raise Violation("a test begins that was not announced, or begins twice")
        self._begun, self._began_at = name, self.clock()

    def _node(self, message: JsonObject) -> None:
        name = self._name(message.get("node"))
        said, words = message.get("outcome"), message.get("message")
        if not isinstance(words, str):
            raise Violation("a test ends without words")
        if not isinstance(said, str) or said not in _SAYABLE:
            raise Violation("a test ends in no known way")
        outcome = NodeOutcome(said)
        loose = self._begun is None and name not in self._announced and outcome in _UNANNOUNCED
        if name in self.results or not (loose or name == self._begun):
            raise Violation("a test ends that did not begin, or ends twice")
        seconds = 0.0 if loose else self.clock() - self._began_at
        words = visible(words, self.limits.message_bytes)
        self.results[name] = NodeResult(name, outcome, words, seconds)
        self._begun = None

    def _name(self, value: Any) -> str:
        if not isinstance(value, str) or not value or len(value) > self.limits.node_id_bytes:
            raise Violation("a test has no name")
        return visible(value, self.limits.node_id_bytes)
