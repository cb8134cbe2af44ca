"""Whose time it was: a version that is slow or hangs fails by itself; a crowded machine makes none fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exams.models import DeploymentState
from grading.deploying import putting
from grading.deploying.yardstick import Yardstick
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, replayed
from tests.grading.test_deploying import SOON, claimed, outcomes, server

if TYPE_CHECKING:
    from exams.models import Attempt
    from sandboxes.fake_sandbox import FakeSandbox
    from tests.people import Cast

pytestmark = pytest.mark.django_db

S = DeploymentState
QUIET, CROWDED = 1.0, 0.02
SLOW = "import time\ntime.sleep(0.5)"
HANGS = "import time\ntime.sleep(1000)"


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    return live_attempt(cast.learner, started_at=NOON)


def machine(monkeypatch: pytest.MonkeyPatch, share: float, *, budget: float = 60.0, answer: float = 0.6) -> None:
    """A machine of which so much is to be had, and limits that a test need not wait for."""
    monkeypatch.setattr(Yardstick, "share", lambda _self, _since: share)
    monkeypatch.setattr(putting, "BUDGET_SECONDS", budget)
    monkeypatch.setattr(putting, "REPLAY_LIMITS", replace(putting.REPLAY_LIMITS, answer_seconds=answer))
    monkeypatch.setattr(putting, "FAIR_ANSWER_SECONDS", 0.1)


def test_a_slow_version_fails_where_its_time_is_over(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, QUIET, budget=8.0, answer=10.0)
    row = deployed(attempt, server(attempt, "import time\ntime.sleep(1)"))
    replayed(fake, at=SOON)
    found = outcomes(row)
    assert found == "c" * found.count("c") + "f" * found.count("f")
    assert 0 < found.count("c") < 9
    assert (row.state, row.timings["starts"]) == (S.READY, 1)


def test_on_a_crowded_machine_the_same_is_tried_again_later(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, CROWDED, budget=3.0, answer=10.0)
    row = deployed(attempt, server(attempt, SLOW))
    claimed(fake, row, times=1)
    row.refresh_from_db()
    assert (row.state, row.outcomes) == (S.WAITING, None)
    assert "TooSlow" in row.last_fault
    assert "2% of a processor" in row.last_fault
    machine(monkeypatch, QUIET, answer=10.0)
    assert row.retry_at is not None
    replayed(fake, at=row.retry_at)
    assert outcomes(row) == "c" * 12


def test_what_it_used_of_the_processor_is_its_own_however_crowded_the_machine(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, 0.0, budget=4.0, answer=10.0)
    monkeypatch.setattr(putting, "FAIR_SHARE_OF_BUDGET", 0.02)  # what even the most crowded machine gives it
    row = deployed(
        attempt, server(attempt, "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass")
    )
    claimed(fake, row, times=1)
    assert "f" in outcomes(row)
    assert row.state == S.READY


def test_one_that_hangs_is_given_up_after_a_few_answers(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, QUIET)
    row = deployed(attempt, server(attempt, HANGS))
    replayed(fake, at=SOON)
    assert outcomes(row) == "f" * 12
    assert (row.state, row.timings["starts"]) == (S.READY, putting.MOST_HUNG)
    assert row.timings["total_seconds"] < putting.BUDGET_SECONDS


def test_one_that_hangs_now_and_then_is_started_again(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, QUIET, answer=2.0)
    row = deployed(attempt, server(attempt, f"if self.count == 3:\n    {HANGS.replace(chr(10), chr(10) + '    ')}"))
    replayed(fake, at=SOON)
    assert outcomes(row) == "ccf" * 4
    assert row.timings["starts"] == 4 > putting.MOST_HUNG


def test_an_answer_that_a_starved_machine_could_not_give_is_no_failure(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, CROWDED)
    row = deployed(attempt, server(attempt, HANGS))
    claimed(fake, row, times=1)
    row.refresh_from_db()
    assert (row.state, row.outcomes) == (S.WAITING, None)
    assert "TooSlow" in row.last_fault


def test_an_answer_that_computes_without_end_is_its_own_fault_however_crowded_the_machine(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, 0.0, answer=2.0)
    row = deployed(attempt, server(attempt, "while True: pass"))
    claimed(fake, row, times=1)
    row.refresh_from_db()
    assert (row.state, row.outcomes and outcomes(row)) == (S.READY, "f" * 12)


@pytest.mark.parametrize(("share", "state"), [(QUIET, S.FAILED), (CROWDED, S.WAITING)])
def test_loading_that_takes_too_long_is_its_own_fault_on_a_machine_that_keeps_up(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch, share: float, state: DeploymentState
) -> None:
    machine(monkeypatch, share)
    monkeypatch.setattr(putting, "FAIR_LOAD_SECONDS", 0.9)
    monkeypatch.setattr(putting, "REPLAY_LIMITS", replace(putting.REPLAY_LIMITS, load_seconds=1.0))
    tree = server(attempt, "pass")
    slow = type(tree)({**tree.files, "assistant/server.py": b"import time\ntime.sleep(1000)\n"})
    row = deployed(attempt, slow)
    claimed(fake, row, times=1)
    row.refresh_from_db()
    assert row.state == state


def test_a_yardstick_tells_working_from_waiting() -> None:
    with Yardstick() as busy:
        assert busy.share(time.monotonic()) > 0.0
    with Yardstick(work=lambda: time.sleep(0.02)) as kept_waiting:
        assert kept_waiting.share(time.monotonic()) < 0.5


@pytest.mark.skipif((os.cpu_count() or 1) > 8, reason="would need too many processes to crowd this machine")
def test_a_yardstick_sees_a_crowd() -> None:
    """Bursts of a few milliseconds do not: the kernel lets whoever slept go first."""
    crowd = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        time.sleep(0.5)
        with Yardstick() as machine:
            assert machine.share(time.monotonic()) < 0.6
    finally:
        for each in crowd:
            each.kill()
            each.wait()
