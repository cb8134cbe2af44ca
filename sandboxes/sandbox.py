"""The promise every sandbox keeps: serve a tree, run a test, say how it ended, and fail by name when we fail.

Two parties can be to blame for a run that does not go well. What submitted code did to itself is a *result*
and comes back as a `RunEnd`, a `NodeOutcome` or an `Exchange.fault`. What the platform could not do is a
`SandboxFault`: it is raised, the run is tried again, and it costs the learner nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sandboxes.ingest.tree import Tree
    from sandboxes.limits import Limits

Json = Any
JsonObject = dict[str, Json]


class RunEnd(StrEnum):
    """How a run ended, seen from outside the container."""

    completed = "completed"
    early_exit = "early_exit"
    timeout_wall = "timeout_wall"
    timeout_cpu = "timeout_cpu"
    oom = "oom"
    output_limit = "output_limit"
    signalled = "signalled"
    tampered = "tampered"
    infra_error = "infra_error"


class NodeOutcome(StrEnum):
    """How one test node ended."""

    passed = "passed"
    failed_assert = "failed_assert"
    failed_raise = "failed_raise"
    error_setup = "error_setup"
    error_teardown = "error_teardown"
    error_collect = "error_collect"
    skipped = "skipped"
    xfailed = "xfailed"
    xpassed = "xpassed"
    absent = "absent"


@dataclass(frozen=True)
class Exchange:
    """One question put to a served tree, and what came back.

    Exactly one of `reply` and `fault` is set. `fault` is the submitted tree's own failure in words (it raised,
    it was too slow, it is gone); `seconds` is measured outside the container.
    """

    question: str
    session: str
    reply: JsonObject | None
    fault: str | None
    seconds: float


@dataclass(frozen=True)
class NodeResult:
    """One test node: its pytest id (or its file, if that could not be collected), its outcome, and why."""

    node_id: str
    outcome: NodeOutcome
    message: str
    seconds: float


@dataclass(frozen=True)
class TestRun:
    """One run of a regression test.

    `nodes` holds one result per node that was announced, `absent` for those that never ended. `exchanges` are
    the questions the test asked, in order. `output_tail` is the end of what the submitted code printed, with
    control characters made visible. `container` is an opaque id. `why` says what `ended` rests on.
    """

    __test__ = False  # the name is the domain's; pytest need not try to collect it

    ended: RunEnd
    nodes: tuple[NodeResult, ...]
    exchanges: tuple[Exchange, ...]
    output_tail: str
    seconds: float
    container: str
    why: str = ""


Ask = Callable[[str, str], Exchange]
"""(question, session) -> what the tree under test answered."""


@dataclass(frozen=True)
class Health:
    """What a sandbox can say about itself without running anything of a learner's.

    `faults` are reasons it cannot work; `warnings` are limits this engine does not enforce; both are sentences.
    """

    reachable: bool
    image_present: bool
    isolates: bool
    engine_version: str = ""
    image: str = ""
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    details: JsonObject = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether a run can be started now."""
        return self.reachable and self.image_present and not self.faults


class Served(Protocol):
    """A started tree that answers questions until the `with` block ends."""

    def ask(self, question: str, *, session: str = "") -> Exchange:
        """Put one question; submitted code that fails gives an `Exchange.fault`, never an exception.

        Raises:
            SandboxFault: the platform lost the container.
        """

    @property
    def ended(self) -> RunEnd | None:
        """How it died, if it died before it was closed."""

    @property
    def cpu_seconds(self) -> float:
        """Once it has ended, what it used of the processor; 0.0 as long as that is not known."""

    @property
    def load_error(self) -> str | None:
        """Why the tree could not be loaded (its own error, capped), or None. Waits until it has been tried."""

    @property
    def why(self) -> str:
        """In a sentence, what `ended` rests on; empty while it lives."""


class Sandbox(Protocol):
    """Runs submitted code; every implementation passes `tests/sandboxes/test_conformance.py`."""

    def serve(self, tree: Tree, *, limits: Limits) -> AbstractContextManager[Served]:
        """Start `tree` in a container of its own; it is gone when the block ends, however it ends.

        Raises:
            SandboxFault: the container could not be started.
        """

    def run_test(self, test: Tree, *, facts: bytes, ask: Ask, limits: Limits) -> TestRun:
        """Run the regression tests in `test` in a container of their own; `ask` is called in this thread.

        `facts` is the approved facts as JSON. An exception raised by `ask` ends the run and is passed on.

        Raises:
            SandboxFault: the platform could not run it to an end of its own.
        """

    def health(self) -> Health:
        """Whether a run could start now; never raises."""

    def sweep(self, *, older_than_s: float) -> int:
        """Remove containers that a crashed process left behind, and any older than that; return how many.

        Raises:
            SandboxFault: the engine could not be asked.
        """

    def provenance(self) -> JsonObject:
        """What a verdict rests on: image, engine version, hashes of launcher and seccomp profile."""

    def close(self) -> None:
        """Give back what is kept ready. The sandbox starts afresh if it is used again."""


class SandboxFault(Exception):
    """The platform's fault: the run says nothing about the submitted code and is tried again."""


class EngineUnreachable(SandboxFault):
    """No container engine answers at its address."""


class EngineTimeout(SandboxFault):
    """The container engine took longer than it is allowed to."""


class EngineRefused(SandboxFault):
    """The container engine answered, and said no."""


class ImageMissing(SandboxFault):
    """The sandbox image is not on this engine."""


class ContainerVanished(SandboxFault):
    """A container was removed or killed by somebody else while it ran."""


class LauncherFailed(SandboxFault):
    """The platform's own program inside the container did not do its part."""


class BadJob(SandboxFault):
    """The platform asked for what no container can be given, such as a tree over the limits of ingest."""
