"""What is handed in: by the learner, by the deadline, late; and how its sources are taken in."""

from exams.submit.asking_again import ask_again, to_ask_again
from exams.submit.closing import close_overdue
from exams.submit.granting import grant_late
from exams.submit.hand_ins import hand_in
from exams.submit.ingesting import ingest
from exams.submit.runs import offer_run, ungraded_runs

__all__ = [
    "ask_again",
    "close_overdue",
    "grant_late",
    "hand_in",
    "ingest",
    "offer_run",
    "to_ask_again",
    "ungraded_runs",
]
