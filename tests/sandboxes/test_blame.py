"""Did the code fail, or did we? One table of evidence and the end it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandboxes.blame import Autopsy, EndReport, Evidence, Stop, blame
from sandboxes.limits import Limits
from sandboxes.sandbox import ContainerVanished, LauncherFailed, RunEnd

LIMITS = Limits(cpu_seconds=10.0)
ALIVE = Autopsy(found=True)
CLEAN = EndReport(exit_code=0, signal=None, cpu_seconds=0.1, oom_kills=0, stopped_for=None)


@pytest.mark.parametrize(
    ("evidence", "end"),
    [
        (Evidence(CLEAN, ALIVE, done=True), RunEnd.completed),
        (Evidence(CLEAN, ALIVE, done=False), RunEnd.early_exit),
        (Evidence(CLEAN, ALIVE, done=True, unfinished=True), RunEnd.early_exit),
        (Evidence(replace(CLEAN, exit_code=137), ALIVE), RunEnd.early_exit),
        (Evidence(replace(CLEAN, oom_kills=1), ALIVE, done=True), RunEnd.oom),
        (Evidence(replace(CLEAN, oom_kills=None), Autopsy(found=True, oom_killed=True), done=True), RunEnd.oom),
        (Evidence(replace(CLEAN, exit_code=None, signal=11), ALIVE), RunEnd.signalled),
        (Evidence(replace(CLEAN, exit_code=None, signal=9), ALIVE), RunEnd.signalled),
        (Evidence(replace(CLEAN, exit_code=None, signal=24), ALIVE), RunEnd.signalled),
        (Evidence(replace(CLEAN, exit_code=None, signal=24, cpu_seconds=10.0), ALIVE), RunEnd.timeout_cpu),
        (Evidence(replace(CLEAN, exit_code=None, signal=9, cpu_seconds=11.0), ALIVE), RunEnd.timeout_cpu),
        (Evidence(replace(CLEAN, exit_code=None, signal=11, cpu_seconds=11.0), ALIVE), RunEnd.signalled),
        (Evidence(replace(CLEAN, stopped_for="cpu"), ALIVE), RunEnd.timeout_cpu),
        (Evidence(replace(CLEAN, stopped_for="output"), ALIVE), RunEnd.output_limit),
        (Evidence(replace(CLEAN, stopped_for="frames"), ALIVE), RunEnd.output_limit),
        (Evidence(replace(CLEAN, stopped_for="frame_size"), ALIVE), RunEnd.tampered),
        (Evidence(None, Autopsy(found=True, exit_code=137, oom_killed=True)), RunEnd.oom),
        (Evidence(None, ALIVE, stop=Stop.wall), RunEnd.timeout_wall),
        (Evidence(None, ALIVE, stop=Stop.answer), RunEnd.timeout_wall),
        (Evidence(None, ALIVE, stop=Stop.load), RunEnd.timeout_wall),
        (Evidence(None, ALIVE, stop=Stop.questions), RunEnd.output_limit),
        (Evidence(None, ALIVE, stop=Stop.nodes), RunEnd.output_limit),
        (Evidence(replace(CLEAN, oom_kills=1), ALIVE, stop=Stop.violation, words="x", done=True), RunEnd.tampered),
    ],
)
def test_the_first_rule_that_applies_decides(evidence: Evidence, end: RunEnd) -> None:
    decided, why = blame(evidence, LIMITS)
    assert decided is end
    assert why.endswith(".")


@pytest.mark.parametrize(
    ("autopsy", "fault"),
    [
        (Autopsy(found=False), ContainerVanished),
        (Autopsy(found=True, exit_code=137), ContainerVanished),
        (Autopsy(found=True, exit_code=1), LauncherFailed),
        (Autopsy(found=True, exit_code=0), LauncherFailed),
        (Autopsy(found=True, exit_code=None), LauncherFailed),
    ],
)
def test_a_run_lost_through_nobodys_code_is_the_platforms_fault(autopsy: Autopsy, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        blame(Evidence(None, autopsy), LIMITS)


def test_what_the_launcher_printed_is_in_the_fault() -> None:
    with pytest.raises(LauncherFailed, match="MemoryError in unpack"):
        blame(Evidence(None, Autopsy(found=True, exit_code=1), stderr="MemoryError in unpack"), LIMITS)


def test_no_end_blames_the_infrastructure_on_submitted_code() -> None:
    ends = {blame(Evidence(None, ALIVE, stop=stop), LIMITS)[0] for stop in Stop}
    assert RunEnd.infra_error not in ends
    assert RunEnd.completed not in ends
