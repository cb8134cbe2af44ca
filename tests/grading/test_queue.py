"""The queue: enlisted once, claimed by one, finished once; what is late is refused, what keeps failing ends."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from exams import ledger
from exams.database_clock import database_now
from exams.models import Event
from grading import queue
from grading.models import Cell, GradingRun, RunState
from grading.verdicts import Decision, Verdict
from tests.attempts import NOON
from tests.grading import work
from tests.people import PASSWORD

if TYPE_CHECKING:
    from accounts.models import User
    from exams.models import Attempt
    from tests.people import Cast

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def now() -> datetime:
    return database_now()


def finding(verdict: Verdict = Verdict.verified) -> queue.Finding:
    cell = Cell(kind="pre", repeat=1, visible=True, position=1, ended="completed", result="as_required")
    return queue.Finding(Decision(verdict, 2, 2, 1, 1), because="Because.", cells=[cell])


def claim(now: datetime, worker: str = "w1") -> queue.Claim:
    held = queue.claim(worker=worker, now=now)
    assert held is not None
    return held


def kinds(attempt: Attempt) -> list[str]:
    return [kind for kind in Event.objects.filter(attempt=attempt).values_list("kind", flat=True) if "run." in kind]


def learner(name: str) -> User:
    from accounts.models import User as Person  # noqa: PLC0415 - types only above

    return Person.objects.create_user(f"{name}@learn.example", PASSWORD, name=name)


def test_each_ingested_submission_is_enlisted_once(attempt: Attempt, now: datetime) -> None:
    submission = work.submit(attempt, work.tree())
    assert queue.enlist(now=now) == 1
    assert queue.enlist(now=now) == 0
    run = queue.last_run(submission)
    assert run is not None
    assert (run.state, run.try_number, run.learner_id) == (RunState.WAITING, 1, attempt.learner_id)
    assert kinds(attempt) == ["run.queued"]


@pytest.mark.parametrize("step", ["enlist", "release", "reclaim"])
def test_one_row_that_fails_holds_up_no_other(
    attempt: Attempt,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    whole = work.live(learner("bea"))
    bad, good = (work.submit(each, work.tree(), hand_in=step == "release") for each in (attempt, whole))
    if step != "enlist":
        queue.enlist(now=now)
    if step == "release":
        GradingRun.objects.update(state=RunState.HELD, visible_verdict="verified", visible_at=now)
        now += timedelta(days=1)
    if step == "reclaim":
        GradingRun.objects.update(state=RunState.RUNNING, leased_until=now - SECOND, claims=queue.patience.MOST_CLAIMS)
    append = ledger.append

    def fails(*, attempt: Attempt, **rest: Any) -> Event:
        if attempt.pk == bad.attempt_id:
            raise ValueError("something in its row")
        return append(attempt=attempt, **rest)

    monkeypatch.setattr(ledger, "append", fails)
    assert getattr(queue, step)(now=now) == 1
    states = {"enlist": RunState.WAITING, "release": RunState.WAITING, "reclaim": RunState.PLATFORM_FAULT}
    run = queue.last_run(good)
    assert run is not None
    assert run.state == states[step]
    assert f"ALERT: {'submission' if step == 'enlist' else 'run'}" in caplog.text
    monkeypatch.undo()
    assert getattr(queue, step)(now=now) == 1


def test_what_ingest_refused_is_graded_at_once_with_its_reason(attempt: Attempt, now: datetime) -> None:
    submission = work.submit(attempt, None)
    queue.enlist(now=now)
    run = queue.last_run(submission)
    assert run is not None
    assert (run.state, run.verdict) == (RunState.GRADED, Verdict.rejected_ingest)
    assert "link.txt is a symbolic link" in run.because
    assert kinds(attempt) == ["run.graded"]
    assert queue.claim(worker="w1", now=now) is None


def test_a_claim_is_a_lease_with_a_new_fence(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    held = claim(now)
    run = GradingRun.objects.get()
    assert (run.state, run.fence, run.claims, run.worker) == (RunState.RUNNING, 1, 1, "w1")
    assert run.leased_until == now + queue.patience.LEASE
    assert held.fence == 1
    assert queue.claim(worker="w2", now=now) is None
    assert kinds(attempt) == ["run.queued", "run.started"]


def test_a_result_is_kept_once_with_its_cells_and_its_ledger_row(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    held = claim(now)
    queue.finish(held, finding(), now=now + SECOND)
    run = GradingRun.objects.get()
    assert (run.state, run.verdict, run.finished_at, run.leased_until) == (
        RunState.GRADED,
        Verdict.verified,
        now + SECOND,
        None,
    )
    assert (run.mutants_killed, run.mutants_total) == (2, 2)
    assert run.cells.count() == 1
    with pytest.raises(queue.LeaseLost):
        queue.finish(held, finding(Verdict.weak), now=now + SECOND)
    assert GradingRun.objects.get().verdict == Verdict.verified
    assert Cell.objects.count() == 1
    assert kinds(attempt) == ["run.queued", "run.started", "run.graded"]
    assert ledger.verify(attempt.pk) is None


FITTING: dict[RunState, dict[str, Any]] = {
    RunState.WAITING: {},
    RunState.RUNNING: {"leased_until": NOON},
    RunState.HELD: {"visible_verdict": "verified", "visible_at": NOON, "leased_until": None},
    RunState.GRADED: {"verdict": "weak", "finished_at": NOON},
    RunState.PLATFORM_FAULT: {"finished_at": NOON},
}


@pytest.mark.parametrize("old", RunState)
@pytest.mark.parametrize("new", RunState)
def test_the_database_knows_the_same_moves_of_a_run(attempt: Attempt, old: RunState, new: RunState) -> None:
    submission = work.submit(attempt, work.tree())
    run = GradingRun.objects.create(submission=submission, learner=attempt.learner, state=old, **FITTING[old])
    changed = GradingRun.objects.filter(pk=run.pk)
    if old == new:
        return
    if new in queue.MOVES[old]:
        assert changed.update(state=new, **FITTING[new]) == 1
    else:
        with pytest.raises(IntegrityError, match=r"a run (cannot go|that has ended)"), transaction.atomic():
            changed.update(state=new, **FITTING[new])


def test_what_is_graded_and_its_cells_stay_as_they_are(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    held = claim(now)
    with pytest.raises(IntegrityError, match="fence only grows"), transaction.atomic():
        GradingRun.objects.update(fence=held.fence - 1)
    queue.finish(held, finding(Verdict.weak), now=now + SECOND)
    with pytest.raises(IntegrityError, match="that has ended"), transaction.atomic():
        GradingRun.objects.update(verdict=Verdict.verified)
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        Cell.objects.update(result="as_required")
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        Cell.objects.all().delete()


def test_a_late_result_of_an_older_claim_is_refused(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    old = claim(now, "slow")
    later = now + queue.patience.LEASE
    assert queue.reclaim(now=later - MICROSECOND) == 0
    assert queue.reclaim(now=later) == 1
    new = claim(later + queue.patience.BACKOFF[0], "quick")
    assert (old.fence, new.fence) == (1, 2)
    with pytest.raises(queue.LeaseLost):
        queue.keep(old, done=1, total=2, now=later)
    with pytest.raises(queue.LeaseLost):
        queue.finish(old, finding(Verdict.weak), now=later)
    queue.finish(new, finding(), now=later)
    with pytest.raises(queue.LeaseLost):
        queue.finish(old, finding(Verdict.weak), now=later)
    assert GradingRun.objects.get().verdict == Verdict.verified
    assert Cell.objects.count() == 1


def test_a_renewed_lease_is_not_reclaimed(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    held = claim(now)
    queue.keep(held, done=3, total=9, now=now + 20 * SECOND)
    assert queue.reclaim(now=now + queue.patience.LEASE) == 0
    assert GradingRun.objects.get().cells_done == 3


def test_a_fault_of_ours_puts_the_run_back_and_it_waits_a_little_longer_each_time(
    attempt: Attempt, now: datetime
) -> None:
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    at = now
    for pause in queue.patience.BACKOFF:
        held = claim(at)
        assert queue.give_back(held, "EngineTimeout: slow", now=at) == RunState.WAITING
        assert queue.claim(worker="w2", now=at + pause - MICROSECOND) is None
        at += pause
    assert GradingRun.objects.get().last_fault == "EngineTimeout: slow"
    assert GradingRun.objects.get().verdict == ""


def test_patience_that_is_changed_is_the_patience_that_is_had(
    attempt: Attempt, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers of the tests are in a hurry; a second name for one of these would be changed without effect."""
    monkeypatch.setattr(queue.patience, "LEASE", 2 * SECOND)
    monkeypatch.setattr(queue.patience, "BACKOFF", (3 * SECOND,))
    monkeypatch.setattr(queue.patience, "MOST_CLAIMS", 2)
    monkeypatch.setattr(queue.patience, "EXPECTED_SECONDS", {"run": 77.0, "hand_in": 99.0})
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    place = queue.place(GradingRun.objects.get(), now=now)
    assert place is not None
    assert place.wait_seconds == 77
    queue.keep(claim(now), done=0, total=1, now=now)
    assert queue.reclaim(now=now + 2 * SECOND - MICROSECOND) == 0
    at = now + 2 * SECOND
    assert queue.reclaim(now=at) == 1
    assert queue.claim(worker="w", now=at + 3 * SECOND - MICROSECOND) is None
    again = claim(at + 3 * SECOND)
    assert queue.give_back(again, "it failed", now=at + 4 * SECOND) == RunState.PLATFORM_FAULT
    assert not {"LEASE", "BACKOFF", "MOST_CLAIMS", "SERVED_WITHIN", "EXPECTED_SECONDS"} & set(vars(queue))


