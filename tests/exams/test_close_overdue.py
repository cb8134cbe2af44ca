"""The deadline needs no browser: closed once, at the deadline itself, with what was saved, however many sweep."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from exams import collecting, ledger, receipts
from exams.database_clock import database_now
from exams.models import (
    Attempt,
    AttemptState,
    Event,
    HandIn,
    SelfCheckAnswer,
    Stage,
    StageState,
    Submission,
    SubmissionPurpose,
)
from exams.submit import close_overdue, hand_in
from tests.attempts import NOON, live_attempt
from tests.crowd import crowd, sweepers
from tests.people import Cast
from tests.work import EARLY, LIVE_CLOSES, MICROSECOND, POSTMORTEM_CLOSES, events, push, save, uploaded

pytestmark = pytest.mark.django_db

A, B = "a" * 40, "b" * 40


def stage(attempt: Attempt, key: str = "live") -> Stage:
    return Stage.objects.get(attempt=attempt, key=key)


@pytest.mark.parametrize(
    ("now", "closed"), [(LIVE_CLOSES - MICROSECOND, 0), (LIVE_CLOSES, 1), (LIVE_CLOSES + MICROSECOND, 1)]
)
def test_a_stage_is_closed_from_its_deadline_on(cast: Cast, now: datetime, closed: int) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    assert close_overdue(now) == closed
    assert stage(attempt).state == (StageState.CLOSED_BY_DEADLINE if closed else StageState.OPEN)
    assert stage(attempt).closed_at == (LIVE_CLOSES if closed else None)
    assert close_overdue(now) == 0
    assert HandIn.objects.count() == closed


def test_a_branch_with_a_long_name_is_handed_in_by_its_commit(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    push(attempt, A, ref="refs/heads/" + "x" * 220)
    assert close_overdue(LIVE_CLOSES) == 1
    assert Submission.objects.get(attempt=attempt).pinned_commit == A


def test_one_attempt_that_cannot_be_closed_holds_up_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = live_attempt(cast.learner, started_at=NOON), live_attempt(cast.other_learner, started_at=NOON)
    gather = collecting.Saved.gather

    def fails(self: collecting.Saved, attempt: Attempt, stage: Stage, *, before: datetime) -> collecting.Gathered:
        if attempt.pk == broken.pk:
            raise KeyError("mode")
        return gather(self, attempt, stage, before=before)

    monkeypatch.setattr(collecting.Saved, "gather", fails)
    assert close_overdue(LIVE_CLOSES) == 1
    assert (stage(broken).state, stage(whole).state) == (StageState.OPEN, StageState.CLOSED_BY_DEADLINE)
    assert str(broken.pk) in caplog.text
    monkeypatch.undo()
    assert close_overdue(LIVE_CLOSES) == 1
    assert stage(broken).closed_at == LIVE_CLOSES


def test_the_closing_time_is_the_deadline_however_late_the_sweep(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    assert close_overdue(NOON + timedelta(days=3)) == 2
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.CLOSED
    assert attempt.closed_at == POSTMORTEM_CLOSES
    assert [each.closed_at for each in attempt.stages.all()] == [LIVE_CLOSES, POSTMORTEM_CLOSES]
    assert [event.at for event in events(attempt, "stage.closed")] == [LIVE_CLOSES, POSTMORTEM_CLOSES]
    assert ledger.verify(attempt.pk) is None


def test_what_was_saved_is_handed_in_as_it_stands(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "diagnosis", "first")
    save(attempt, "diagnosis", "second", based_on=1)
    save(attempt, "hotfix", {"mode": "repo_url"})
    push(attempt, A, at=EARLY)
    push(attempt, B, at=LIVE_CLOSES - MICROSECOND, old=A)
    close_overdue(LIVE_CLOSES)
    handed_in = HandIn.objects.get()
    assert handed_in.by_deadline
    assert handed_in.received_at == LIVE_CLOSES
    assert handed_in.deliverables == {"diagnosis": "second", "hotfix": {"mode": "repo_url"}}
    assert handed_in.blocked_checks == ["F1"]
    assert dict(SelfCheckAnswer.objects.values_list("check_key", "answer")) == {
        "F1": "not_answered",
        "F2": "not_answered",
    }
    submission = Submission.objects.get()
    assert submission.hand_in == handed_in
    assert submission.purpose == SubmissionPurpose.HAND_IN
    assert (submission.pinned_commit, submission.unpinned) == (B, False)


def test_a_push_after_the_deadline_is_not_what_was_handed_in(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    push(attempt, A)
    push(attempt, B, at=LIVE_CLOSES)
    close_overdue(LIVE_CLOSES + timedelta(seconds=1))
    assert Submission.objects.get().pinned_commit == A
    assert HandIn.objects.get().deliverables == {"hotfix": {"mode": "repo_url"}}


def test_a_push_that_arrived_in_time_but_landed_after_the_sweep_is(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    push(attempt, A)
    close_overdue(LIVE_CLOSES)
    push(attempt, B, at=LIVE_CLOSES - MICROSECOND, old=A)
    assert Submission.objects.latest("number").pinned_commit == B
    assert HandIn.objects.count() == 2


@pytest.mark.parametrize(
    ("draft", "pushes", "expected"),
    [
        (None, [], None),
        (None, ["refs/heads/main"], ("", "", A)),
        (None, ["refs/heads/topic"], ("", "topic", A)),
        (None, ["refs/heads/main", "refs/heads/topic"], ("", "", A)),
        ({"mode": "repo_url", "ref": "topic"}, ["refs/heads/main", "refs/heads/topic"], ("", "topic", B)),
        ({"mode": "repo_url", "ref": "topic"}, [], ("", "topic", "")),
        ({"mode": "repo_url", "ref": "c" * 40}, ["refs/heads/main"], ("", "c" * 40, "c" * 40)),
        ({"mode": "repo_url", "url": "https://git.example/b"}, ["refs/heads/main"], ("https://git.example/b", "", "")),
    ],
)  # fmt: skip
def test_which_code_a_deadline_hands_in(
    cast: Cast, draft: dict[str, str] | None, pushes: list[str], expected: tuple[str, str, str] | None
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    if draft is not None:
        save(attempt, "hotfix", draft)
    for ref, commit in zip(pushes, (A, B), strict=False):
        push(attempt, commit, ref=ref)
    close_overdue(LIVE_CLOSES)
    submission = Submission.objects.first()
    found = None if submission is None else (submission.url, submission.ref, submission.pinned_commit)
    assert found == expected
    if submission is not None:
        assert submission.unpinned is bool(submission.url)


def test_a_drafted_file_is_handed_in(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = uploaded(attempt, b"--- a/x\n", name="fix.patch")
    save(attempt, "hotfix", {"mode": "file_upload", "upload": str(upload.pk)})
    close_overdue(LIVE_CLOSES)
    assert Submission.objects.get().upload == upload


def test_what_the_learner_handed_in_stands(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    hand_in(
        attempt=attempt, stage_key="live", deliverables={"diagnosis": "mine"}, self_checks={"F1": "yes"},
        force_reason=None, actor=attempt.learner, received_at=EARLY,
    )  # fmt: skip
    save(attempt, "diagnosis", "thought better of it")
    assert close_overdue(LIVE_CLOSES) == 1
    assert stage(attempt).state == StageState.HANDED_IN
    assert stage(attempt).closed_at == LIVE_CLOSES
    assert HandIn.objects.get().by_deadline is False


def test_handing_in_early_moves_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for key, answers in (("live", {"F1": "yes"}), ("postmortem", {})):
        hand_in(
            attempt=attempt, stage_key=key, deliverables={"diagnosis" if key == "live" else key: "done"},
            self_checks=answers, force_reason=None, actor=attempt.learner, received_at=EARLY,
        )  # fmt: skip
    assert close_overdue(LIVE_CLOSES - MICROSECOND) == 0
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.LIVE
    assert [each.closes_at for each in attempt.stages.all()] == [LIVE_CLOSES, POSTMORTEM_CLOSES]


def test_nothing_saved_is_handed_in_as_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    close_overdue(LIVE_CLOSES)
    assert HandIn.objects.get().deliverables == {}
    assert Submission.objects.count() == 0
    (receipt,) = [each for each in receipts.of(attempt) if each.kind == "stage.closed"]
    assert receipt.counts
    assert receipt.late_by_seconds is None
    assert "We handed in what was saved by then: nothing. Self-checks: not answered." in receipt.message


def test_a_void_attempt_is_left_alone(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.VOID, void_reason="a mistake")
    assert close_overdue(POSTMORTEM_CLOSES) == 0
    assert HandIn.objects.count() == 0


def in_threads(number: int, work: Any) -> list[Any]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def assert_closed_exactly_once(attempts: list[Attempt], deadline: datetime) -> None:
    """Every live stage is closed at its deadline, with one hand-in, one submission and one event."""
    stages = Stage.objects.filter(key="live")
    assert stages.count() == len(attempts)
    assert set(stages.values_list("state", "closed_at")) == {(StageState.CLOSED_BY_DEADLINE, deadline)}
    expected = Counter({attempt.pk: 1 for attempt in attempts})
    hand_ins, closings = HandIn.objects.filter(by_deadline=True), Event.objects.filter(kind="stage.closed")
    for rows in (hand_ins, Submission.objects.all(), closings):
        assert Counter(rows.values_list("attempt_id", flat=True)) == expected


@pytest.mark.django_db(transaction=True)
def test_four_sweepers_at_once_close_each_stage_once() -> None:
    attempts = crowd(48, started_at=NOON)
    closed = in_threads(4, lambda: close_overdue(LIVE_CLOSES))
    assert sum(closed) == 48
    assert_closed_exactly_once(attempts, LIVE_CLOSES)
    assert all(ledger.verify(attempt.pk) is None for attempt in attempts[:5])


@pytest.mark.django_db(transaction=True)
def test_a_sweeper_passes_over_what_a_learner_is_writing_and_comes_back(cast: Cast) -> None:
    busy = live_attempt(cast.learner, started_at=NOON)
    idle = live_attempt(cast.other_learner, started_at=NOON)
    from django.db import transaction  # noqa: PLC0415 - only this test holds a lock of its own

    with transaction.atomic():
        ledger.hold(busy.pk)
        assert in_threads(1, lambda: close_overdue(LIVE_CLOSES)) == [1]
    assert stage(idle).closed_at == LIVE_CLOSES
    assert stage(busy).closed_at is None
    assert close_overdue(LIVE_CLOSES) == 1


@pytest.mark.nightly
@pytest.mark.django_db(transaction=True)
def test_two_hundred_stages_of_one_second_are_closed_within_five(pytestconfig: pytest.Config) -> None:
    """Four sweeper processes, no client connected; lateness is when it was recorded less the deadline."""
    with sweepers(4, seconds=20) as processes:
        deadline = database_now() + timedelta(seconds=4)
        attempts = crowd(200, started_at=deadline - timedelta(minutes=90))
        assert database_now() < deadline
        time.sleep((deadline - database_now()).total_seconds() + 1)
        ends = time.monotonic() + 15
        while Stage.objects.filter(key="live", closed_at=None).exists() and time.monotonic() < ends:
            time.sleep(0.2)
        for process in processes:
            process.wait(30)
    assert_closed_exactly_once(attempts, deadline)
    late = sorted(
        (each.swept_at - each.closes_at).total_seconds() for each in Stage.objects.filter(key="live") if each.swept_at
    )
    p99 = late[math.ceil(0.99 * len(late)) - 1]
    said = f"closing lateness, 200 stages, 4 sweepers: p50 {late[99]:.2f} s, p99 {p99:.2f} s, most {late[-1]:.2f} s"
    pytestconfig.get_terminal_writer().line(said)
    assert p99 < 5
