"""Runs trees of OURS in this process, quickly and without any isolation: for the bots of this package, nothing else.

What was not named as trusted beforehand is refused, tests too: what somebody handed in belongs into a container. That
the cells come out as in containers is shown by a test of one class.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from grading.rehearsal import tests_of
from sandboxes.image.harness import AssistantFault, Reply
from sandboxes.sandbox import BadJob, Exchange, Health, NodeOutcome, NodeResult, RunEnd, TestRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exams.packs import Ask as AskTree
    from exams.packs import Pack
    from sandboxes.ingest.tree import Tree
    from sandboxes.limits import Limits
    from sandboxes.sandbox import Ask, JsonObject

_CODE = ("assistant/", "config.toml")  # what is run of a tree that is served; its documents are data
_TESTS = "tests/regression/"


class TrustedTrees:
    """Keeps the promise of `sandboxes.sandbox.Sandbox` for the pack's own trees and the bots' own tests."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._trusted: set[str] = set()
        self._known: dict[str, _Known] = {}

    def trust(self, *trees: Tree) -> None:
        """Name trees that are ours: their code, and the tests in them, may be run."""
        for tree in trees:
            self._trusted |= {_digest(tree, _CODE), _digest(tree, (_TESTS,))}

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[TrustedServed]:  # noqa: ARG002 - nothing is limited
        """See `sandboxes.sandbox.Sandbox.serve`."""
        self._require(tree, _CODE)
        known = self._known.setdefault(tree.sha256, _Known())
        with ExitStack() as stack:
            yield TrustedServed(lambda: stack.enter_context(self._pack.opened(tree)), known)

    def run_test(self, test: Tree, *, facts: bytes, ask: Ask, limits: Limits) -> TestRun:
        """See `sandboxes.sandbox.Sandbox.run_test`."""
        self._require(test, (_TESTS,))
        began = time.perf_counter()
        exchanges: list[Exchange] = []

        def put(question: str, session: str = "") -> Reply:
            if len(exchanges) >= limits.questions:
                raise BadJob(f"A container takes {limits.questions} questions of one test; this one asks more.")
            exchanges.append(ask(question, session))
            if exchanges[-1].reply is None:
                raise AssistantFault(exchanges[-1].fault)
            return Reply(exchanges[-1].reply)

        nodes = []
        for number, (path, name, function, values) in enumerate(tests_of(test)):
            case = f"[{number}]" if values else ""
            outcome, said = _outcome(function, {"ask": put, "facts": json.loads(facts), **values})
            nodes.append(NodeResult(f"{path}::{name}{case}", outcome, said, 0.0))
        took = time.perf_counter() - began
        return TestRun(RunEnd.completed, tuple(nodes), tuple(exchanges), "", took, container="this process")

    def health(self) -> Health:
        """Always able, and says that it does not isolate."""
        return Health(reachable=True, image_present=True, isolates=False)

    def sweep(self, *, older_than_s: float) -> int:  # noqa: ARG002 - part of the promise
        """There is nothing to remove."""
        return 0

    def provenance(self) -> JsonObject:
        """Says that a verdict made here is a rehearsal."""
        return {"sandbox": "trusted trees in this process", "isolates": False}

    def close(self) -> None:
        """Nothing is kept ready."""

    def _require(self, tree: Tree, prefixes: tuple[str, ...]) -> None:
        if _digest(tree, prefixes) not in self._trusted:
            raise BadJob("This tree was not named as one of ours, so it is not run outside a container.")


@dataclass
class _Known:
    """What a tree answered last, and to whatever it was asked then: ours answer the same each time."""

    answer: Exchange | None = None
    then: dict[tuple[str, str], _Known] = field(default_factory=dict)
    load_error: str | None = None


class TrustedServed:
    """A tree of ours that answers in this process; it is started for what is not known of it yet."""

    ended: RunEnd | None = None
    why = ""
    cpu_seconds = 0.0

    def __init__(self, start: Callable[[], AskTree], known: _Known) -> None:
        self._start = start
        self._put: AskTree | None = None
        self._root = self._known = known
        self._asked: list[tuple[str, str]] = []

    @property
    def load_error(self) -> str | None:
        """Why it could not be started; it is tried if nothing is known of it."""
        if self._put is None and not self._root.then:
            self._begin()
        return self._root.load_error

    def ask(self, question: str, *, session: str = "") -> Exchange:
        """Put one question; the reply comes back as it would over a wire."""
        said = self._known.then.get((question, session))
        if said is None:
            said = self._known.then[question, session] = _Known(self._answer(question, session))
        self._asked.append((question, session))
        self._known = said
        assert said.answer is not None  # noqa: S101 - only the root has none
        return said.answer

    def _answer(self, question: str, session: str) -> Exchange:
        put = self._put or self._begin()
        if put is None:
            return Exchange(question, session, None, self._root.load_error, 0.0)
        try:
            reply = json.loads(json.dumps(put(question, session), allow_nan=False))
        except Exception as error:  # noqa: BLE001 - whatever the tree raises is its answer
            return Exchange(question, session, None, f"{type(error).__name__}: {error}", 0.0)
        return Exchange(question, session, reply, None, 0.0)

    def _begin(self) -> AskTree | None:
        """Start it and bring it to where it is known to be."""
        try:
            self._put = self._start()
        except Exception as error:  # noqa: BLE001 - whatever a tree raises while it is loaded is its own
            self._root.load_error = f"{type(error).__name__}: {error}"
            return None
        for question, session in self._asked:
            with suppress(Exception):
                self._put(question, session)
        return self._put


def _outcome(function: Callable[..., None], values: JsonObject) -> tuple[NodeOutcome, str]:
    try:
        function(**values)
    except BadJob:
        raise
    except (AssertionError, pytest.fail.Exception) as failed:
        return NodeOutcome.failed_assert, str(failed)
    except Exception as raised:  # noqa: BLE001 - whatever a test raises is how it ended
        return NodeOutcome.failed_raise, f"{type(raised).__name__}: {raised}"
    return NodeOutcome.passed, ""


def _digest(tree: Tree, prefixes: tuple[str, ...]) -> str:
    """What is run of a tree, as one word."""
    code = [(path, content) for path, content in sorted(tree.files.items()) if path.startswith(prefixes)]
    found = hashlib.sha256(repr(prefixes).encode())
    for path, content in code:
        found.update(f"{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
