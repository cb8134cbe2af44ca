"""Begins a new failure class of the hallucinating assistant."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from exams.packs.hallucination.authoring import CannotBegin, new_class

NEXT = """
Now, as docs/guides/twin-author.md tells:
  1. fill them in: two faults or more, three other right fixes of each, the class's own wrong fixes, the rule of scope;
  2. list {key} in exams/packs/hallucination/hidden/__init__.py;
  3. python manage.py prove_pack --quick --class {key} --seeds 6      seconds, in this process, while you work
  4. python manage.py draw_incidents --class {key} --n 40             as hard with every seed?
  5. python manage.py prove_pack --class {key} --repeat 5             in containers: what counts
"""


class Command(BaseCommand):
    help = "Write the files of a new failure class, to be filled in."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="for example H15")
        parser.add_argument("--title", required=True, help="what it is called, for mentors")

    def handle(self, *_: object, key: str, title: str, **__: object) -> None:
        try:
            written = new_class(key, title)
        except CannotBegin as why:
            raise CommandError(str(why)) from why
        for path in written:
            self.stdout.write(f"written: {path.relative_to(path.parents[5])}")
        self.stdout.write(NEXT.format(key=key))
