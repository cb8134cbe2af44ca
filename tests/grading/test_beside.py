"""What is done in a thread beside a `with` block."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from grading.beside import Beside

if TYPE_CHECKING:
    import pytest

PATIENCE = 30.0  # on the slowest machine


class Counting(Beside):
    """Fails the first time, and waits in the second until it is let go."""

    def __init__(self) -> None:
        super().__init__(every=0.001, name="counting")
        self.calls = 0
        self.ended = False
        self.second, self.let_go = threading.Event(), threading.Event()

    def again(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise ValueError("the first never works")
        self.second.set()
        assert self.let_go.wait(PATIENCE)
        self.ended = True


def test_an_error_is_logged_and_the_next_call_made_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    with Counting() as counting:
        assert counting.second.wait(PATIENCE)
        counting.let_go.set()
    assert "counting failed once and goes on" in caplog.text
    assert "the first never works" in caplog.text


def test_leaving_waits_for_a_call_under_way_and_leaving_again_does_nothing() -> None:
    with Counting() as counting:
        assert counting.second.wait(PATIENCE)
        threading.Timer(0.1, counting.let_go.set).start()
    assert counting.ended
    calls = counting.calls
    counting.__exit__(None, None, None)
    assert counting.calls == calls
