"""Runs the tests on real parts of their own, beside whatever else runs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from deploy.local import engine, places, sandbox_image
from deploy.local.disposable import parts
from deploy.local.saying import say, step

_JOURNEYS = "tests/journeys"
_NO_TESTS = 5  # pytest's exit status
_WORDS = {0: "passed", _NO_TESTS: "none was asked for"}


def run(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` and return its exit status; the last line printed says how it ended.

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
        return _told([_ran(phase, env) for phase in _phases(arguments)])


def _ran(phase: Sequence[str], env: Mapping[str, str]) -> int:
    say()
    return subprocess.call([sys.executable, "-m", "pytest", *phase], cwd=places.ROOT, env=env)


def _told(ended: Sequence[int]) -> int:
    """One exit status for all phases; a phase that found no test is none when another found some."""
    if len(ended) > 1:
        words = [_WORDS.get(status, "failed, see above") for status in ended]
        say(f"\nSide by side: {words[0]}. Journeys: {words[1]}.")
    found = [status for status in ended if status != _NO_TESTS] or [_NO_TESTS]
    return next((status for status in found if status), 0)


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
