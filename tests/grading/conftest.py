"""What grading's tests share: submissions of an attempt, a sandbox that starts quickly, and a clock that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandboxes.fake_sandbox import FakeSandbox
from tests.grading import work

if TYPE_CHECKING:
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
