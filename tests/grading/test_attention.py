"""What needs a mentor's attention of what was deployed: versions that nobody had a good verdict on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from exams import ledger
from exams.live.deployments.moving import announce_due
from grading.evidence.kept import Kept
from grading.evidence.needs_attention import attention
from grading.models import GradingRun, RunState
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, fixed, refusing, replayed, roll_back

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt, Deployment
    from sandboxes.fake_sandbox import FakeSandbox
    from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("once")]


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    return live_attempt(cast.learner, started_at=NOON)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def graded(deployment: Deployment, verdict: str, *, minute: float, try_number: int = 1) -> None:
    """A run's verdict, told at a minute."""
    submission = deployment.submission
    assert submission is not None
    GradingRun.objects.create(
        submission=submission,
        learner=submission.attempt.learner,
        try_number=try_number,
        state=RunState.GRADED,
        verdict=verdict,
        finished_at=at(minute),
    )


def live(attempt: Attempt, fake: FakeSandbox, *, minute: float) -> None:
    replayed(fake, at=at(minute))
    with transaction.atomic():
        announce_due(ledger.hold(attempt.pk), now=at(minute + 2))


def flagged(attempt: Attempt, *, minute: float = 60) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = attention(Kept(attempt, at(minute)))["deployments"]
    return found


def test_a_version_that_went_live_before_its_bad_verdict_is_flagged_with_all_that_followed(
    attempt: Attempt, fake: FakeSandbox
) -> None:
    replayed(fake, at=NOON)
    good = deployed(attempt, fixed(attempt), at=at(10))
    graded(good, "verified", minute=9)
    live(attempt, fake, minute=10)
    bad = deployed(attempt, refusing(attempt), at=at(20))
    graded(bad, "fails_on_own_fix", minute=20.5)
    live(attempt, fake, minute=20)
    back = roll_back(attempt, at=at(22.4))
    (row,) = flagged(attempt)
    assert row["deployment"] == bad.number
    assert (row["verdict"], row["verdict_was_there"]) == ("fails_on_own_fix", False)
    assert row["minutes_live"] == 1.4
    assert row["asked"] >= row["harmful"] == 0
    assert row["followed_by"] == {
        "deployment": back.number,
        "kind": "rollback",
        "to": good.number,
        "at": at(22.4),
        "after_seconds": 84,
    }
    assert row["says"] == (
        f"Deployment 2 was asked for 30 s before the verdict on its run, which was fails_on_own_fix. It was live for "
        f"1.4 min and gave 0 harmful of {row['asked']} answers. It was rolled back to deployment 1 at 12:22:24 UTC."
    )
    assert {each["kind"] for each in row["cites"]} == {"event", "run"}


@pytest.mark.parametrize(
    ("verdict", "minute", "says"),
    [
        ("verified", 9, None),
        ("weak", 9, None),
        ("verified", 10.2, "Deployment 1 was asked for 12 s before the verdict on its run, which was verified."),
        ("not_reproducing", 9, "Deployment 1 was asked for although its run had come to not_reproducing."),
        (None, 0, "Deployment 1 was asked for without a verdict on its run, which never came."),
    ],
)
def test_what_was_known_when_it_was_asked_for_decides(
    attempt: Attempt, fake: FakeSandbox, verdict: str | None, minute: float, says: str | None
) -> None:
    replayed(fake, at=NOON)
    first = deployed(attempt, fixed(attempt), at=at(10))
    if verdict:
        graded(first, verdict, minute=minute)
        graded(first, verdict, minute=80, try_number=2)  # graded anew, which takes nothing back
    live(attempt, fake, minute=10)
    found = flagged(attempt)
    assert [row["says"].startswith(says) for row in found if says] == ([True] if says else [])
    assert len(found) == bool(says)
    assert all(row["followed_by"] is None and row["says"].endswith("It stayed.") for row in found)
