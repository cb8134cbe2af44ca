"""Prints how the scores of signed reviews go with the length of the post-mortem."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rubrics.length import FEWEST, correlations


class Command(BaseCommand):
    help = "Rank correlation of each dimension's scores with the length of the post-mortem, over signed reviews."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("twin", nargs="?", default="jt-incident-4", help="its slug (jt-incident-4)")

    def handle(self, *_: object, **options: Any) -> None:
        found = correlations(options["twin"])
        if not found:
            self.stdout.write("No signed review of this twin has a document.")
        for each in found:
            rho = "all alike" if each.rho is None else f"{each.rho:+.2f}"
            doubt = "" if each.says_something else f"   (fewer than {FEWEST}: says nothing yet)"
            self.stdout.write(f"{each.dimension:24} {rho:>9}   {each.reviews} reviews{doubt}")
