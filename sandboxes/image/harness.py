"""What runs beside submitted code, in its process: the loop that answers questions, and the pytest that asks them.

Nothing here is believed. A test that rewrites this module can only change what is said about that same test, and it
cannot know which tree it is talking to; messages that contradict each other are found out by the platform.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import struct
import sys
import threading
import traceback
import unittest
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

# Modules that pytest, or a small numerical program, would otherwise first import in the middle of a run.
_WARM = (
    "_pytest.assertion.rewrite", "_pytest.assertion.util", "_pytest.assertion.truncate", "_pytest.config.findpaths",
    "_pytest.legacypath", "_pytest.logging", "_pytest.monkeypatch", "_pytest.pytester_assertions",
    "_pytest.python_api", "_pytest.raises", "_pytest.recwarn", "_pytest.reports", "_pytest.setuponly",
    "_pytest.setupplan", "_pytest.skipping", "_pytest.stash", "_pytest.stepwise", "_pytest.subtests",
    "_pytest.terminal", "_pytest.terminalprogress", "_pytest.threadexception", "_pytest.tmpdir",
    "_pytest.unittest", "_pytest.unraisableexception", "_pytest.warnings", "_pytest.debugging", "_pytest.capture",
    "_pytest.fixtures", "_pytest.python", "_pytest.doctest", "_pytest.freeze_support", "_pytest.helpconfig",
    "csv", "dataclasses", "datetime", "decimal", "difflib", "hashlib", "html", "itertools", "math", "queue",
    "random", "re", "shlex", "statistics", "string", "tempfile", "textwrap", "tomllib", "typing", "unicodedata",
    "unittest", "uuid", "zipfile",
)  # fmt: skip

_PYTEST_ARGUMENTS = (
    "--noconftest", "--capture=no", "--tb=short", "--color=no", "--no-header", "--no-summary", "-q",
    "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:junitxml", "-p", "no:pastebin",
    "-p", "no:doctest", "-p", "no:stepwise",
)  # fmt: skip
_TESTS = "tests/regression"
_LONGEST_NAME = 200


def warm_up() -> None:
    """Import ahead of time what every run would import."""
    for name in _WARM:
        with_missing_allowed(name)
    np.ones(2).dot(np.ones(2))


def with_missing_allowed(name: str) -> None:
    """Import a module if this version of its package has it."""
    try:
        importlib.import_module(name)
    except ImportError:
        return


def versions() -> dict[str, str]:
    """Versions of what submitted code may import."""
    return {"numpy": np.__version__, "pytest": pytest.__version__}


class Channel:
    """Numbered messages to the platform and its answers, over two pipes."""

    def __init__(self, job: dict[str, Any], *, answers: int, messages: int) -> None:
        self.job = job
        self._nonce = job["nonce"]
        self._answers = answers
        self._messages = messages
        self._sent = 0
        self._one_at_a_time = threading.RLock()

    def send(self, kind: str, **fields: Any) -> None:
        """Send one message."""
        with self._one_at_a_time:
            message = {"nonce": self._nonce, "number": self._sent, "kind": kind, **fields}
            self._sent += 1
            payload = json.dumps(message, allow_nan=False).encode()
            data = memoryview(struct.pack(">I", len(payload)) + payload)
            while data:
                data = data[os.write(self._messages, data) :]

    def receive(self) -> dict[str, Any]:
        """Wait for one message from the platform; without a platform there is nothing left to do."""
        (size,) = struct.unpack(">I", self._exactly(4))
        message: dict[str, Any] = json.loads(self._exactly(size))
        return message

    def ask(self, question: str, session: str) -> dict[str, Any]:
        """Ask the platform to put a question to the tree under test."""
        with self._one_at_a_time:
            self.send("ask", question=question, session=session)
            return self.receive()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            chunk = os.read(self._answers, size - len(data))
            if not chunk:
                os._exit(0)
            data += chunk
        return bytes(data)


# Serving a tree -----------------------------------------------------------------------------------------------


def serve(channel: Channel, tree: Path) -> None:
    """Load the assistant in `tree` and answer questions until told to stop."""
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    try:
        assistant = importlib.import_module("assistant.server").open_assistant(tree)
    except BaseException as error:  # noqa: BLE001 - submitted code may raise anything, SystemExit too
        channel.send("load_error", error=in_words(error, tree, channel.job["message_bytes"]))
        while True:
            channel.receive()
    channel.send("loaded")
    while True:
        asked = channel.receive()
        try:
            reply = assistant.reply({"question": asked["question"], "session": asked["session"]})
            text = json.dumps(reply, allow_nan=False)
            if len(text) > channel.job["reply_bytes"]:
                fault = f"the reply is longer than the limit of {channel.job['reply_bytes']} bytes"
                channel.send("raised", id=asked["id"], error=fault)
                continue
            if not isinstance(reply, dict):
                channel.send("raised", id=asked["id"], error="the reply is not a dictionary")
                continue
        except BaseException as error:  # noqa: BLE001
            channel.send("raised", id=asked["id"], error=in_words(error, tree, channel.job["message_bytes"]))
        else:
            channel.send("reply", id=asked["id"], reply=text)


def in_words(error: BaseException, tree: Path, most: int) -> str:
    """The error and the last places it came through, with paths as the learner knows them."""
    try:
        lines = traceback.format_exception(error, limit=-6)
        text = "".join(line for line in lines if __file__ not in line).replace(f"{tree}/", "")
    except Exception:  # noqa: BLE001 - an error whose own text raises
        text = type(error).__name__
    return text.strip()[-most:]


# Running a test -----------------------------------------------------------------------------------------------


class AssistantFault(RuntimeError):
    """The assistant under test did not answer: it raised, was too slow, or is gone."""


class Reply(dict[str, Any]):
    """What the assistant answered; also readable as a dictionary."""

    @property
    def text(self) -> str:
        """The answer as the customer reads it."""
        return str(self.get("text", ""))

    @property
    def citations(self) -> list[dict[str, Any]]:
        """The sentences it rests on: `{"document": id, "sentence": number}` each."""
        return list(self.get("citations", []))

    @property
    def documents(self) -> list[str]:
        """The documents that were retrieved, by id."""
        return list(self.get("documents", []))

    @property
    def refused(self) -> bool:
        """Whether it declined to answer."""
        return bool(self.get("refused", False))


class Examiner:
    """The pytest plugin: gives tests `ask` and `facts`, and tells the platform how each of them ended."""

    def __init__(self, channel: Channel, facts: bytes) -> None:
        self._channel = channel
        self._facts = facts
        self._most = channel.job["message_bytes"]
        self._outcome = ("absent", "")

    @pytest.fixture
    def ask(self) -> Any:
        """Put a question to the assistant under test: `ask(question, session="")`."""
        channel = self._channel

        def ask(question: str, session: str = "") -> Reply:
            answer = channel.ask(question, session)
            if answer["fault"] is not None:
                raise AssistantFault(answer["fault"])
            return Reply(answer["reply"])

        return ask

    @pytest.fixture
    def facts(self) -> Any:
        """The approved facts; each test has its own copy."""
        return json.loads(self._facts)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of a file that could not be read, or that asked to be skipped."""
        if report.failed:
            self._tell(report.nodeid or _TESTS, "error_collect", report.longreprtext)
        elif report.skipped:
            self._tell(report.nodeid or _TESTS, "skipped", str(report.longrepr))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Announce every test; only these may report an end."""
        names = [name(item.nodeid) for item in session.items]
        for start in range(0, len(names), 100):
            self._channel.send("collected", nodes=names[start : start + 100])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell that a test begins."""
        self._outcome = ("absent", "")
        self._channel.send("begin", node=name(nodeid))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep the word for each phase; a later phase only replaces what is not already a failure."""
        before = call.excinfo  # taken before anything that a test may have patched has seen it
        report = yield
        raised = before or call.excinfo  # unittest's own failures only come to light on the way
        word = outcome(report, raised)
        news = word != "passed" or call.when == "call"
        if news and self._outcome[0] in {"absent", "passed"}:
            self._outcome = (word, explanation(report, raised))
        return report

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell how a test ended."""
        self._tell(nodeid, *self._outcome)

    def _tell(self, node: str, word: str, message: str) -> None:
        self._channel.send("node", node=name(node), outcome=word, message=message[: self._most])


