"""The doorways of the work queue: they find their work, and stand still when containers cannot be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exams.database_clock import database_now
from exams.models import Heartbeat
from grading import queue, tasks
from grading.models import GradingRun, ReproCheck, RunState
from grading.verdicts import Verdict
from sandboxes.sandbox import EngineUnreachable, Health
from tests.grading import work
from tests.grading.test_repro import diagnose, wrong_question

if TYPE_CHECKING:
    from exams.models import Attempt
    from sandboxes.fake_sandbox import FakeSandbox


class Away:
    """A sandbox whose engine does not answer."""

    def health(self) -> Health:
        return Health(reachable=False, image_present=False, isolates=True, faults=("No engine answers.",))

    def sweep(self, *, older_than_s: float) -> int:
        raise EngineUnreachable(f"no engine to ask for containers older than {older_than_s} s")


@pytest.mark.django_db
def test_a_run_has_its_place_in_the_queue_before_any_process_that_grades_is_free(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)))
    monkeypatch.setattr("exams.doorbell.ring", rung.append)
    tasks.enlist_runs()
    run = GradingRun.objects.get()
    place = queue.place(run, now=database_now())
    assert run.state == RunState.WAITING
    assert place is not None
    assert place.position == 1
    tasks.enlist_runs()
    assert rung == ["grading.tasks.grade_waiting"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("once")
def test_waiting_runs_are_graded_one_at_a_time_and_the_bell_is_rung_for_the_rest(
    fake: FakeSandbox, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    monkeypatch.setattr("exams.doorbell.ring", rung.append)
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)))
    work.submit(attempt, None)
    work.submit(attempt, work.tree(work.VACUOUS, spec=work.spec_of(attempt)))
    tasks.grade_waiting()
    assert rung == ["grading.tasks.grade_waiting"]
    tasks.grade_waiting()
    tasks.grade_waiting()
    assert rung == ["grading.tasks.grade_waiting"]
    verdicts = GradingRun.objects.order_by("submission__number").values_list("verdict", flat=True)
    assert list(verdicts) == [Verdict.verified, Verdict.rejected_ingest, Verdict.not_reproducing]


@pytest.mark.django_db
def test_no_claim_is_spent_while_containers_cannot_be_started(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "sandbox", Away)
    work.submit(attempt, work.tree())
    for _ in range(10):
        tasks.grade_waiting()
    run = GradingRun.objects.get()
    assert (run.state, run.claims) == (RunState.WAITING, 0)
    assert Heartbeat.objects.get(part="sandbox").detail == {"ok": False, "detail": "No engine answers."}
    tasks.sweep_sandboxes()  # says so in the log, and is asked again in a minute


@pytest.mark.django_db
def test_the_health_of_the_sandbox_is_written_down_for_the_readiness_page(
    fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    tasks.watch_sandbox()
    said = Heartbeat.objects.get(part="sandbox").detail
    assert said["ok"]
    assert "does not isolate" in said["detail"]


@pytest.mark.django_db
def test_waiting_repros_are_tried_one_by_one_and_the_bell_is_rung_for_the_next(
    fake: FakeSandbox, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    diagnose(attempt, wrong_question(attempt))
    diagnose(attempt, "Good morning")
    monkeypatch.setattr("exams.doorbell.ring", rung.append)
    for tried in (1, 2, 2):
        tasks.check_diagnoses()
        assert ReproCheck.objects.exclude(checked_at=None).count() == tried
    assert rung == ["grading.tasks.check_diagnoses"] * 2
    assert list(ReproCheck.objects.order_by("pk").values_list("reproduces", flat=True)) == [True, False]
