"""Writes the API's description and compares it: `python -m deploy.local.schema NEW COMMITTED`."""

import difflib
import subprocess
import sys
from pathlib import Path

_LINES_SHOWN = 60


def write(file: Path) -> str:
    """Write the description of the API as it is now; return what the generator objected to, empty if nothing."""
    argv = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(file)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (ended.stderr or ended.stdout or "the generator failed silently") if ended.returncode else ""


def difference(fresh: Path, committed: Path) -> str:
    """How the committed description differs from the fresh one, as a diff; empty when it does not."""
    old = committed.read_text().splitlines() if committed.exists() else []
    return "\n".join(
        difflib.unified_diff(old, fresh.read_text().splitlines(), "committed", "as the code is", lineterm="")
    )


if __name__ == "__main__":
    fresh, committed = Path(sys.argv[1]), Path(sys.argv[2])
    objection = write(fresh) or "\n".join(difference(fresh, committed).splitlines()[:_LINES_SHOWN])
    sys.exit(objection or 0)  # an empty text would still be a failure to `exit`
