"""Did the code fail, or did we? Decides from what was seen outside the container how a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from signal import SIGKILL, SIGXCPU, Signals
from typing import TYPE_CHECKING

from sandboxes.sandbox import ContainerVanished, LauncherFailed, RunEnd

if TYPE_CHECKING:
    from sandboxes.limits import Limits

_KILLED_FROM_OUTSIDE = 128 + SIGKILL


class Stop(StrEnum):
    """Why the platform itself ended a run."""

    wall = "wall"
    answer = "answer"
    load = "load"
    questions = "questions"
    nodes = "nodes"
    violation = "violation"


@dataclass(frozen=True)
class EndReport:
    """The launcher's last message: what the kernel told it about the child that ran submitted code.

    `stopped_for` is the limit for which the launcher ended the child: cpu, output, frames or frame_size.
    `oom_kills` counts processes of the container that the kernel ended for want of memory; None if not known.
    """

    exit_code: int | None
    signal: int | None
    cpu_seconds: float
    oom_kills: int | None
    stopped_for: str | None
    tail: str = ""


@dataclass(frozen=True)
class Autopsy:
    """What the engine says about a container that is no more: `found` is False if it does not know it."""

    found: bool
    exit_code: int | None = None
    oom_killed: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that is known about one run's end.

    `done` is the child's claim to have finished; `unfinished` says that it had announced more than it reported.
    `words` explains a violation.
    """

    report: EndReport | None
    autopsy: Autopsy
    stop: Stop | None = None
    done: bool = False
    unfinished: bool = False
    words: str = ""
    stderr: str = ""


def blame(evidence: Evidence, limits: Limits) -> tuple[RunEnd, str]:
    """How the run ended and why, in a sentence; the first rule that applies.

    1. We stopped it: for messages that contradict themselves, for time, for too many questions or tests.
    2. The launcher's last message is missing: the memory ran out, or the run is lost through nobody's code.
    3. The launcher stopped it, for output, messages or processor time.
    4. The kernel killed any process in it for want of memory, whatever its exit code says.
    5. The child died of a signal: its processor limit, or its own doing.
    6. The child ended without finishing what it had announced.
    7. It completed.

    Raises:
        ContainerVanished: somebody outside removed or killed the container.
        LauncherFailed: our own program in the container broke.
    """
    if evidence.stop is not None:
        return _stopped_by_us(evidence, limits)
    report = evidence.report
    if report is None:
        return _lost(evidence, limits)
    for reason, (end, words) in _stopped_by_launcher(limits).items():
        if report.stopped_for == reason:
            return end, words
    if report.oom_kills or (report.oom_kills is None and evidence.autopsy.oom_killed):
        return RunEnd.oom, f"It needed more than the {limits.says('memory_bytes')}."
    return _ended_by_itself(evidence, report, limits)


def _ended_by_itself(evidence: Evidence, report: EndReport, limits: Limits) -> tuple[RunEnd, str]:
    if report.signal is not None:
        out_of_time = report.cpu_seconds >= limits.cpu_seconds
        if report.signal in {SIGXCPU, SIGKILL} and out_of_time:
            return RunEnd.timeout_cpu, f"It used up the {limits.says('cpu_seconds')}."
        return RunEnd.signalled, f"Its process was ended by {_signal_name(report.signal)}."
    if not evidence.done:
        return RunEnd.early_exit, (
            f"Its process exited with code {report.exit_code} before the run was over; an exit code proves nothing."
        )
    if evidence.unfinished:
        return RunEnd.early_exit, "It stopped the run before every test that was found had ended."
    return RunEnd.completed, "It ran to its end."


def _stopped_by_us(evidence: Evidence, limits: Limits) -> tuple[RunEnd, str]:
    match evidence.stop:
        case Stop.violation:
            return RunEnd.tampered, f"The messages about the run were interfered with: {evidence.words}."
        case Stop.questions:
            return RunEnd.output_limit, f"It asked more than the {limits.says('questions')}."
        case Stop.nodes:
            return RunEnd.output_limit, f"It has more than the {limits.says('nodes')}."
        case Stop.answer:
            return RunEnd.timeout_wall, f"It took longer than the {limits.says('answer_seconds')}."
        case Stop.load:
            return RunEnd.timeout_wall, f"It took longer than the {limits.says('load_seconds')}."
        case _:
            return RunEnd.timeout_wall, f"It took longer than the {limits.says('wall_seconds')}."


def _stopped_by_launcher(limits: Limits) -> dict[str, tuple[RunEnd, str]]:
    return {
        "cpu": (RunEnd.timeout_cpu, f"It used up the {limits.says('cpu_seconds')}."),
        "output": (RunEnd.output_limit, f"It printed more than the {limits.says('output_bytes')}."),
        "frames": (
            RunEnd.output_limit,
            f"It sent more than the {limits.says('frames')} or the {limits.says('relay_bytes')}.",
        ),
        "frame_size": (
            RunEnd.tampered,
            f"The messages about the run were interfered with: one is over the {limits.says('frame_bytes')}.",
        ),
    }


def _lost(evidence: Evidence, limits: Limits) -> tuple[RunEnd, str]:
    autopsy = evidence.autopsy
    if autopsy.oom_killed:
        return RunEnd.oom, f"It needed more than the {limits.says('memory_bytes')}."
    if not autopsy.found:
        raise ContainerVanished("A sandbox container was removed by somebody else during a run.")
    if autopsy.exit_code == _KILLED_FROM_OUTSIDE:
        raise ContainerVanished("A sandbox container was killed from outside during a run.")
    raise LauncherFailed(
        f"A sandbox's launcher ended with code {autopsy.exit_code} without a report. {evidence.stderr}".strip()
    )


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
