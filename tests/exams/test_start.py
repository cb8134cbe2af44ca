"""Starting: one attempt, one clock, and every reason why not."""

from __future__ import annotations

import pytest

from exams.models import AttemptState
from tests.attempts import NOON, live_attempt
from tests.people import Cast

pytestmark = pytest.mark.django_db


def test_start_fixes_both_deadlines(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    assert attempt.state == AttemptState.LIVE
    assert attempt.started_at == NOON
