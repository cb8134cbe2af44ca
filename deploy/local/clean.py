"""Forgets everything this machine holds of Hotseat: asked for by name, confirmed at a terminal."""

import shutil
import sys

from deploy.local import engine, places
from deploy.local.saying import say
from deploy.local.supervise import Supervisor


def run() -> int:
    """Stop every set of processes and remove the state folder; return 1 if the person decides otherwise."""
    state = places.state_dir()
    if sys.stdin.isatty():
        answer = input(f"This forgets every attempt, upload and person in {state}. Type yes to go on: ")
        if answer.strip().lower() != "yes":
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
    shutil.rmtree(state)
    say(f"{state} is gone. make up begins anew.")
    return 0
