"""Verifies the hash chain of ledgers and names the first broken event."""

from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from exams import ledger
from exams.models import Attempt


class Command(BaseCommand):
    help = "Verify the ledger of one attempt, or of all; exit status 1 and the first broken event when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("attempt", nargs="?", help="an attempt's id; none: every attempt")

    def handle(self, *_: object, attempt: str | None, **__: object) -> None:
        whole = 0
        broken = []
        for attempt_id in _wanted(attempt):
            found = ledger.verify(attempt_id)
            if found is None:
                whole += 1
            else:
                broken.append(found)
                self.stdout.write(f"attempt {found.attempt_id}: event {found.seq} is broken: {found.why}")
        self.stderr.write(f"{whole} ledger(s) whole, {len(broken)} broken")
        if broken:
            raise SystemExit(1)


def _wanted(attempt: str | None) -> list[UUID]:
    attempts = Attempt.objects.order_by("created_at")
    if attempt is None:
        return list(attempts.values_list("pk", flat=True))
    try:
        wanted = UUID(attempt)
    except ValueError:
        raise CommandError(f"{attempt!r} is not an attempt's id; it looks like a UUID.") from None
    if not attempts.filter(pk=wanted).exists():
        raise CommandError(f"There is no attempt {wanted}.")
    return [wanted]
