"""What grading's tests share: submissions of an attempt, a sandbox that starts quickly, and a clock that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grading import verdicts
from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.fake_sandbox import FakeSandbox
from tests.grading import work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.models import Attempt
    from tests.people import Cast


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Ada's live attempt on the small pack."""
    return work.live(cast.learner)


@pytest.fixture(scope="session")
def fake() -> FakeSandbox:
    """Processes instead of containers; what containers add is tested with the sandbox itself."""
    return FakeSandbox()


@pytest.fixture(scope="session")
def containers(sandbox_image: str) -> Iterator[DockerSandbox]:
    """Real containers, two of them waiting."""
    sandbox = DockerSandbox(image=sandbox_image, pool_size=2)
    yield sandbox
    sandbox.close()


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visible cells are run once: what repeats come to is tested where it is decided."""
    monkeypatch.setattr(verdicts, "REPEATS", 1)
