"""The work queue and its timetable: sweeps that finish what a crash began, and ring what a lost message forgot."""

import os

from celery import Celery

from config import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("hotseat")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["exams", "grading", "rubrics"])
warming.connect(app)

# Seconds between sweeps. `expires` keeps a stalled worker from waking to a pile of identical doorbells.
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds * 2, 5)}}
    for name, seconds in {
        "exams.tasks.beat": 2.0,
        "exams.tasks.close_overdue": 1.0,
        "exams.tasks.speak": 1.0,
        "exams.tasks.ingest_waiting": 5.0,
        "exams.tasks.ask_again": 30.0,
        "exams.tasks.answer_questions": 5.0,
        "exams.tasks.go_live": 1.0,
        "exams.tasks.expire_uploads": 30.0,
        "exams.tasks.find_lost_pushes": 30.0,
        "exams.tasks.fill_stock": 30.0,
        "grading.tasks.enlist_runs": 5.0,
        "grading.tasks.grade_waiting": 5.0,
        "grading.tasks.replay_deployments": 5.0,
        "grading.tasks.replay_stock": 30.0,
        "grading.tasks.check_diagnoses": 5.0,
        "grading.tasks.reduce_repros": 30.0,
        "grading.tasks.watch_sandbox": 5.0,
        "grading.tasks.sweep_sandboxes": 60.0,
        "rubrics.tasks.open_reviews": 5.0,
        "rubrics.tasks.keep_time": 30.0,
    }.items()
}
