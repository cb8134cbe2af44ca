"""`make up`: every step from nothing to a platform that is ready, and the way back down."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from deploy.local import engine, manage, places, preconditions, processes, programs, ready, sandbox_image, services
from deploy.local.places import Home
from deploy.local.saying import say, step
from deploy.local.supervise import Supervisor
from deploy.local.trouble import Trouble

_INTERRUPTED = 130


def up(*, detach: bool) -> int:
    """Start the platform and stay until told to stop, or return when it is ready if `detach`.

    Raises:
        Trouble: a step failed; whatever had been started is stopped again.
    """
    host, port = preconditions.listen_on()
    home = places.platform()
    home.prepare()
    supervisor = Supervisor(home)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    with ExitStack() as starting:
        starting.enter_context(_only_one(home))
        if supervisor.running() and not _half_way(home).exists():
            return _already(home, {"HOST": _reached_at(host), "PORT": str(port)})
        if processes.marked(home.path):
            say("  … ending what a start that was killed has left")
            supervisor.stop()
        preconditions.refuse_taken_port(host, port)
        address = f"http://{_reached_at(host)}:{port}"
        is_ready = False
        try:
            sign_ins = _start(home, supervisor, host=host, port=port, address=address, detach=detach)
            ready.remember(home, address)
            _half_way(home).unlink()
            is_ready = True
            starting.close()  # others may look now, and find it running
            _greet(address, sign_ins, processes.age(), detach=detach)
            return 0 if detach else _stay(supervisor)
        except KeyboardInterrupt:
            _stop(supervisor)
            say("Stopped." if is_ready else "Stopped before it was ready.")
            return 0 if is_ready else _INTERRUPTED
        except BaseException:
            _stop(supervisor)
            raise


def _reached_at(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _half_way(home: Home) -> Path:
    """A file that is there while a start is under way, and stays when that start is killed."""
    return home.path / "half-way"


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """Let one start at a time; the file names its process for `down`."""
    with (home.path / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  … another make up is starting the platform; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _already(home: Home, wanted: Mapping[str, str]) -> int:
    address = ready.address(home)
    lacks = ready.missing(address)
    there = {"HOST": urlsplit(address).hostname, "PORT": str(urlsplit(address).port)}
    asked = [f"{name}={os.environ[name]}" for name in wanted if os.environ.get(name) and wanted[name] != there[name]]
    if asked:
        settings = " ".join(asked)
        raise Trouble(
            f"Hotseat is already running at {address}, so {settings} was not used. To move it: make down, then "
            f"make up {settings}. A second one beside it takes a clone of its own."
        )
    if lacks == {}:
        say(f"Hotseat is already running at {address} (stop it: make down)")
        return 0
    what = "; ".join(f"{name}: {detail}" for name, detail in lacks.items()) if lacks else "the web does not answer"
    raise Trouble(f"Hotseat is running at {address} but is not ready ({what}). Start anew: make down, then make up.")


def _start(home: Home, supervisor: Supervisor, *, host: str, port: int, address: str, detach: bool) -> str:
    """1. Container engine and image. 2. Database and broker. 3. Tables and content. 4. Our own processes, until ready.

    Returns what the people command printed: the sign-ins.
    """
    env = manage.environment(home, port=port) | sandbox_image.prepare()
    ours = programs.platform(home, host=host, port=port)
    with step("PostgreSQL") as doing:
        _half_way(home).touch()
        supervisor.launch([*services.programs(home, durable=True), *ours], env=env, with_parent=not detach)
        doing.outcome = services.start_database(home, supervisor)
    with step("Valkey") as doing:
        doing.outcome = services.start_broker(home, supervisor)
    with step("Database tables", "migrating"):
        manage.prepare(home, env, "migrate", "--noinput")
    with step("Twins, people and static files") as doing, ThreadPoolExecutor(max_workers=2) as pool:
        loaded = pool.submit(manage.prepare, home, env, "load_twins", "--noinput", "--verbosity", "0")
        people = pool.submit(manage.prepare, home, env, "make_people")
        static = pool.submit(manage.prepare, home, env, "collectstatic", "--noinput")
        sign_ins = people.result()
        with _told_all_the_same(sign_ins):
            for line in loaded.result().splitlines():  # what was published, and whom it concerns
                doing.note(line)
            static.result()
    with _told_all_the_same(sign_ins), step("Web, workers and timetable", "waiting until /readyz is green"):
        for program in ours:
            supervisor.start(program.name)
        ready.wait(address, supervisor, [program.name for program in ours])
    return sign_ins


@contextmanager
def _told_all_the_same(sign_ins: str) -> Iterator[None]:
    """Print the passwords of those who were just made if what follows fails: nobody is shown them again."""
    try:
        yield
    except BaseException:
        say(f"\n{sign_ins.rstrip()}\n")
        raise


def _greet(address: str, sign_ins: str, seconds: float, *, detach: bool) -> None:
    say(f"\nHotseat is ready at {address} ({seconds:.1f} s)\n")
    say(sign_ins.rstrip())
    say(f"\n  The API, described      {address}/api/docs/")
    say("  Play a whole incident   make demo     (in another terminal)")
    say("  Follow the logs         make logs")
    say(f"  Stop                    {'make down' if detach else 'Ctrl-C, or make down in another terminal'}\n")


def _stay(supervisor: Supervisor) -> int:
    """Wait until told to stop, or stopped from elsewhere; say when a process had to be started again."""
    pids = {name: status.pid for name, status in supervisor.statuses().items()}
    while supervisor.running():
        for name, status in supervisor.statuses().items():
            if status.pid and pids.get(name) not in {0, status.pid}:
                say(f"  ! {name} had ended and was started again; its log is {supervisor.log(name)}")
            pids[name] = status.pid or pids.get(name, 0)
        time.sleep(1)
    say("Stopped from elsewhere.")
    return 0


def _stop(supervisor: Supervisor) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # half a stop would leave what nobody stops
    with suppress(OSError):  # the terminal may be what went away
        say("\nStopping …")
    supervisor.stop()
    if word := engine.release():
        say(f"  {word}")


def down() -> int:
    """Stop the platform from another terminal, even while it is starting."""
    home = places.platform()
    home.prepare()
    supervisor = Supervisor(home)
    was_starting = _stop_the_starting(home)
    was_running = was_starting or bool(processes.marked(home.path))
    _stop(supervisor)
    say("Hotseat is stopped." if was_running else "Hotseat was not running.")
    return 0


def _stop_the_starting(home: Home) -> bool:
    with (home.path / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            with suppress(ValueError):
                processes.kill_and_wait([int(lock.read())], first=signal.SIGTERM, seconds=60)
            return True
    return False