def name(node_id: str) -> str:
    """A test's name, shortened without becoming equal to another's."""
    if len(node_id) <= _LONGEST_NAME:
        return node_id
    return f"{node_id[:_LONGEST_NAME]}~{hashlib.sha256(node_id.encode('utf-8', 'replace')).hexdigest()[:16]}"


def outcome(report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None) -> str:
    """The platform's word for how one phase of a test ended."""
    if hasattr(report, "wasxfail"):
        return "xpassed" if raised is None else "xfailed"
    if raised is None:
        return "xpassed" if report.failed else "passed"  # pytest fails a strict xfail that passes by itself
    if raised.errisinstance((pytest.skip.Exception, unittest.SkipTest)):
        return "skipped"
    if report.when != "call":
        return f"error_{report.when}"
    asserted = raised.errisinstance((AssertionError, pytest.fail.Exception))
    return "failed_assert" if asserted else "failed_raise"


def explanation(report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None) -> str:
    """Why a phase failed, as pytest would print it."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[-1])
    return report.longreprtext or str(getattr(report, "wasxfail", "")) or (raised.exconly() if raised else "")


def test(channel: Channel, tree: Path, facts: bytes) -> None:
    """Run the regression tests in `tree` with pytest and report each.

    A test file's `pytest_plugins` and any conftest are left alone: the contract with the learner is `ask` and
    `facts`, here as on their own machine.
    """
    os.chdir(tree)
    settings = tree.parent / "pytest.ini"
    settings.write_text("[pytest]\n")
    os.utime(settings, (0, 0))
    if (tree / _TESTS).is_dir():
        arguments = [*_PYTEST_ARGUMENTS, "-c", str(settings), f"--rootdir={tree}", _TESTS]
        pytest.main(arguments, plugins=[Examiner(channel, facts), NoPlugins()])
    channel.send("done")
    os._exit(0)


test.__test__ = False  # type: ignore[attr-defined] # the module is no test module


class NoPlugins:
    """Keeps test modules from loading plugins of their own."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Ignore `pytest_plugins` from here on."""
        config.pluginmanager.consider_module = lambda mod: None  # type: ignore[method-assign] # noqa: ARG005
