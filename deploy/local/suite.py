"""Runs the tests on real parts of their own, beside whatever else runs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy.local import engine, places, sandbox_image
from deploy.local.disposable import parts
from deploy.local.saying import say, step
from deploy.local.tally import Tally

_JOURNEYS = "tests/journeys"
_AGAIN = frozenset({"--last-failed", "--lf"})
_FAILED, _NO_TESTS = 1, 5  # pytest's exit statuses
_WORDS = {0: "passed", _NO_TESTS: "none was asked for"}


def run(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` and return its exit status; the last line printed sums up what became of the tests.

    With `--last-failed` it sums up the run before too: what passes now is called flaky.

    Raises:
        Trouble: a part that tests need could not be had.
    """
    env = {"HOTSEAT_TEST_DB": "main"} | os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    with ExitStack() as stack:
        if os.environ.get("HOTSEAT_NO_DOCKER") == "1":
            say("  ! HOTSEAT_NO_DOCKER=1: tests that need containers will be skipped")
        else:
            stack.callback(engine.release)
            env |= sandbox_image.prepare()
        with step("PostgreSQL and Valkey", "starting two that are the tests' own"):
            env |= stack.enter_context(parts(places.testing())).as_env()
        again = bool(_AGAIN.intersection(arguments))
        tally = (Tally.read(_kept()) if again else None) or Tally()
        phases = _phases(arguments)
        if again and tally.failed:
            phases = _worth_running(phases, tally.failed)
        return _told([_ran(phase, env, tally) for phase in phases], tally)


def _kept() -> Path:
    return places.state_dir() / "tests.json"


def _ran(phase: Sequence[str], env: Mapping[str, str], tally: Tally) -> int:
    """Run one phase and add what became of its tests."""
    say()
    part = places.state_dir() / "tests.part.json"
    part.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "pytest", "-p", "deploy.local.tally", *phase]
    status = subprocess.call(argv, cwd=places.ROOT, env={**env, "HOTSEAT_TALLY": str(part)})
    tally.add(Tally.read(part) or Tally())
    if status not in {0, _FAILED, _NO_TESTS}:
        tally.broke = status
    tally.write(_kept())
    part.unlink(missing_ok=True)
    return status


def _told(ended: Sequence[int], tally: Tally) -> int:
    """One exit status for all phases; a phase that found no test is none when another found some."""
    if len(ended) > 1:
        words = [_WORDS.get(status, "failed, see above") for status in ended]
        say(f"\nSide by side: {words[0]}. Journeys: {words[1]}.")
    found = [status for status in ended if status != _NO_TESTS] or [_NO_TESTS]
    status = next((status for status in found if status), 0)
    # pytest may end badly without a test to blame: it was interrupted, or broke. A retry does not mend that.
    broke = f" pytest broke off with {tally.broke}, so some were never run: run all of them." if tally.broke else ""
    say(("" if len(ended) > 1 else "\n") + tally.words() + broke)
    # pytest forgets the tests of a file that it could not read at first: nobody has run them.
    return status or int(bool(tally.failed or tally.broke))


def _worth_running(phases: Sequence[list[str]], failed: Sequence[str]) -> list[list[str]]:
    """The phases that something failed in: pytest's last word would be that another one ran no test."""
    kinds = {name.startswith(_JOURNEYS) for name in failed}
    return [phase for phase in phases if ("not journey" not in phase[1]) in kinds] or list(phases)


def _phases(arguments: Sequence[str]) -> list[list[str]]:
    """Journeys alone, after all else: each keeps a whole platform busy, and a clock that others would disturb.

    Whoever names files gets the phases that those belong to.
    """
    asked = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    asked.add_argument("-m", dest="marks", default="not nightly")
    known, rest = asked.parse_known_args(arguments)
    files = [word for word in rest if word.startswith("tests")]
    beside = ["-m", f"({known.marks}) and not journey", *_shared_out(rest)]
    alone = ["-m", f"({known.marks}) and journey", "-n", "0", *rest, *([] if files else [_JOURNEYS])]
    journeys = [word.startswith(_JOURNEYS) for word in files]
    if files and all(journeys):
        return [alone]
    whole = any(_JOURNEYS.startswith(word.rstrip("/")) for word in files)
    return [beside, alone] if whole or any(journeys) or not files else [beside]


def _shared_out(arguments: Sequence[str]) -> list[str]:
    """Two workers, as two cores allow, unless the caller chooses; tests of one `xdist_group` stay together."""
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in arguments)
    return [*([] if chosen else ["-n", "2"]), "--dist", "loadgroup", *arguments]