def test_a_submission_that_keeps_killing_its_worker_ends_as_our_fault_and_calls_an_operator(
    attempt: Attempt, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    submission = work.submit(attempt, work.tree())
    queue.enlist(now=now)
    at = now
    for _ in range(queue.patience.MOST_CLAIMS):
        claim(at)
        at += queue.patience.LEASE
        with caplog.at_level(logging.CRITICAL):
            queue.reclaim(now=at)
        at += max(queue.patience.BACKOFF)
    run = GradingRun.objects.get()
    assert (run.state, run.verdict, run.claims) == (RunState.PLATFORM_FAULT, "", queue.patience.MOST_CLAIMS)
    assert "ALERT" in caplog.text
    assert queue.claim(worker="w1", now=at) is None
    assert kinds(attempt)[-1] == "run.gave_up"

    again = queue.try_again(submission=submission, actor=None, reason="The engine was full.", now=at)
    assert (again.try_number, again.state) == (2, RunState.WAITING)
    assert claim(at).run_id == again.pk


def test_only_what_the_platform_gave_up_on_is_tried_again(attempt: Attempt, now: datetime) -> None:
    submission = work.submit(attempt, work.tree())
    with pytest.raises(queue.NothingToRepeat):
        queue.try_again(submission=submission, actor=None, reason="Why not.", now=now)
    queue.enlist(now=now)
    queue.finish(claim(now), finding(), now=now)
    with pytest.raises(queue.NothingToRepeat):
        queue.try_again(submission=submission, actor=None, reason="Why not.", now=now)
    assert GradingRun.objects.count() == 1


def test_of_those_not_served_yet_whoever_is_nearest_the_deadline_is_next(now: datetime) -> None:
    early = work.live(learner("early"), started_at=now - timedelta(minutes=70))
    late = work.live(learner("late"), started_at=now - timedelta(minutes=5))
    done = work.live(learner("done"), started_at=now)
    practice_late = work.submit(late, work.tree())
    practice_early = work.submit(early, work.tree())
    hand_in = work.submit(done, work.tree(), hand_in=True)
    queue.enlist(now=now)
    order = [claim(now).submission.pk for _ in range(3)]
    assert order == [practice_early.pk, practice_late.pk, hand_in.pk]


def test_one_run_of_a_learner_is_in_flight_at_a_time(attempt: Attempt, now: datetime) -> None:
    first = work.submit(attempt, work.tree())
    second = work.submit(attempt, work.tree())
    queue.enlist(now=now)
    held = claim(now)
    assert held.submission == first
    assert queue.claim(worker="w2", now=now) is None
    queue.finish(held, finding(), now=now)
    assert claim(now).submission == second


def test_the_database_itself_refuses_two_running_runs_of_one_learner(attempt: Attempt, now: datetime) -> None:
    work.submit(attempt, work.tree())
    work.submit(attempt, work.tree())
    queue.enlist(now=now)
    with pytest.raises(Exception, match="grading_run_one_in_flight_per_learner"):
        GradingRun.objects.update(state=RunState.RUNNING, leased_until=now)


def test_a_learner_who_asks_often_does_not_keep_others_waiting(now: datetime) -> None:
    busy = work.live(learner("busy"), started_at=now - timedelta(minutes=80))
    other = work.live(learner("other"), started_at=now)
    for _ in range(4):
        work.submit(busy, work.tree())
    patient = work.submit(other, work.tree())
    queue.enlist(now=now)
    first = claim(now)
    assert first.submission.attempt_id == busy.pk
    queue.finish(first, finding(), now=now)
    assert claim(now).submission == patient


def test_the_place_in_the_queue_and_an_honest_wait(cast: Cast, now: datetime) -> None:
    mine = work.submit(work.live(cast.learner, started_at=now), work.tree())
    queue.enlist(now=now)
    run = queue.last_run(mine)
    assert run is not None
    place = queue.place(run, now=now)
    assert place is not None
    assert (place.position, place.wait_seconds) == (1, round(queue.patience.EXPECTED_SECONDS["run"]))
    assert "first guess" in place.basis

    long_ago = now - timedelta(minutes=90)  # its stage has just closed: the hidden cells are to be run too
    theirs = work.submit(work.live(cast.other_learner, started_at=long_ago), work.tree(), hand_in=True)
    queue.enlist(now=now)
    place = queue.place(run, now=now)
    assert place is not None
    assert (place.position, place.wait_seconds) == (1, round(queue.patience.EXPECTED_SECONDS["run"]))
    hidden = queue.last_run(theirs)
    assert hidden is not None
    place = queue.place(hidden, now=now)
    assert place is not None
    assert place.position == 2
    assert place.wait_seconds == round(
        queue.patience.EXPECTED_SECONDS["run"] + queue.patience.EXPECTED_SECONDS["hand_in"]
    )
    assert place.wait_seconds_at_most == 2 * place.wait_seconds

    held = claim(now)
    assert held.submission == mine
    queue.finish(held, finding(), now=now + 4 * SECOND)
    place = queue.place(hidden, now=now)
    assert place is not None
    assert place.position == 1
    run.refresh_from_db()
    assert queue.place(run, now=now) is None


def test_practice_runs_without_a_verdict_are_counted_for_the_limit(attempt: Attempt, now: datetime) -> None:
    assert queue.ungraded_practice_runs(attempt.pk) == 0
    work.submit(attempt, work.tree())
    work.submit(attempt, work.tree())
    work.submit(attempt, work.tree(), hand_in=True)
    assert queue.ungraded_practice_runs(attempt.pk) == 2
    queue.enlist(now=now)
    while (held := queue.claim(worker="w", now=now)) is not None:
        queue.finish(held, finding(), now=now)
    assert queue.ungraded_practice_runs(attempt.pk) == 0


@pytest.mark.parametrize("state", list(RunState))
def test_the_moves_of_a_run_are_those_on_the_table(state: RunState) -> None:
    ends = {RunState.GRADED, RunState.PLATFORM_FAULT}
    assert (queue.MOVES[state] == frozenset()) == (state in ends)


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_each_run_once(now: datetime) -> None:
    for name in range(6):
        work.submit(work.live(learner(f"l{name}")), work.tree())
    queue.enlist(now=now)
    taken: list[int] = []
    barrier = threading.Barrier(8)

    def work_on() -> None:
        barrier.wait()
        for _ in range(6):
            held = queue.claim(worker=threading.current_thread().name, now=now)
            if held is not None:
                taken.append(held.run_id)
        connection.close()

    threads = [threading.Thread(target=work_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 6
    assert set(GradingRun.objects.values_list("fence", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_two_workers_cannot_start_two_runs_of_one_learner(cast: Cast, now: datetime) -> None:
    attempt = work.live(cast.learner)
    for _ in range(4):
        work.submit(attempt, work.tree())
    queue.enlist(now=now)
    barrier = threading.Barrier(4)
    held: list[queue.Claim | None] = []

    def work_on() -> None:
        barrier.wait()
        held.append(queue.claim(worker="w", now=now))
        connection.close()

    threads = [threading.Thread(target=work_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None for each in held) == 1
    assert GradingRun.objects.filter(state=RunState.RUNNING).count() == 1


def test_a_hand_in_is_enlisted_when_its_window_is_long_over(cast: Cast, now: datetime) -> None:
    attempt = work.live(cast.learner, started_at=now - timedelta(hours=9))
    work.submit(attempt, work.tree(), hand_in=True)
    assert queue.enlist(now=now) == 1
