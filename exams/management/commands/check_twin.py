"""Checks a twin's folder and names each fault with file and line."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from exams import twins
from exams.twins.wording import did_you_mean


class Command(BaseCommand):
    help = "Check twins: a folder with a twin.toml, or the slug of one of ours. Exit status 1 when there is a fault."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("twins", nargs="*", metavar="PATH|SLUG", help="none: every twin of this installation")

    def handle(self, *_: object, **options: list[str]) -> None:
        faulty = 0
        for name in options["twins"] or twins.slugs():
            folder = _folder(name)
            faults = twins.check(folder)
            for fault in faults:
                self.stdout.write(str(fault))
            faulty += bool(faults)
            self.stderr.write(f"{folder.name}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
        if faulty:
            raise SystemExit(1)


def _folder(name: str) -> Path:
    given = Path(name)
    if given.name == "twin.toml":
        return given.parent.resolve()
    if given.is_dir():
        return given.resolve()
    if name not in twins.slugs():
        raise CommandError(f"{name!r} is neither a folder nor a twin of ours{did_you_mean(name, twins.slugs())}")
    return twins.CONTENT / name
