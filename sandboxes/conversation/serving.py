"""Serves a tree in a container: it is loaded once and asked one question at a time, until it or the block ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandboxes.blame import Stop
from sandboxes.conversation.box import begin, send_answer
from sandboxes.conversation.ending import Ending
from sandboxes.messages import NotJson, Numbered, Violation, strict_json, visible
from sandboxes.sandbox import Exchange, JsonObject, LauncherFailed, RunEnd
from sandboxes.wire import CHILD, END, Closed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.conversation.box import Box
    from sandboxes.ingest.tree import Tree
    from sandboxes.limits import Limits


@contextmanager
def serve_in(box: Box, tree: Tree, *, limits: Limits, ready: bool = False) -> Iterator[ServedTree]:
    """Start `tree` in `box` and let it answer for as long as the block runs; the caller discards the box.

    Raises:
        SandboxFault: it could not be started.
    """
    yield ServedTree(box, begin(box, "serve", tree, limits, None, ready=ready), limits)


class ServedTree:
    """A started tree: at most one question at a time; once it has ended every question says how."""

    def __init__(self, box: Box, messages: Numbered, limits: Limits) -> None:
        self._box = box
        self._messages = messages
        self._limits = limits
        self._ending = Ending(box, limits)
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
            send_answer(self._box, asked)
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
