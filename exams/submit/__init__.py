"""What is handed in: by the learner, by the deadline, late; and how its sources are taken in."""

from exams.submit.closing import close_overdue
from exams.submit.granting import grant_late
from exams.submit.hand_ins import hand_in
from exams.submit.ingesting import ingest
from exams.submit.runs import offer_run, ungraded_runs

__all__ = ["close_overdue", "grant_late", "hand_in", "ingest", "offer_run", "ungraded_runs"]
