"""One container's whole use, from its job to its end, the same over every engine: serve a tree or run a test."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from sandboxes.blame import Autopsy, EndReport, Evidence, Stop, blame
from sandboxes.limits import Limits
from sandboxes.messages import NotJson, Numbered, Record, Violation, strict_json, visible
from sandboxes.sandbox import (
    BadJob,
    ContainerVanished,
    EngineTimeout,
    Exchange,
    JsonObject,
    LauncherFailed,
    RunEnd,
    TestRun,
)
from sandboxes.wire import ANSWER, CHILD, END, FACTS, JOB, READY, STOP, TREE, Closed, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Ask

START_SECONDS = 30.0  # from the container's start to its launcher's first word
_INPUT_SECONDS = 15.0
_LAST_WORDS_SECONDS = 2.0


class Box(Protocol):
    """One single-use container whose launcher runs, or is about to."""

    @property
    def name(self) -> str:
        """An opaque id."""

    @property
    def wire(self) -> Wire:
        """Its standard streams."""

    def autopsy(self) -> Autopsy:
        """What the engine says of its end; waits a little for the engine to notice.

        Raises:
            SandboxFault: the engine could not be asked.
        """

    def discard(self) -> None:
        """Kill and remove it. Never raises and never waits for submitted code."""


def await_ready(box: Box, *, within_s: float = START_SECONDS) -> JsonObject:
    """Wait for the launcher's first word, and return what it says about itself.

    Raises:
        EngineTimeout: it did not come.
        LauncherFailed: something else came, or the container ended.
    """
    try:
        frame = box.wire.receive(until=time.monotonic() + within_s)
    except Closed:
        stderr = bytes(box.wire.stderr).decode("utf-8", "replace")
        _, why = blame(Evidence(None, box.autopsy(), stderr=stderr), Limits())
        raise LauncherFailed(f"A sandbox ended before it had anything to run: {why}") from None
    if frame is None:
        raise EngineTimeout(f"A sandbox was not ready within {within_s:g} seconds of its start.")
    if frame.kind != READY:
        raise LauncherFailed("A sandbox's first word was not that it is ready.")
    said: JsonObject = json.loads(frame.payload)
    return said


def _begin(box: Box, mode: str, tree: Tree, limits: Limits, facts: bytes | None, *, ready: bool) -> Numbered:
    """Give the launcher its job; the input waits in the pipe if the launcher is still starting."""
    archive = tree.to_tar()
    content = sum(map(len, tree.files.values()))
    if content > limits.tree_bytes:
        raise BadJob(f"A tree of {content} bytes is over the {limits.says('tree_bytes')}.")
    nonce = secrets.token_hex(8)
    job = {
        "mode": mode,
        "nonce": nonce,
        "cpu_seconds": limits.cpu_seconds,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "output_bytes": limits.output_bytes,
        "output_tail_bytes": limits.output_tail_bytes,
        "frames": limits.frames,
        "frame_bytes": limits.frame_bytes,
        "relay_bytes": limits.relay_bytes,
        "reply_bytes": limits.reply_bytes,
        "message_bytes": limits.message_bytes,
    }
    box.wire.send(JOB, json.dumps(job).encode(), within_s=_INPUT_SECONDS)
    box.wire.send(TREE, archive, within_s=_INPUT_SECONDS)
    if facts is not None:
        box.wire.send(FACTS, facts, within_s=_INPUT_SECONDS)
    if not ready:
        await_ready(box)
    return Numbered(nonce, limits)


class _Ending:
    """Collects the evidence of one run's end and hands it to `blame`."""

    def __init__(self, box: Box, limits: Limits) -> None:
        self._box = box
        self._limits = limits
        self.report: EndReport | None = None
        self.stop: Stop | None = None
        self.words = ""

    def take_report(self, payload: bytes) -> None:
        """Note the launcher's last message."""
        said = json.loads(payload)
        self.report = EndReport(
            exit_code=said["exit"],
            signal=said["signal"],
            cpu_seconds=said["cpu"],
            oom_kills=said["oom_kills"],
            stopped_for=said["stopped_for"],
            tail=visible(said["tail"], self._limits.output_tail_bytes),
        )

    def ask_for_last_words(self) -> None:
        """Have the launcher stop the child and report, for the sake of what was printed; else do without."""
        until = time.monotonic() + _LAST_WORDS_SECONDS
        try:
            self._box.wire.send(STOP, b"", within_s=_LAST_WORDS_SECONDS)
            while self.report is None:
                frame = self._box.wire.receive(until=until)
                if frame is None:
                    return
                if frame.kind == END:
                    self.take_report(frame.payload)
        except (Closed, ContainerVanished, EngineTimeout):
            return

    def decide(self, *, done: bool = False, unfinished: bool = False) -> tuple[RunEnd, str]:
        """How it ended and why; asks the engine only where the launcher's word is not enough."""
        told = self.report is not None and self.report.oom_kills is not None
        autopsy = Autopsy(found=True) if told or self.stop is not None else self._box.autopsy()
        evidence = Evidence(
            report=self.report,
            autopsy=autopsy,
            stop=self.stop,
            done=done,
            unfinished=unfinished,
            words=self.words,
            stderr=bytes(self._box.wire.stderr).decode("utf-8", "replace"),
        )
        return blame(evidence, self._limits)


