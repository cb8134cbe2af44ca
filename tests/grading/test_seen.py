"""Counting the wrong answers in an update is seeing them, whatever state the update is in."""

from __future__ import annotations

import pytest

from exams.live import post_update
from exams.models import Attempt, StatusUpdate
from grading.evidence import ground
from tests.grading.test_evidence import at, collected, update

pytestmark = pytest.mark.django_db


def test_an_update_that_counts_them_is_when_they_were_seen(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "wrong_answers", lambda _: 237)
    post_update(
        attempt=attempt,
        audience=StatusUpdate.Audience.COMPLIANCE,
        state=StatusUpdate.State.INVESTIGATING,
        text="First count, still to be checked: 226 answers with a wrong product.",
        impact="",
        next_update_at=None,
        actor=attempt.learner,
        received_at=at(attempt, 3),
    )
    update(attempt, 7, state="identified")
    found = collected(attempt)["ground_truth"]
    assert found["detected"]["seconds_after_opening"] == 180
    assert "a status update was posted to compliance" in [each["what"] for each in found["events"]]
