"""The doorways from the work queue: named as the timetable names them, and harmless when there is nothing to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.celery import app
from exams import tasks
from exams.database_clock import database_now
from exams.models import HandIn, Heartbeat, Stage, Submission, SubmissionState
from sandboxes import engine
from sandboxes.fake_sandbox import FakeSandbox
from tests.attempts import live_attempt
from tests.people import Cast
from tests.work import committed, save, uploaded

pytestmark = pytest.mark.django_db


def test_every_task_of_the_timetable_exists_with_a_time_limit() -> None:
    names = [entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("exams.")]
    assert set(names) == {name for name in app.tasks if name.startswith("exams.tasks.")}
    for name in names:
        task = app.tasks[name]
        assert task.time_limit is not None
        assert task.soft_time_limit is not None
        assert task.soft_time_limit < task.time_limit < app.conf.task_time_limit


def test_with_nothing_to_do_nothing_happens_however_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "sandbox", FakeSandbox)
    for _ in range(2):
        for task in (tasks.close_overdue, tasks.ingest_waiting, tasks.answer_questions, tasks.expire_uploads):
            task()
    assert HandIn.objects.count() == 0


def test_beat_says_that_it_is_alive() -> None:
    tasks.beat()
    tasks.beat()
    heard = Heartbeat.objects.get(part="beat")
    assert heard.detail == {"ok": True}
    assert database_now() - heard.at < timedelta(seconds=10)


def test_the_sweeps_do_their_work_by_the_databases_clock(cast: Cast) -> None:
    ago = timedelta(minutes=100)
    attempt = live_attempt(cast.learner, started_at=database_now() - ago)
    at = database_now() - ago
    missing = committed(attempt, b"--- a/x\n", name="a.patch", at=at)
    upload = uploaded(attempt, b"--- a/x\n", name="fix.patch", at=at)
    save(attempt, "hotfix", {"mode": "file_upload", "upload": str(upload.pk)}, at=at)
    tasks.close_overdue()
    assert Stage.objects.get(attempt=attempt, key="live").closed_at is not None
    assert Stage.objects.get(attempt=attempt, key="postmortem").closed_at is None
    tasks.ingest_waiting()
    assert Submission.objects.get().state == SubmissionState.REJECTED
    tasks.expire_uploads()
    missing.refresh_from_db()
    assert missing.expired_at is not None
