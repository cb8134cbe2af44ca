"""Doorways from the work queue: each reads the clock, makes one call, and may run twice or be lost without harm."""

from __future__ import annotations

import logging
import uuid

from celery import shared_task
from django.conf import settings

from exams import doorbell, stock
from exams.coworkers.speaking import speak_due
from exams.database_clock import database_now
from exams.live.deployments import go_live as announce
from exams.live.lost_pushes import find_lost_pushes as find
from exams.live.questions import answer_waiting, attempts_with_waiting_questions
from exams.live.uploads import expire_uploads as expire
from exams.models import Heartbeat
from exams.submit import ask_again as ask_again_of
from exams.submit import close_overdue as close
from exams.submit import to_ask_again
from exams.submit.ingesting import ingest, waiting
from sandboxes import engine

log = logging.getLogger(__name__)

AT_ONCE = 20  # of one queue in one task, so that a restart never has long to wait


@shared_task(name="exams.tasks.beat", soft_time_limit=5, time_limit=10)
def beat() -> None:
    """Say that the timetable and a worker are alive."""
    Heartbeat.objects.update_or_create(part="beat", defaults={"at": database_now(), "detail": {"ok": True}})


@shared_task(name="exams.tasks.close_overdue", soft_time_limit=30, time_limit=40)
def close_overdue() -> None:
    """Close every stage whose deadline has come."""
    closed = close(database_now())
    if closed:
        log.info("Closed %s stages whose deadline had come", closed)


@shared_task(name="exams.tasks.speak", soft_time_limit=30, time_limit=40)
def speak() -> None:
    """Write what the people in the room have to say by now."""
    speak_due(database_now)


@shared_task(name="exams.tasks.ingest_waiting", soft_time_limit=240, time_limit=270)
def ingest_waiting() -> None:
    """Take in the sources that wait."""
    for submission_id in waiting(now=database_now(), most=AT_ONCE):
        ingest(submission_id, database_now())


@shared_task(name="exams.tasks.ask_again", soft_time_limit=240, time_limit=270)
def ask_again() -> None:
    """Ask strangers' servers, once the stage has closed, whether a hand-in's branch was rewritten."""
    for submission_id in to_ask_again(most=3):  # each may take a minute of a server that hardly answers
        ask_again_of(submission_id, database_now())


@shared_task(name="exams.tasks.answer_questions", soft_time_limit=240, time_limit=270)
def answer_questions(attempt_id: str | None = None) -> None:
    """Answer the waiting questions of one attempt, or of those that have waited longest."""
    if attempt_id is not None:
        attempts = [uuid.UUID(attempt_id)]
    else:
        attempts = attempts_with_waiting_questions(now=database_now(), most=AT_ONCE)
    for each in attempts:
        answer_waiting(attempt_id=each, sandbox=engine.sandbox(), now=database_now())


@shared_task(name="exams.tasks.go_live", soft_time_limit=30, time_limit=40)
def go_live() -> None:
    """Announce the deployments that have gone live."""
    announce(database_now())


@shared_task(name="exams.tasks.expire_uploads", soft_time_limit=20, time_limit=30)
def expire_uploads() -> None:
    """Mark the commitments whose bytes never came."""
    expire(database_now())


@shared_task(name="exams.tasks.find_lost_pushes", soft_time_limit=60, time_limit=90)
def find_lost_pushes() -> None:
    """Ledger what git took in the instant of a crash."""
    found = find(database_now())
    if found:
        log.warning("Ledgered %s pushes that a crash had left out", found)


@shared_task(name="exams.tasks.fill_stock", soft_time_limit=570, time_limit=590)
def fill_stock() -> None:
    """Draw one incident that the stock lacks, and ring for the next; one that fails waits for the timetable."""
    stock.sweep(now=database_now())
    if stock.draw_next(at_least=settings.HOTSEAT_STOCK, now=database_now()) == stock.Outcome.DRAWN:
        doorbell.ring("exams.tasks.fill_stock")