# Running a test -----------------------------------------------------------------------------------------------


def run_test_in(box: Box, test: Tree, *, facts: bytes, ask: Ask, limits: Limits, ready: bool = False) -> TestRun:
    """Run a test to its end in `box`; the caller discards the box.

    1. Give it the test and the facts; the clock starts when its launcher is ready.
    2. Note what it says about its tests; put its questions to `ask`.
    3. Stop at the first contradiction, limit, or the end of its time; else at the launcher's last message.
    4. Decide from outside how it ended.

    Raises:
        SandboxFault: the run could not be made.
    """
    messages = _begin(box, "test", test, limits, facts, ready=ready)
    began = time.monotonic()
    record = Record(limits)
    ending = _Ending(box, limits)
    exchanges: list[Exchange] = []
    try:
        while ending.report is None and ending.stop is None:
            frame = box.wire.receive(until=began + limits.wall_seconds)
            if frame is None:
                ending.stop = Stop.wall
            elif frame.kind == END:
                ending.take_report(frame.payload)
            elif frame.kind == CHILD:
                message = messages.read(frame.payload)
                if message.get("kind") == "ask":
                    ending.stop = _answer(box, message, exchanges, ask, limits)
                else:
                    record.take(message)
                    if record.announced > limits.nodes:
                        ending.stop = Stop.nodes
            else:
                raise LauncherFailed("A launcher sent a message of no known kind.")
    except Violation as violation:
        ending.stop, ending.words = Stop.violation, str(violation)
    except Closed:
        pass
    seconds = time.monotonic() - began
    if ending.stop is not None:
        ending.ask_for_last_words()
    ended, why = ending.decide(done=record.done, unfinished=record.unfinished)
    return TestRun(
        ended=ended,
        nodes=record.nodes(),
        exchanges=tuple(exchanges),
        output_tail=ending.report.tail if ending.report else "",
        seconds=seconds,
        container=box.name,
        why=why,
    )


def _answer(box: Box, message: JsonObject, exchanges: list[Exchange], ask: Ask, limits: Limits) -> Stop | None:
    """Put a test's question to the tree under test and send the answer back."""
    question, session = message.get("question"), message.get("session")
    if len(exchanges) >= limits.questions:
        return Stop.questions
    if not isinstance(question, str) or not isinstance(session, str):
        exchange = Exchange("", "", None, "a question and its session must be text", 0.0)
    elif len(question.encode("utf-8", "replace")) + len(session.encode("utf-8", "replace")) > limits.question_bytes:
        exchange = Exchange(
            visible(question[:200], 200), "", None, f"the question is over the {limits.says('question_bytes')}", 0.0
        )
    else:
        exchange = ask(question, session)
    exchanges.append(exchange)
    answer = {"reply": exchange.reply, "fault": exchange.fault}
    _send_answer(box, answer)
    return None


def _send_answer(box: Box, answer: JsonObject) -> None:
    # A child that has just died takes the pipe with it; the next message read from the box says so.
    with suppress(ContainerVanished):
        box.wire.send(ANSWER, json.dumps(answer).encode(), within_s=_INPUT_SECONDS)


# Serving a tree -----------------------------------------------------------------------------------------------


