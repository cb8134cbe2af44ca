"""Publishes the twins of this installation; the same content again publishes nothing. Says first what would change."""

import sys
from argparse import ArgumentParser
from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from exams import editions, twins
from exams.database_clock import database_now
from exams.editions import Change

_LINES = 12  # of differences, but with --verbosity 2


class Command(BaseCommand):
    help = (
        "Publish every twin whose content changed, as a new version. Says what changes and for whom, and asks if "
        "somebody is at the terminal. Demonstration twins only with --demo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="demonstration twins too (as with HOTSEAT_DEMO=1)")
        parser.add_argument("--preview", action="store_true", help="say what would change, and publish nothing")
        parser.add_argument("--noinput", "--no-input", action="store_true", help="do not ask, also at a terminal")

    def handle(self, *_: object, demo: bool, preview: bool, noinput: bool, verbosity: int, **__: object) -> None:
        """1. Read every twin. 2. Say what changes. 3. Ask, if there is somebody to ask. 4. Publish."""
        found, refused = _read(demo=demo or settings.HOTSEAT_DEMO)
        changes = {slug: editions.change(definition) for slug, definition in found.items()}
        changing = {slug for slug, change in changes.items() if change.is_one}
        for change in changes.values():
            if change.is_one and (preview or change.before):
                for line in _told(change, changing, most=None if verbosity > 1 else _LINES):
                    self.stdout.write(line)
        if preview:
            self.stdout.write("This was a preview: nothing was published." if changing else "Nothing would change.")
        elif any(changes[slug].before for slug in changing) and not noinput and self._declined():
            raise CommandError("Nothing was published.")
        else:
            for definition in found.values():
                version, new = twins.publish(definition, now=database_now())
                if version.slug in changing or verbosity:
                    how = "published" if new else "back in force" if version.slug in changing else "unchanged"
                    self.stdout.write(f"{version} {how}")
        if refused:
            raise CommandError("Not published, because of:\n" + "\n".join(refused))

    def _declined(self) -> bool:
        """Whether somebody is at the terminal and says no; where nobody can be asked, the command goes on."""
        if not (sys.stdin.isatty() and self.stdout.isatty()):
            return False
        return input("Publish this? Type yes to go on: ").strip().lower() != "yes"


def _read(*, demo: bool) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The definitions that can be published, by slug; and why others cannot."""
    found, refused = {}, []
    for slug in twins.slugs():
        try:
            definition = twins.read(twins.CONTENT / slug)
        except twins.NotATwin as faulty:
            refused += [str(fault) for fault in faulty.faults]
            continue
        if definition.get("demo") and not demo:
            continue
        if not definition.get("pack"):
            refused.append(f"{slug}: a twin without an incident pack can be written but not yet sat; name a pack")
            continue
        found[slug] = definition
    return found, refused


def _told(change: Change, changing: Collection[str], *, most: int | None) -> Iterator[str]:
    """What an admin should know before this is published."""
    if change.before is None:
        yield f"{change.slug}: v{change.after}, the first that is published"
    else:
        also = [each for each in twins.extended(twins.CONTENT / change.slug) if each in changing]
        why = f", which extends {also[0]}" if also else ""
        back = ", published before" if change.back else ""
        yield f"{change.slug}{why}: v{change.before} → v{change.after}{back}"
    for line in change.differs[:most]:
        yield f"    {line}"
    if most is not None and len(change.differs) > most:
        yield f"    … and {len(change.differs) - most} more differences (all with --verbosity 2)"
    keeps, gets = change.keeps, change.gets
    kept = _counted(
        (keeps.live, "live"),
        (keeps.handed_in, "handed in"),
        (keeps.under_review, "under review"),
        (keeps.signed_off, "signed off"),
    )
    if kept:
        yield f"  attempts that keep their edition: {kept}"
    if change.before is not None:
        new = _counted(
            (gets.prepared, "prepared and not begun"),
            (gets.waiting, "waiting to start"),
            (gets.may_sit_again, "who may sit it again"),
        )
        yield f"  v{change.after} is for whoever starts from now on{f': {new}' if new else ''}"
    if gets.drawn:
        yield f"  incidents in the stock that are drawn anew: {gets.drawn}"


def _counted(*found: tuple[int, str]) -> str:
    return ", ".join(f"{number} {what}" for number, what in found if number)
