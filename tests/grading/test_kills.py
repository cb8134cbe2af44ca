"""kill -9 of the worker, of the broker and of the container engine in mid-run: none lost, none doubled, all ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from accounts.models import User
from deploy.local import valkey
from deploy.local.places import Home
from exams import ledger
from exams.database_clock import database_now
from exams.models import Event
from grading import queue
from grading.models import GradingRun, RunState
from grading.verdicts import Verdict
from tests.deployed import deployed
from tests.grading import work
from tests.people import PASSWORD, standing_cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exams.models import Attempt

pytestmark = [pytest.mark.docker, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CELLS = 2
DOCKER = shutil.which("docker") or "docker"
UMOUNT = shutil.which("umount") or "umount"


class Process:
    """A program in a process group of its own, so that it can be killed whole."""

    def __init__(self, argv: list[str], *, log: Path, **environment: str) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                argv, cwd=ROOT, env=os.environ | environment, stdout=out, stderr=out, start_new_session=True
            )

    def kill(self) -> None:
        """Kill it with signal 9, its children too."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and give it time."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)


@pytest.fixture
def home() -> Iterator[Home]:
    """A state folder of its own; its path is short, since sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="hs-"))
    made = Home(name="kill test", path=folder)
    made.prepare()
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def broker(home: Home) -> Iterator[Process]:
    """A Valkey of the test's own."""
    program = valkey.program(home)
    process = Process(list(program.argv), log=home.logs / "valkey.log")
    try:
        valkey.wait(home)
        yield process
    finally:
        process.kill()


@contextmanager
def worker(home: Home, name: str, **environment: str) -> Iterator[Process]:
    """A grading worker with two children and a timetable, started again when it ends, as the supervisor does.

    A worker that finishes a task while the broker is away cannot acknowledge it and ends; its grading is kept.
    """
    argv = ["/bin/sh", "-c", 'while true; do "$@"; sleep 1; done', "supervisor", sys.executable, "-m", "celery"]
    argv += ["-A", "tests.grading.worker_app", "worker", "-B", "-Q", "grading,live"]
    argv += ["-c", "2", "-n", name, "-s", str(home.run / f"beat-{name}"), "-l", "INFO"]
    database = connection.settings_dict["NAME"]
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.grading.worker_settings",
        "HOTSEAT_TEST_DATABASE": str(database),
        "HOTSEAT_SANDBOX": "docker",
        "BROKER_URL": valkey.url(home),
    }
    process = Process(argv, log=home.logs / "worker.log", **(settings | environment))
    try:
        yield process
    finally:
        process.kill()


