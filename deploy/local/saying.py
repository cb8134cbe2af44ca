"""What the person at the terminal sees while things start: one line for each step, with what it came to."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

_console = Console(file=sys.stdout, highlight=False, soft_wrap=True)


@dataclass
class Step:
    """A step under way; `outcome` is printed beside it when it has ended."""

    name: str
    outcome: str = ""
    _begun: float = field(default_factory=time.monotonic)

    def note(self, words: str) -> None:
        """Say something worth knowing before the step has ended."""
        say(f"    … {words}")


@contextmanager
def step(name: str, doing: str = "") -> Iterator[Step]:
    """Show that a step is under way, then that it is done and how long it took."""
    now = Step(name)
    shown = f"  {name}: {doing}" if doing else f"  {name}"
    if not _console.is_terminal:  # no spinner in a log, so say at once what is going on
        say(f"  • {name}{': ' + doing if doing else ''}")
    try:
        with _console.status(shown):
            yield now
    except BaseException:
        say(f"  ✗ {name}")
        raise
    seconds = time.monotonic() - now._begun  # noqa: SLF001 - the other half of this module
    say(f"  ✓ {name}{': ' + now.outcome if now.outcome else ''} ({seconds:.1f} s)")


def say(line: str = "") -> None:
    """Print a line as it stands."""
    _console.print(line, markup=False)
