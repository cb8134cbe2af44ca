"""Runs a test in a container and puts its questions to the tree under test, until one limit or the other ends it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandboxes.blame import Stop
from sandboxes.conversation.box import begin, send_answer
from sandboxes.conversation.ending import Ending
from sandboxes.messages import Record, Violation, visible
from sandboxes.sandbox import Exchange, JsonObject, LauncherFailed, TestRun
from sandboxes.wire import CHILD, END, Closed

if TYPE_CHECKING:
    from sandboxes.conversation.box import Box
    from sandboxes.ingest.tree import Tree
    from sandboxes.limits import Limits
    from sandboxes.sandbox import Ask


def run_test_in(box: Box, test: Tree, *, facts: bytes, ask: Ask, limits: Limits, ready: bool = False) -> TestRun:
    """Run a test to its end in `box`; the caller discards the box.

    1. Give it the test and the facts; the clock starts when its launcher is ready.
    2. Note what it says about its tests; put its questions to `ask`.
    3. Stop at the first contradiction, limit, or the end of its time; else at the launcher's last message.
    4. Decide from outside how it ended.

    Raises:
        SandboxFault: the run could not be made.
    """
    messages = begin(box, "test", test, limits, facts, ready=ready)
    began = time.monotonic()
    record = Record(limits)
    ending = Ending(box, limits)
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
    send_answer(box, answer)
    return None
