"""What is said and done where no environment is: nothing can run then, so nobody has to install 86 packages to hear it.

It runs on nothing but the interpreter's own library.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from deploy.local import places, processes
from deploy.local.trouble import Trouble


def answer(command: str) -> int | None:
    """Do what `command` comes to where there is no environment; return its exit status.

    None when it needs one: because of what it is, because something runs all the same (somebody removed the environment
    under it), or because another make is just preparing it.

    Raises:
        Trouble: the state folder is another user's, or the command has nothing to work on.
    """
    answers: dict[str, Callable[[], int]] = {
        "down": _down,
        "status": _status,
        "logs": follow_logs,
        "demo": _demo,
        "clean": _clean,
    }
    if command not in answers:
        return None
    _refuse_another_users(places.state_dir())
    if _being_prepared():
        return _status("another make is preparing its environment") if command == "status" else None
    if any(processes.marked(home.path) for home in places.every_home()):
        return None
    return answers[command]()


def _refuse_another_users(state: Path) -> None:
    try:
        state.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise places.another_users(state, error.strerror) from error
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        raise places.another_users(state, "Permission denied")


def _being_prepared() -> bool:
    try:
        lock = (places.state_dir() / "venv.lock").open("rb")
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _down() -> int:
    print("Hotseat was not running.")
    return 0


def _status(because: str = "") -> int:
    print(f"Hotseat is not ready: {because}." if because else "Hotseat is not ready. Start it: make up")
    return 1


def _demo() -> int:
    raise Trouble("The platform is not running, or not ready. Start it with: make up (in another terminal)")


def follow_logs() -> int:
    """Show the end of every log of the platform and follow them until Ctrl-C.

    Raises:
        Trouble: there are none yet.
    """
    logs = sorted(str(path) for path in places.platform().logs.glob("*.log"))
    if not logs:
        raise Trouble("There are no logs yet. Start Hotseat: make up")
    try:
        return subprocess.call(["/usr/bin/tail", "-n", "20", "-F", *logs])
    except KeyboardInterrupt:
        return 0


def _clean() -> int:
    state = places.state_dir()
    if not state.exists():
        print(f"{state} is not there: nothing is to be forgotten.")
        return 0
    if not agreed(state):
        return 1
    forget(state)
    return 0


def agreed(state: Path) -> bool:
    """Whether everything in `state` is really to go: `YES=1`, or a yes at the terminal.

    Raises:
        Trouble: nobody is there to ask, and nothing says yes for them.
    """
    if os.environ.get("YES") == "1":
        return True
    words = f"This forgets every attempt, repository, upload and person in {state}"
    if not sys.stdin.isatty():
        raise Trouble(f"{words}, and nobody is at a terminal to say yes. If it is meant: make clean YES=1")
    if input(f"{words}. Type yes to go on: ").strip().lower() == "yes":
        return True
    print("Nothing was touched.")
    return False


def forget(state: Path, *, keep: Collection[Path] = ()) -> None:
    """Remove what lies in the state folder, and sockets' folders outside it; nothing in them runs any more."""
    for home in places.every_home():
        if home.run.parent != home.path and home.path not in keep:  # a deep clone's
            shutil.rmtree(home.run, ignore_errors=True)
    for path in set(state.iterdir()) - set(keep):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if keep:
        print(f"{state} holds nothing but the engine that still runs. make up begins anew.")
    else:
        state.rmdir()
        print(f"{state} is gone. make up begins anew.")
