"""Prints what was done to a person, by whom and when, and checks that no record of it was altered."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from accounts import acts
from accounts.models import Act, User


class Command(BaseCommand):
    help = (
        "Print what was done to the person with this address, oldest first; without one, only check everybody's "
        "record. Exit status 1 and the first broken entry of each when one is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?")

    def handle(self, *_: object, email: str | None, **__: object) -> None:
        people = User.objects.order_by("pk")
        if email is not None:
            people = people.filter(email__iexact=email)
            if not people:
                raise CommandError(f"Nobody has the address {email}. Check it.")
            for act in Act.objects.filter(whom=people[0]).select_related("by").order_by("seq"):
                by = f"{act.by} at {act.via}" if act.by else act.via
                changes = json.dumps(act.changes, ensure_ascii=False, sort_keys=True)
                self.stdout.write(f"{act.at:%Y-%m-%d %H:%M:%S.%f} UTC  {act.kind}  {changes}  by {by}  {act.reason}")
        broken = [found for person in people if (found := acts.verify(person)) is not None]
        for found in broken:
            self.stdout.write(f"{found.email}: entry {found.seq} is broken: {found.why}")
        self.stderr.write(f"{len(people) - len(broken)} record(s) whole, {len(broken)} broken")
        if broken:
            raise SystemExit(1)
