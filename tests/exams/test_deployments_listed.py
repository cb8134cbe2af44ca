"""The list of deployments: until when each was live, and whose code a rollback brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exams.api import deployments as deployments_api
from sandboxes.fake_sandbox import FakeSandbox
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, refusing, replayed, roll_back
from tests.people import Cast, client_of
from tests.work import EARLY

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt

pytestmark = pytest.mark.django_db


def listed(cast: Cast, attempt: Attempt, patched: pytest.MonkeyPatch, *, at: datetime) -> list[tuple[object, ...]]:
    """What the learner is shown at a moment: number, commit, state, until when, and whether it is live."""
    patched.setattr(deployments_api, "database_now", lambda: at)
    rows = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/deployments/").json()["results"]
    return [(row["number"], row["commit"][:3], row["state"], row["live_until"], row["live_now"]) for row in rows]


def told(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def test_what_was_replaced_says_until_when_and_a_rollback_whose_commit_came_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    sandbox = FakeSandbox()
    one = deployed(attempt)
    replayed(sandbox, at=EARLY)
    replayed(sandbox, at=one.due_at)
    before = one.due_at - timedelta(microseconds=1)
    assert [row[3:] for row in listed(cast, attempt, monkeypatch, at=before)] == [(None, True), (None, False)]
    two = deployed(attempt, refusing(attempt), at=one.due_at)
    replayed(sandbox, at=one.due_at)
    first = two.due_at + timedelta(seconds=5)
    second = first + timedelta(seconds=5)
    roll_back(attempt, at=first)
    roll_back(attempt, at=second, to=0)
    assert listed(cast, attempt, monkeypatch, at=second) == [
        (0, "", "live", told(one.due_at), False),
        (1, "ccc", "live", told(two.due_at), False),
        (2, "ccc", "live", told(first), False),
        (3, "ccc", "live", told(second), False),
        (4, "", "live", None, True),
    ]


def test_what_never_went_live_has_no_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt)
    back = roll_back(attempt, at=EARLY + timedelta(seconds=5))
    replayed(FakeSandbox(), at=back.requested_at)
    rows = listed(cast, attempt, monkeypatch, at=back.requested_at)
    assert rows[1][2:] == ("cancelled", None, False)
    assert rows[0][3] == told(back.requested_at)  # the same code, by another number
    assert rows[2][3:] == (None, True)
