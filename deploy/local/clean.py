"""Forgets everything that this checkout has made here: asked for by name, and confirmed."""

import os
import shutil
import sys
from pathlib import Path

from deploy.local import engine, places
from deploy.local.saying import say
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble


def run() -> int:
    """Stop every set of processes and remove the state folder; return 1 if the person decides otherwise.

    Raises:
        Trouble: nobody is there to ask, and nothing says yes for them.
    """
    state = places.state_dir()
    if os.environ.get("YES") != "1" and not _confirmed(state):
        say("Nothing was touched.")
        return 1
    for home in (
        places.platform(),
        places.testing(),
        places.checking(),
        places.development(),
        places.benchmark(),
    ):
        Supervisor(home).stop()
        if home.run.parent != home.path:  # the short folder outside, for sockets of a deep clone
            shutil.rmtree(home.run, ignore_errors=True)
    if word := engine.release():
        say(word)
    kept = {places.engine().path} if Supervisor(places.engine()).running() else set()
    for path in set(state.iterdir()) - kept:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    # Not `say`: the packages it would load are gone with the environment.
    if kept:
        print(f"{state} holds nothing but the engine that still runs. make up begins anew.")
    else:
        state.rmdir()
        print(f"{state} is gone. make up begins anew.")
    return 0


def _confirmed(state: Path) -> bool:
    words = f"This forgets every attempt, repository, upload and person in {state}"
    if not sys.stdin.isatty():
        raise Trouble(f"{words}, and nobody is at a terminal to say yes. If it is meant: make clean YES=1")
    return input(f"{words}. Type yes to go on: ").strip().lower() == "yes"
