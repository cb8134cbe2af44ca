"""What a script saves fills no ledger: every version is kept with a receipt, and only so many have an entry."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exams import ledger
from exams.live import listing, thinning
from exams.live.drafts import StaleDraft
from exams.models import Attempt, Draft, Event
from exams.submit import close_overdue
from tests.attempts import NOON, live_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, LIVE_CLOSES, MICROSECOND, events, save

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db

TICK = timedelta(milliseconds=100)


def typed(attempt: Attempt, times: int, *, at: datetime = EARLY, every: timedelta = TICK, first: int = 0) -> None:
    """As many versions of the diagnosis, one every so often."""
    for number in range(first, first + times):
        saved = save(attempt, "diagnosis", f"v{number + 1}", at=at + every * (number - first), based_on=number)
        assert saved.draft is not None
        assert saved.receipt.counts
        assert saved.receipt.received_at == saved.draft.received_at
        assert saved.receipt.content_sha256 == ledger.content_sha256(f"v{number + 1}")


def test_a_script_fills_no_ledger_and_loses_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    before = attempt.events.count()
    typed(attempt, 200)
    assert Draft.objects.filter(attempt=attempt).count() == 200
    assert attempt.events.count() - before == listing.IN_A_ROW
    after = save(attempt, "diagnosis", "v201", at=EARLY + TICK * 199 + listing.ELSE_EVERY, based_on=200)
    told = events(attempt, "draft.saved")[-1]
    assert (told.seq, told.payload["version"], told.payload["versions_without_entry"]) == (
        after.receipt.number,
        201,
        140,
    )
    assert ledger.verify(attempt.pk) is None


def test_who_saves_as_a_browser_does_has_an_entry_for_each(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, 130, every=timedelta(seconds=2))
    assert [event.payload["version"] for event in events(attempt, "draft.saved")] == list(range(1, 131))


def test_what_was_typed_last_is_what_the_deadline_hands_in_and_its_hash_is_in_the_ledger(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, 90, at=LIVE_CLOSES - MICROSECOND - 89 * TICK)
    close_overdue(LIVE_CLOSES)
    handed_in = attempt.hand_ins.get(stage__key="live")
    assert handed_in.deliverables["diagnosis"] == "v90"
    closed = events(attempt, "stage.closed")[0]
    assert closed.payload["content_sha256"] == ledger.content_sha256(handed_in.deliverables)


def test_a_version_without_an_entry_has_one_receipt_that_says_where_it_belongs(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, listing.IN_A_ROW)
    last = events(attempt, "draft.saved")[-1]
    at = EARLY + listing.IN_A_ROW * TICK
    saved = save(attempt, "diagnosis", "more", at=at, based_on=listing.IN_A_ROW)
    assert saved.receipt.number == last.seq
    assert f"kept as version {listing.IN_A_ROW + 1}" in saved.receipt.message
    assert saved.receipt.time_left_seconds == (LIVE_CLOSES - at).total_seconds()
    again = save(attempt, "diagnosis", "more", at=at + TICK, based_on=listing.IN_A_ROW + 1)
    assert again.unchanged
    assert again.receipt == saved.receipt


def test_each_deliverable_has_its_first_entry_however_fast_another_is_saved(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, 70)
    first = save(attempt, "postmortem", "It began", at=EARLY + 70 * TICK)
    assert events(attempt, "draft.saved")[-1].payload["deliverable"] == "postmortem"
    assert first.receipt.number == events(attempt, "draft.saved")[-1].seq


@pytest.mark.parametrize(
    ("later", "has"), [(-MICROSECOND, False), (timedelta(), True), (MICROSECOND, True)], ids=["before", "at", "after"]
)
def test_the_next_entry_is_due_after_so_long(cast: Cast, later: timedelta, *, has: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, listing.IN_A_ROW)
    last = events(attempt, "draft.saved")[-1]
    typed(attempt, 1, at=last.at + listing.ELSE_EVERY + later, first=listing.IN_A_ROW)
    assert len(events(attempt, "draft.saved")) == listing.IN_A_ROW + has


def test_an_attempt_has_so_many_entries_and_then_few(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST", 20)
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, 60, every=timedelta(seconds=5))
    assert [event.payload["version"] for event in events(attempt, "draft.saved")] == [
        *range(1, 21),
        26,
        32,
        38,
        44,
        50,
        56,
    ]


def test_a_stale_save_tried_again_and_again_is_one_copy_one_entry_and_one_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "one tab")
    receipts = []
    for number in range(3):
        with pytest.raises(StaleDraft) as refused:
            save(attempt, "postmortem", "another tab", at=EARLY + number * TICK)
        receipts.append(refused.value.facts["receipt"])
    assert receipts[0] == receipts[1] == receipts[2]
    assert len(events(attempt, "draft.conflicted")) == 1


def test_conflict_copies_count_as_saves(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "diagnosis", "current")
    for number in range(100):
        with pytest.raises(StaleDraft):
            save(attempt, "diagnosis", f"copy {number}", at=EARLY + number * TICK)
    assert Draft.objects.filter(attempt=attempt, conflict=True).count() == 100
    assert Event.objects.filter(attempt=attempt, kind__startswith="draft.").count() == listing.IN_A_ROW


def test_thinning_tells_the_ledger_now_and_then(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "MOST_VERSIONS", 10)
    monkeypatch.setattr(thinning, "KEPT_NEWEST", 5)
    monkeypatch.setattr(thinning, "LOOKED_AT_EVERY", 5)
    attempt = live_attempt(cast.learner, started_at=NOON)
    typed(attempt, 100)
    assert len(events(attempt, "draft.thinned")) == 1
    typed(attempt, 5, at=EARLY + thinning.TOLD_EVERY + 100 * TICK, first=100)
    told = events(attempt, "draft.thinned")[-1].payload
    assert told["of_versions"] == 105
    assert told["kept"] == Draft.objects.filter(attempt=attempt).count()
    assert told["removed"] == 105 - told["kept"]


def test_over_http_who_saves_very_fast_gets_a_receipt_each_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "IN_A_ROW", 3)
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    numbers = []
    for version in range(6):
        saved = client.put(address, {"content": f"v{version}"}, headers={"If-Match": f'"{version}"'})
        assert saved.status_code == 201
        assert saved.data["receipt"]["content_sha256"] == saved.data["draft"]["content_sha256"]
        numbers.append(saved.data["receipt"]["number"])
    assert numbers[2:] == [numbers[2]] * 4
    assert client.get(address).data["draft"]["content"] == "v5"
    assert (
        json.loads(client.get(f"/api/v1/attempts/{attempt.pk}/receipts/").content)["receipts"][-1]["number"]
        == numbers[2]
    )
