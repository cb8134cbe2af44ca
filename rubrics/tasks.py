"""Doorways of the work queue to judgement: each reads the clock once and finds its work in the database."""

from celery import shared_task

from exams.database_clock import database_now
from rubrics import review, sla


@shared_task(name="rubrics.tasks.open_reviews", time_limit=120)
def open_reviews() -> None:
    """Opens a review for every attempt that is closed and graded and has none."""
    review.open_waiting(now=database_now())


@shared_task(name="rubrics.tasks.keep_time", time_limit=120)
def keep_time() -> None:
    """Nudges mentors, returns overdue reviews to the queue, and sends what is to be told."""
    now = database_now()
    sla.nudge(now=now)
    sla.expire(now=now)
    sla.send_notices(now=now)
