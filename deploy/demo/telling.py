"""How the story is told at the terminal, and what stops it: something that does not hold."""

import re
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deploy.demo.api import Json, NotAsItShouldBe, Tell

say = Console(highlight=False, record=True)
_BEAT_SECONDS = 15.0  # as in `make up`


def picture(file: str) -> None:
    """Keep what was printed since the verdict as an SVG that fetches nothing, fonts included."""
    drawn = say.export_svg(title="make demo")
    drawn = re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    Path(file).write_text(drawn, encoding="utf-8")


def expect(what: str, *, holds: bool) -> None:
    """Check one thing the story rests on.

    Raises:
        NotAsItShouldBe: it does not hold.
    """
    if not holds:
        raise NotAsItShouldBe(f"It should hold that {what}, and it does not.")


def chapter(title: str) -> None:
    """A heading in the story."""
    say.print(f"\n[bold]{title}[/bold]")


def clock(body: Json, closes_at: str) -> str:
    """Minutes and seconds left on the server's clock."""
    left = datetime.fromisoformat(closes_at) - datetime.fromisoformat(body["server_now"])
    return f"{after(max(0.0, left.total_seconds()))} left"


def patience(words: str = "") -> Tell:
    """Who waits is not left in doubt: the words at once if there are any, then the seconds, four times a minute."""
    due = 0.0 if words else _BEAT_SECONDS

    def tell(seconds: float, where: str = "", /) -> None:
        nonlocal due
        if seconds >= due:
            say.print(f"    … {seconds:.0f} s{where and ': '}{where}" if due else f"  {words}", markup=False)
            due = (seconds // _BEAT_SECONDS + 1) * _BEAT_SECONDS

    return tell


def table_of(*headings: str, title: str | None = None) -> Table:
    """A table without upright lines: they do not meet in every font, and a picture is read in any."""
    return Table(*headings, title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def moment(iso: str) -> str:
    """A time of the server's as a person reads it, with its zone."""
    return f"{datetime.fromisoformat(iso):%d %b %Y, %H:%M:%S} UTC"


def after(seconds: float) -> str:
    """A distance in time: minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def show_run(run: Json) -> None:
    """What became of one run: each cell, why, and what to do next."""
    table = table_of("cell", "wanted", "got", "result", title=f"run {run['number']}: {run['verdict']['name']}")
    for cell in run["cells"]:
        table.add_row(cell["kind"], cell["wanted"], cell["got"], cell["result"])
    say.print(table)
    say.print(f"  why: {run['verdict']['because']}")
    if run["verdict"]["name"] != "verified":
        say.print(f"  next: {run['verdict']['next']}")
