"""Runs the tests on real parts of their own, beside whatever else runs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from deploy.local import engine, places, sandbox_image
from deploy.local.disposable import parts
from deploy.local.saying import say, step


def run(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` and return its exit status; its closing line is the last thing printed.

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
        say()
        return subprocess.call([sys.executable, "-m", "pytest", *_shared_out(arguments)], cwd=places.ROOT, env=env)


def _shared_out(arguments: Sequence[str]) -> list[str]:
    """Two workers, as two cores allow, unless the caller chooses; tests of one `xdist_group` stay together."""
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in arguments)
    return [*([] if chosen else ["-n", "2"]), "--dist", "loadgroup", *arguments]
