"""Publishes the twins of this installation; the same content again publishes nothing."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exams import twins
from exams.database_clock import database_now


class Command(BaseCommand):
    help = "Publish every twin whose content changed, as a new version. Demonstration twins only with --demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="demonstration twins too (as with HOTSEAT_DEMO=1)")

    def handle(self, *_: object, demo: bool, **__: object) -> None:
        refused = []
        for slug in twins.slugs():
            try:
                definition = twins.read(twins.CONTENT / slug)
            except twins.NotATwin as faulty:
                refused += [str(fault) for fault in faulty.faults]
                continue
            if definition.get("demo") and not (demo or settings.HOTSEAT_DEMO):
                continue
            if not definition.get("pack"):
                refused.append(f"{slug}: a twin without an incident pack can be written but not yet sat; name a pack")
                continue
            version, new = twins.publish(definition, now=database_now())
            self.stdout.write(f"{version} {'published' if new else 'unchanged'}")
        if refused:
            raise CommandError("Not published, because of:\n" + "\n".join(refused))
