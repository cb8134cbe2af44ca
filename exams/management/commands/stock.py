"""Shows the stock of ready incidents, and fills it ahead of an exam."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from exams import stock, stock_levels
from exams.database_clock import database_now
from exams.start import NoSuchTwin, published


class Command(BaseCommand):
    help = "Show how many incidents are ready for each published twin; with --fill draw until there are that many."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--twin", help="this twin only")
        parser.add_argument("--fill", type=int, default=0, metavar="N", help="draw until a twin has N ready")

    def handle(self, *_: object, twin: str | None, fill: int, **__: object) -> None:
        try:
            if twin is not None:
                published(twin)
        except NoSuchTwin as unknown:
            raise CommandError(str(unknown)) from unknown
        stock.sweep(now=database_now())
        drawn = 0
        while (outcome := stock.draw_next(at_least=fill, twin=twin, now=database_now())) != stock.Outcome.FULL:
            drawn += outcome == stock.Outcome.DRAWN
            self.stdout.write(f"{drawn} drawn" if outcome == stock.Outcome.DRAWN else "one could not be drawn")
        levels = [level for level in stock_levels.levels(now=database_now()) if twin in {None, level.twin}]
        for level in levels:
            what = level.failure_class or "(its pack cannot be loaded)"
            failed = f", {level.failed} failed; the last one: {level.last_failure}" if level.failed else ""
            slow = f", {level.out_of_time} ran out of time within the hour: a busy machine" if level.out_of_time else ""
            self.stdout.write(f"{level.twin} {what}: {level.ready} ready, {level.making} being drawn{failed}{slow}")
        short = {
            level.twin for level in levels if sum(x.ready + x.making for x in levels if x.twin == level.twin) < fill
        }
        if short:
            raise CommandError(f"Fewer than {fill} are ready for {', '.join(sorted(short))}: the lines above say why.")
