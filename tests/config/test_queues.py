"""Who waits behind whom: each queue has a worker, and what learners do to the live model is behind nobody's run."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from config.celery import app
from deploy.local import programs
from deploy.local.places import Home

LIVE = ("exams.tasks.answer_questions", "grading.tasks.replay_deployments", "grading.tasks.check_diagnoses")
STOCK = ("exams.tasks.fill_stock", "grading.tasks.replay_stock")
GRADES = ("grading.tasks.grade_waiting", "grading.tasks.reduce_repros")


def queue_of(task: str) -> str:
    return str(app.amqp.router.route({}, task)["queue"].name)


def workers(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """The command of the worker of each queue."""
    found = {}
    for program in programs.platform(Home("platform", tmp_path), host="127.0.0.1", port=1):
        if "-Q" in program.argv:
            for queue in program.argv[program.argv.index("-Q") + 1].split(","):
                found[queue] = program.argv
    return found


def test_what_learners_do_to_the_live_model_never_waits_behind_a_run() -> None:
    assert not {queue_of(task) for task in LIVE} & {queue_of(task) for task in GRADES}


def test_a_learners_replay_never_waits_behind_the_drawing_of_incidents(tmp_path: Path) -> None:
    assert not {queue_of(task) for task in LIVE} & {queue_of(task) for task in STOCK}
    served = workers(tmp_path)
    assert not {served[queue_of(task)] for task in LIVE} & {served[queue_of(task)] for task in STOCK}


def test_a_run_gets_its_place_without_a_process_that_grades() -> None:
    assert queue_of("grading.tasks.enlist_runs") == "exams"


def test_every_task_of_the_timetable_has_a_worker(tmp_path: Path) -> None:
    served = workers(tmp_path)
    assert {queue_of(task) for task in app.conf.beat_schedule} <= set(served)


def test_deployments_leave_a_process_for_questions(tmp_path: Path) -> None:
    argv = workers(tmp_path)["live"]
    assert int(argv[argv.index("-c") + 1]) > settings.HOTSEAT_REPLAYS_AT_ONCE
