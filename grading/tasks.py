"""Doorways of the work queue: each finds its work in the database, reads the clock, and calls one verb."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings

from exams import doorbell, wanted
from exams.database_clock import database_now
from exams.live.deployments import replays
from grading import deploying, health, queue, repro, repro_reducing, run
from grading.models import GradingRun, RunState
from sandboxes.engine import sandbox
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

ORPHANS_AFTER_SECONDS = 900.0  # longer than any task may take


def _note_health(now: datetime) -> None:
    health.note(sandbox(), now=now)


@shared_task(name="grading.tasks.enlist_runs", soft_time_limit=30, time_limit=40)
def enlist_runs() -> None:
    """Give what ingest finished, and what was held until its stage closed, a place in the queue; ring for the grading.

    It needs no container, so it does not wait for a process that grades: a learner sees where they stand at once.
    """
    now = database_now()
    if queue.enlist(now=now) + queue.release(now=now):
        doorbell.ring("grading.tasks.grade_waiting")


@shared_task(name="grading.tasks.grade_waiting", time_limit=600, soft_time_limit=570)
def grade_waiting() -> None:
    """Grade the next waiting run, if there is one and containers can be started; ring again if more wait.

    Before that, enlist what ingest finished, release what was held until its stage closed, and put back what a killed
    worker held. Kept twice, it grades two different runs.
    """
    now = database_now()
    queue.enlist(now=now)
    queue.release(now=now)
    queue.reclaim(now=now)
    if not GradingRun.objects.filter(state=RunState.WAITING).exists():
        return
    if not health.note(sandbox(), now=now):
        log.error("Runs wait, and no container can be started: %s", sandbox().health().faults)
        return
    held = queue.claim(worker=f"{socket.gethostname()}:{os.getpid()}", now=database_now())
    if held is None:
        return
    try:
        run.grade(held, sandbox=sandbox(), clock=database_now, also=_note_health)
    except queue.LeaseLost as lost:
        log.warning("A result was refused: %s", lost)
    if GradingRun.objects.filter(state=RunState.WAITING).exists():
        doorbell.ring("grading.tasks.grade_waiting")


@shared_task(name="grading.tasks.replay_deployments", time_limit=330, soft_time_limit=300)
def replay_deployments() -> None:
    """Replay customers' questions on the next deployment that waits; ring again if more wait.

    Before that, record the releases that older code left out, and put back what a killed worker held. Kept twice, it
    replays two different deployments.
    """
    replays.enlist()
    now = database_now()
    replays.reclaim(now=now)
    if not replays.waiting(now=now):
        return
    if not health.note(sandbox(), now=now):
        log.error("Deployments wait, and no container can be started: %s", sandbox().health().faults)
        return
    most = settings.HOTSEAT_REPLAYS_AT_ONCE
    held = replays.claim(worker=f"{socket.gethostname()}:{os.getpid()}", most=most, now=database_now())
    if held is None:
        return
    try:
        deploying.replay(held, sandbox=sandbox(), clock=database_now)
    except replays.LeaseLost as lost:
        log.warning("What a replay found was refused: %s", lost)
    if replays.waiting(now=database_now()):
        doorbell.ring("grading.tasks.replay_deployments")


@shared_task(name="grading.tasks.replay_stock", time_limit=330, soft_time_limit=300)
def replay_stock() -> None:
    """Replay the release of one incident in the stock, and ring for the next.

    The stock's one worker draws as well: while somebody waits for a drawing it does nothing else.
    """
    if wanted.how_many_wait(now=database_now()):
        return
    if deploying.replay_next():
        doorbell.ring("grading.tasks.replay_stock")


@shared_task(name="grading.tasks.check_diagnoses", time_limit=300)
def check_diagnoses() -> None:
    """Try the repro that has waited longest, and ring for the next: questions asked meanwhile come between."""
    repro.enlist()
    check = repro.claim(now=database_now())
    if check is not None and repro.check_one(check, sandbox=sandbox(), clock=database_now):
        doorbell.ring("grading.tasks.check_diagnoses")


@shared_task(name="grading.tasks.reduce_repros", time_limit=600, soft_time_limit=570)
def reduce_repros() -> None:
    """Find out which questions of a repro were needed, one repro after the other, when nobody's run waits."""
    repro_reducing.enlist(now=database_now())
    while not GradingRun.objects.filter(state=RunState.WAITING).exists():
        row = repro_reducing.claim(now=database_now())
        if row is None or not repro_reducing.reduce_one(row, sandbox=sandbox(), clock=database_now):
            return


@shared_task(name="grading.tasks.watch_sandbox", time_limit=60)
def watch_sandbox() -> None:
    """Say whether containers can be started."""
    _note_health(database_now())


@shared_task(name="grading.tasks.sweep_sandboxes", time_limit=120)
def sweep_sandboxes() -> None:
    """Remove containers that a crash left behind."""
    try:
        removed = sandbox().sweep(older_than_s=ORPHANS_AFTER_SECONDS)
    except SandboxFault as fault:
        log.warning("Could not look for orphaned containers: %s", fault)
        return
    if removed:
        log.warning("Removed %s containers that a crash had left behind", removed)
