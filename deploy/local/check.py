"""Every check that needs no test run, side by side: style, types, imports, migrations, the API's description."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local import places
from deploy.local.disposable import parts
from deploy.local.saying import say

_SCHEMA = places.ROOT / "docs" / "api" / "openapi.yaml"


@dataclass(frozen=True)
class Check:
    """A command whose exit status says whether the tree is in order, and how to mend it when it is not."""

    name: str
    argv: tuple[str, ...]
    remedy: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    check: Check
    passed: bool
    output: str
    seconds: float


def run() -> int:
    """Run every check, print how each ended and what the failed ones said; return 0 when all passed.

    Raises:
        Trouble: the database that migrations are compared with did not start.
    """
    with (
        parts(places.checking(), broker=False) as addresses,
        tempfile.TemporaryDirectory() as scratch,
        ThreadPoolExecutor(max_workers=3) as pool,
    ):
        env = os.environ | addresses.as_env() | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
        running = [pool.submit(_try, check, env) for check in _checks(Path(scratch) / "openapi.yaml")]
        failed = [outcome for future in running if not (outcome := _shown(future.result())).passed]
    for outcome in failed:
        say(f"\n--- {outcome.check.name} ---\n{outcome.output.rstrip()}")
        if outcome.check.remedy:
            say(f"→ {outcome.check.remedy}")
    say(f"\n{len(failed)} of {len(running)} checks failed." if failed else f"\nAll {len(running)} checks passed.")
    return 1 if failed else 0


# Looked at by hand, each with why it is safe with the release before it still running.
_WEIGHED_MIGRATIONS = (
    "0004_conflicts_are_kept",  # one a pair becomes one in force a pair: rows that kept the old rule keep the new
    "0005_appeals",  # one review an attempt becomes one an attempt and round: rows that kept the old rule keep the new
    "0011_two_causes_fit",  # a varchar that only gets longer: no row is rewritten, and shorter names still fit
)


def _checks(schema: Path) -> list[Check]:
    python = sys.executable
    tools = Path(python).parent
    manage = (python, "manage.py")
    # The longest first, so that nothing waits for it at the end.
    return [
        Check("types (mypy)", (python, "-m", "mypy")),
        Check(
            "API description (docs/api/openapi.yaml)",
            (python, "-m", "deploy.local.schema", str(schema), str(_SCHEMA)),
            "Look at the difference; if it is meant: make schema, and commit it.",
        ),
        Check(
            "style (ruff check)", (str(tools / "ruff"), "check", "."), "Most of it: .hotseat/venv/bin/ruff check --fix"
        ),
        Check("format (ruff format)", (str(tools / "ruff"), "format", "--check", "."), "make format"),
        Check("imports (import-linter)", (str(tools / "lint-imports"),)),
        Check(
            "migrations match the models",
            (*manage, "makemigrations", "--check", "--dry-run"),
            "python manage.py makemigrations, through: make shell",
        ),
        Check(
            "migrations are safe to deploy",
            (
                *(*manage, "lintmigrations", "--no-cache", "--quiet", "ok", "ignore"),
                *("--ignore-initial-migrations", "--include-apps", "accounts", "exams", "grading", "rubrics"),
                *("--ignore-name", *_WEIGHED_MIGRATIONS),
            ),
        ),
        Check(
            "twins can be published",
            (*manage, "check_twin"),
            "Where a pack changed: manage.py prove_pack --quick --write, in make shell; commit its proof.json.",
        ),
        Check("settings (manage.py check)", (*manage, "check", "--fail-level", "WARNING")),
    ]


def _try(check: Check, env: Mapping[str, str]) -> Outcome:
    begun = time.monotonic()
    ended = subprocess.run(
        check.argv, cwd=places.ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return Outcome(check, ended.returncode == 0, ended.stdout, time.monotonic() - begun)


def _shown(outcome: Outcome) -> Outcome:
    say(f"  {'✓' if outcome.passed else '✗'} {outcome.check.name} ({outcome.seconds:.1f} s)")
    return outcome


def format_files() -> int:
    """Put every Python file into the one format, and mend the style that can be mended safely."""
    ruff = str(Path(sys.executable).parent / "ruff")
    subprocess.call([ruff, "check", "--fix", "--quiet", "."], cwd=places.ROOT)
    return subprocess.call([ruff, "format", "."], cwd=places.ROOT)


def write_schema() -> int:
    """Write the committed description of the API anew; return 0 when the generator had no objection."""
    _SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    with parts(places.checking(), broker=False) as addresses:
        env = os.environ | addresses.as_env() | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
        return subprocess.call(
            [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(_SCHEMA)],
            cwd=places.ROOT,
            env=env,
        )