@contextmanager
def serve_in(box: Box, tree: Tree, *, limits: Limits, ready: bool = False) -> Iterator[ServedTree]:
    """Start `tree` in `box` and let it answer for as long as the block runs; the caller discards the box.

    Raises:
        SandboxFault: it could not be started.
    """
    yield ServedTree(box, _begin(box, "serve", tree, limits, None, ready=ready), limits)


class ServedTree:
    """A started tree: at most one question at a time; once it has ended every question says how."""

    def __init__(self, box: Box, messages: Numbered, limits: Limits) -> None:
        self._box = box
        self._messages = messages
        self._limits = limits
        self._ending = _Ending(box, limits)
        self._began = time.monotonic()
        self._loaded = False
        self._load_error: str | None = None
        self._ended: RunEnd | None = None
        self._why = ""
        self._asked = 0

    @property
    def ended(self) -> RunEnd | None:
        """How it died, if it died."""
        return self._ended

    @property
    def why(self) -> str:
        """What `ended` rests on."""
        return self._why

    @property
    def cpu_seconds(self) -> float:
        """What it used of the processor by the launcher's last message; 0.0 while there is none."""
        return self._ending.report.cpu_seconds if self._ending.report is not None else 0.0

    @property
    def load_error(self) -> str | None:
        """Why the tree could not be loaded, or None; waits until that is known."""
        self._await_load()
        return self._load_error

    def ask(self, question: str, *, session: str = "") -> Exchange:
        """Put one question; see `sandboxes.sandbox.Served`."""
        self._await_load()
        began = time.monotonic()
        reply: JsonObject | None = None
        fault: str | None = None
        if self._load_error is not None:
            fault = f"the assistant could not be loaded: {self._load_error}"
        elif self._ended is None:
            self._asked += 1
            asked = {"id": self._asked, "question": question, "session": session}
            _send_answer(self._box, asked)
            message = self._next(Stop.answer, began + self._limits.answer_seconds)
            if message is not None:
                reply, fault = self._read_reply(message)
        if self._ended is not None:
            fault = f"the assistant has ended ({self._ended}): {self._why}"
        return Exchange(question, session, None if fault else reply, fault, time.monotonic() - began)

    def _await_load(self) -> None:
        if self._loaded or self._ended is not None:
            return
        message = self._next(Stop.load, self._began + self._limits.load_seconds)
        if message is None:
            return
        self._loaded = True
        match message:
            case {"kind": "loaded"}:
                pass
            case {"kind": "load_error", "error": str(error)}:
                self._load_error = visible(error, self._limits.message_bytes)
            case _:
                self._violated("it answers before it is loaded")

    def _read_reply(self, message: JsonObject) -> tuple[JsonObject | None, str | None]:
        match message:
            case {"kind": "raised", "id": self._asked, "error": str(error)}:
                return None, visible(error, self._limits.message_bytes)
            case {"kind": "reply", "id": self._asked, "reply": str(text)}:
                if len(text) > self._limits.reply_bytes:
                    return None, f"the reply is over the {self._limits.says('reply_bytes')}"
                try:
                    reply = strict_json(text, depth=self._limits.frame_depth)
                except NotJson as error:
                    return None, f"the reply cannot be used: {error}"
                return (reply, None) if isinstance(reply, dict) else (None, "the reply is not a dictionary")
            case _:
                self._violated("an answer belongs to no question")
                return None, None

    def _next(self, late: Stop, until: float) -> JsonObject | None:
        """The child's next message; None once the tree has ended, which `ended` and `why` then tell."""
        last = self._began + self._limits.wall_seconds
        try:
            frame = self._box.wire.receive(until=min(until, last))
            if frame is None:
                self._end(late if until <= last else Stop.wall)
            elif frame.kind == CHILD:
                return self._messages.read(frame.payload)
            elif frame.kind == END:
                self._ending.take_report(frame.payload)
                self._end()
            else:
                raise LauncherFailed("A launcher sent a message of no known kind.")
        except Violation as violation:
            self._violated(str(violation))
        except Closed:
            self._end()
        return None

    def _violated(self, words: str) -> None:
        self._ending.words = words
        self._end(Stop.violation)

    def _end(self, stop: Stop | None = None) -> None:
        self._ending.stop = stop
        if stop in {Stop.answer, Stop.load, Stop.wall}:
            self._ending.ask_for_last_words()  # whose time it was is told by the processor time it used
        self._ended, self._why = self._ending.decide()
        if stop is not None:
            self._box.wire.close()  # the launcher kills everything when its input closes
