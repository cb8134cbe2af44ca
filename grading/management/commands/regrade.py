"""`manage.py regrade RUN --because '…'`: queue a run afresh after the platform gave up on it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from exams import doorbell
from exams.database_clock import database_now
from exams.models import Submission
from grading import queue

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Queue a run afresh after the platform gave up on it (state platform_fault)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=uuid.UUID, help="id of the run, as the API and the alert name it")
        parser.add_argument("--because", required=True, help="why it will work now; goes into the ledger")

    def handle(self, *_: Any, **options: Any) -> None:
        submission = Submission.objects.filter(pk=options["run"]).first()
        if submission is None:
            raise CommandError(f"There is no run {options['run']}. Copy the id from the alert.")
        try:
            run = queue.try_again(submission=submission, actor=None, reason=options["because"], now=database_now())
        except queue.NothingToRepeat as refused:
            raise CommandError(str(refused)) from refused
        doorbell.ring("grading.tasks.grade_waiting")
        self.stdout.write(f"Run {submission.pk} waits for try {run.try_number}.")
