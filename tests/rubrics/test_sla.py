"""The mentor's clock: nudges on the way, overdue at the end, told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from exams import ledger
from exams.models import TwinVersion
from rubrics import review, sla
from rubrics.models import Notice, Review, ReviewState
from tests.people import Cast
from tests.rubrics.conftest import NOON, closed_attempt, kinds

HOUR = timedelta(hours=1)
A_MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "nudges"),
    [
        (24 * HOUR - A_MICROSECOND, 0),
        (24 * HOUR, 1),
        (40 * HOUR - A_MICROSECOND, 1),
        (40 * HOUR, 2),
        (48 * HOUR - A_MICROSECOND, 2),
    ],
)
def test_a_claim_is_nudged_at_24_and_40_hours(claimed: Review, cast: Cast, at: timedelta, nudges: int) -> None:
    assert sla.nudge(now=NOON + at) == nudges
    assert sla.nudge(now=NOON + at) == 0
    assert set(Notice.objects.values_list("to__email", flat=True)) <= {cast.mentor.email}
    assert claimed.state == ReviewState.CLAIMED


@pytest.mark.parametrize(("at", "expired"), [(48 * HOUR - A_MICROSECOND, 0), (48 * HOUR, 1)])
def test_a_review_is_overdue_at_48_hours_to_the_microsecond(claimed: Review, at: timedelta, expired: int) -> None:
    assert sla.expire(now=NOON + at) == expired
    assert sla.expire(now=NOON + at) == 0
    claimed.refresh_from_db()
    assert claimed.state == (ReviewState.OPEN if expired else ReviewState.CLAIMED)
    assert claimed.times_overdue == expired


def test_an_overdue_review_is_told_to_admins_and_ledgered_without_telling_the_learner(
    claimed: Review, cast: Cast
) -> None:
    sla.expire(now=NOON + 48 * HOUR)
    assert [notice.to for notice in Notice.objects.select_related("to")] == [cast.admin]
    assert kinds(claimed)[-1] == "review.overdue"
    assert claimed.attempt.events.get(kind="review.overdue").visible_to_learner is False
    assert sla.send_notices(now=NOON + 48 * HOUR) == 1
    assert sla.send_notices(now=NOON + 48 * HOUR) == 0
    assert [message.to for message in mail.outbox] == [[cast.admin.email]]
    assert f"/api/v1/reviews/{claimed.pk}/" in mail.outbox[0].body


@pytest.mark.parametrize(("sweep", "after"), [("nudge", 24 * HOUR), ("expire", 48 * HOUR)])
def test_one_review_that_fails_holds_up_no_other(
    twin: TwinVersion,
    claimed: Review,
    cast: Cast,
    *,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sweep: str,
    after: timedelta,
) -> None:
    other = closed_attempt(twin, cast, number=2, seed=2)
    review.open_waiting(now=NOON)
    second = review.claim(review_id=Review.objects.get(attempt=other).pk, mentor=cast.other_mentor, now=NOON)
    make: Any = Notice.objects.get_or_create if sweep == "nudge" else ledger.append

    def fails(**said: Any) -> Any:
        at = said["review"].attempt_id if sweep == "nudge" else said["attempt"].pk
        if at == claimed.attempt_id:
            raise ValueError("something in its row")
        return make(**said)

    if sweep == "nudge":
        monkeypatch.setattr(Notice.objects, "get_or_create", fails)
    else:
        monkeypatch.setattr(ledger, "append", fails)
    assert getattr(sla, sweep)(now=NOON + after) == 1
    assert {notice.review_id for notice in Notice.objects.all()} == {second.pk}
    assert "ALERT" in caplog.text
    assert str(claimed.pk) in caplog.text
    monkeypatch.undo()
    assert getattr(sla, sweep)(now=NOON + after) == 1


def test_a_mail_server_that_is_away_is_tried_again(claimed: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    sla.nudge(now=NOON + 24 * HOUR)

    def away(*_: object, **__: object) -> int:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as patched, pytest.raises(ConnectionRefusedError):
        patched.setattr(sla, "send_mail", away)
        sla.send_notices(now=NOON + 24 * HOUR)
    assert sla.send_notices(now=NOON + 25 * HOUR) == 1
    assert len(mail.outbox) == 1
    assert str(claimed.pk) in mail.outbox[0].body