def until(happened: Callable[[], bool], *, seconds: float, what: str, log: Path) -> None:
    """Wait for something; say what did not happen, with the end of the worker's log."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds} s\n{log.read_text()[-4_000:] if log.exists() else ''}")
        time.sleep(0.1)


def in_mid_run() -> bool:
    return GradingRun.objects.filter(state=RunState.RUNNING, cells_done__gte=0).exists()


def all_ended() -> bool:
    return not GradingRun.objects.filter(state__in=[RunState.WAITING, RunState.RUNNING]).exists()


def submitted(people: int) -> list[Attempt]:
    """Live attempts of so many learners with a run each, waiting."""
    cast = standing_cast()
    attempts = [work.live(person) for person in (cast.learner, cast.other_learner)[:people]]
    for attempt in attempts:
        work.submit(attempt, work.tree(spec=work.spec_of(attempt)))
        work.submit(attempt, work.tree(work.VACUOUS, spec=work.spec_of(attempt)))
    queue.enlist(now=database_now())
    return attempts


def none_lost_none_doubled(attempts: list[Attempt]) -> None:
    for attempt in attempts:
        runs = list(GradingRun.objects.filter(submission__attempt=attempt).order_by("submission__number"))
        assert [run.state for run in runs] == [RunState.GRADED, RunState.GRADED]
        assert [run.verdict for run in runs] == [Verdict.verified, Verdict.not_reproducing]
        assert [run.cells.count() for run in runs] == [CELLS, CELLS]
        said = Event.objects.filter(attempt=attempt, kind="run.graded")
        assert sorted(said.values_list("payload__number", flat=True)) == [1, 2]
        assert ledger.verify(attempt.pk) is None


def test_a_worker_killed_in_mid_run_loses_nothing(home: Home) -> None:
    attempts = submitted(2)
    log = home.logs / "worker.log"
    with broker(home):
        with worker(home, "first@here") as first:
            until(in_mid_run, seconds=60, what="a run in progress", log=log)
            first.kill()
        orphaned = set(GradingRun.objects.filter(state=RunState.RUNNING).values_list("pk", flat=True))
        assert orphaned
        with worker(home, "second@here"):
            until(all_ended, seconds=240, what="an end of all runs", log=log)
    none_lost_none_doubled(attempts)
    assert all(GradingRun.objects.get(pk=pk).claims >= 2 for pk in orphaned)


def test_a_broker_killed_in_mid_run_loses_nothing(home: Home) -> None:
    attempts = submitted(1)
    log = home.logs / "worker.log"
    with broker(home) as first, worker(home, "only@here"):
        until(in_mid_run, seconds=60, what="a run in progress", log=log)
        first.kill()
        # Asked for while nobody can be rung: the sweep finds it when the broker is back.
        late = work.live(User.objects.create_user("lea@learn.example", PASSWORD, name="Lea"))
        work.submit(late, work.tree(spec=work.spec_of(late)))
        work.submit(late, work.tree(work.VACUOUS, spec=work.spec_of(late)))
        time.sleep(2)
        with broker(home):
            until(
                lambda: GradingRun.objects.count() == 4 and all_ended(),
                seconds=240,
                what="an end of all runs",
                log=log,
            )
    none_lost_none_doubled([*attempts, late])


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_an_engine_killed_in_mid_run_loses_nothing(home: Home, sandbox_image: str) -> None:
    if os.getuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("starting a Docker engine of its own needs root and dockerd")
    attempts = submitted(1)
    log = home.logs / "worker.log"
    address = f"unix://{home.run / 'docker.sock'}"
    with broker(home), engine(home) as first:
        saved = subprocess.run([DOCKER, "save", sandbox_image], check=True, capture_output=True).stdout
        subprocess.run([DOCKER, "-H", address, "load"], input=saved, check=True, capture_output=True)
        with worker(home, "only@here", HOTSEAT_SANDBOX_IMAGE=sandbox_image, DOCKER_HOST=address):
            until(in_mid_run, seconds=60, what="a run in progress", log=log)
            first.kill()
            time.sleep(3)
            assert not GradingRun.objects.filter(state=RunState.PLATFORM_FAULT).exists()
            with engine(home):
                until(all_ended, seconds=240, what="an end of all runs", log=log)
                none_lost_none_doubled(attempts)
                assert GradingRun.objects.exclude(last_fault="").exists()  # it was in mid-run


@contextmanager
def engine(home: Home) -> Iterator[Process]:
    """A Docker engine of the test's own: its socket, its data, its containerd; the machine's is left alone."""
    address = f"unix://{home.run / 'docker.sock'}"
    argv = ["dockerd", "--host", address, "--data-root", str(home.path / "docker"), "--bridge=none"]
    argv += ["--exec-root", str(home.run / "exec"), "--pidfile", str(home.run / "docker.pid")]
    argv += ["--iptables=false", "--ip-forward=false", "--containerd-namespace", "hotseat-kill-test"]
    (home.run / "docker.pid").unlink(missing_ok=True)
    process = Process(argv, log=home.logs / "dockerd.log")
    try:
        until(
            lambda: subprocess.run([DOCKER, "-H", address, "info"], check=False, capture_output=True).returncode == 0,
            seconds=60,
            what="an engine of our own",
            log=home.logs / "dockerd.log",
        )
        yield process
        # Whoever still lives is asked to go, so that nothing of this engine stays mounted.
        left = subprocess.run([DOCKER, "-H", address, "ps", "-aq"], check=False, capture_output=True, text=True).stdout
        if left.split():
            subprocess.run([DOCKER, "-H", address, "rm", "-f", *left.split()], check=False, capture_output=True)
        process.stop()
    finally:
        process.kill()
        # The engine mounts its data folder onto itself and leaves it so.
        subprocess.run([UMOUNT, str(home.path / "docker")], check=False, capture_output=True)


def test_a_worker_killed_in_a_replay_is_followed_by_another(home: Home) -> None:
    """The deployment is replayed afresh by the next worker, once; nothing of the killed one is kept."""
    attempt = work.live(standing_cast().learner)
    right = work.PACK.reference(work.spec_of(attempt))
    slow = right.files["assistant/server.py"].replace(
        b"def reply(self, request):", b"def reply(self, request):\n        import time; time.sleep(0.5)"
    )
    row = deployed(attempt, type(right)({**right.files, "assistant/server.py": slow}), at=database_now())
    log = home.logs / "worker.log"
    sweep = {"HOTSEAT_TEST_SWEEP": "grading.tasks.replay_deployments"}

    def is_at(*states: str) -> bool:
        row.refresh_from_db()
        return row.state in states

    with broker(home):
        with worker(home, "first@test", **sweep) as first:
            until(lambda: is_at("replaying"), seconds=60, what="the replay's start", log=log)
            time.sleep(2)
            assert is_at("replaying")
            first.kill()
        with worker(home, "second@test", **sweep):
            until(lambda: is_at("ready", "live"), seconds=120, what="the replay's end", log=log)
    assert row.claims == 2
    assert row.outcomes is not None
    assert row.outcomes["outcomes"] == "c" * 12
    told = Event.objects.filter(attempt=attempt, kind="deployment.replayed", payload__deployment=row.number)
    assert told.count() == 1
    assert ledger.verify(attempt.pk) is None
