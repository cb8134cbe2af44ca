"""Code that takes all it can: each limit holds, is named in the end of the run, and the next run is unharmed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from docker import APIClient
from docker.utils import kwargs_from_env

from sandboxes.limits import MIB, Limits
from sandboxes.sandbox import NodeOutcome, RunEnd, TestRun
from tests.sandboxes.trees import FACTS, assistant, canned, outcomes, regression, replying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.docker_sandbox import DockerSandbox

pytestmark = pytest.mark.docker

LIMITS = replace(Limits(), wall_seconds=20.0)
SMALL = replace(
    LIMITS, memory_bytes=160 * MIB, processes=24, work_bytes=8 * MIB, tmp_bytes=4 * MIB, file_bytes=16 * MIB
)


def attack(sandbox: DockerSandbox, source: str, limits: Limits = LIMITS) -> TestRun:
    return sandbox.run_test(regression(source), facts=FACTS, ask=canned, limits=limits)


@pytest.fixture(autouse=True)
def _the_next_run_is_unharmed(docker_sandbox: DockerSandbox) -> Iterator[None]:
    yield
    after = attack(docker_sandbox, "def test_it(ask):\n    assert ask('x').text == 'X'\n")
    assert outcomes(after) == {"test_it": NodeOutcome.passed}


def test_an_endless_loop_is_stopped_by_the_clock_on_the_wall(docker_sandbox: DockerSandbox) -> None:
    began = time.monotonic()
    run = attack(docker_sandbox, "def test_it():\n    while True: pass\n", replace(LIMITS, wall_seconds=1.0))
    assert run.ended is RunEnd.timeout_wall
    assert time.monotonic() - began < 20


def test_processor_time_is_counted_over_all_processes(docker_sandbox: DockerSandbox) -> None:
    source = """
    import os, time
    def test_it():
        for _ in range(4):
            if os.fork() == 0:
                while True: pass
        time.sleep(30)
    """
    run = attack(docker_sandbox, source, replace(LIMITS, cpu_seconds=0.5, wall_seconds=60.0))
    assert run.ended is RunEnd.timeout_cpu


def test_ignoring_the_signal_for_processor_time_does_not_help(docker_sandbox: DockerSandbox) -> None:
    source = """
    import signal
    def test_it():
        for number in range(1, 64):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True: pass
    """
    run = attack(docker_sandbox, source, replace(LIMITS, cpu_seconds=0.5, wall_seconds=60.0))
    assert run.ended is RunEnd.timeout_cpu


def test_a_fork_bomb_is_held_and_removed(docker_sandbox: DockerSandbox) -> None:
    source = """
    import os
    def test_it():
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    began = time.monotonic()
    run = attack(docker_sandbox, source, replace(SMALL, wall_seconds=2.0))
    assert run.ended in {RunEnd.timeout_wall, RunEnd.timeout_cpu, RunEnd.oom, RunEnd.tampered}
    assert outcomes(run) == {"test_it": NodeOutcome.absent}
    assert time.monotonic() - began < 30


def test_more_processes_than_allowed_cannot_be_started(docker_sandbox: DockerSandbox) -> None:
    source = """
    import os, time
    def test_it():
        started = 0
        try:
            while started < 100:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                started += 1
        except BlockingIOError:
            pass
        assert started < 24
    """
    run = attack(docker_sandbox, source, SMALL)
    assert outcomes(run) == {"test_it": NodeOutcome.passed}


def test_a_memory_bomb_ends_as_such(docker_sandbox: DockerSandbox) -> None:
    source = """
    def test_it():
        kept = []
        while True:
            kept.append(b"x" * 1_000_000)
    """
    run = attack(docker_sandbox, source, SMALL)
    assert run.ended is RunEnd.oom
    assert "160 MiB" in run.why


def test_memory_that_ends_in_a_grandchild_is_not_hidden_by_a_clean_exit(docker_sandbox: DockerSandbox) -> None:
    source = """
    import os
    def test_it():
        pid = os.fork()
        if pid == 0:
            kept = []
            while True:
                kept.append(b"x" * 1_000_000)
        os.waitpid(pid, 0)
    """
    run = attack(docker_sandbox, source, SMALL)
    assert run.ended is RunEnd.oom


def test_a_memory_bomb_in_the_assistant_is_the_trees_own(docker_sandbox: DockerSandbox) -> None:
    tree = replying("kept = []\nwhile True:\n    kept.append(b'x' * 1_000_000)")
    with docker_sandbox.serve(tree, limits=SMALL) as served:
        assert served.ask("x").reply is None
        assert served.ended is RunEnd.oom


@pytest.mark.parametrize("line", ["'x' * 99 + chr(10)", "'x' * 4096"], ids=["lines", "no newline"])
def test_an_output_flood_is_cut_off(docker_sandbox: DockerSandbox, line: str) -> None:
    run = attack(docker_sandbox, f"import sys\ndef test_it():\n    while True: sys.stdout.write({line})\n")
    assert run.ended is RunEnd.output_limit
    assert len(run.output_tail) <= LIMITS.output_tail_bytes
    assert "1 MiB" in run.why


def test_the_engine_answers_while_output_floods_and_nobody_reads(docker_sandbox: DockerSandbox) -> None:
    flood = "import os\ndef test_it(ask):\n    ask('x')\n    while True: os.write(1, b'x' * 65536)\n"
    api = APIClient(version="auto", timeout=10, **kwargs_from_env())
    slowest = 0.0
    runs: list[TestRun] = []
    limits = replace(LIMITS, output_bytes=10**12, wall_seconds=2.0)
    thread = threading.Thread(target=lambda: runs.append(attack(docker_sandbox, flood, limits)))
    thread.start()
    while thread.is_alive():
        began = time.monotonic()
        api.containers()
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.1)
    api.close()
    assert runs[0].ended in {RunEnd.timeout_wall, RunEnd.timeout_cpu}
    assert slowest < 8


@pytest.mark.parametrize("place", ["/work", "/tmp", "/dev/shm"])
def test_filling_a_disk_in_memory_ends_at_its_size(docker_sandbox: DockerSandbox, place: str) -> None:
    source = f"""
    import errno
    def test_it():
        written = 0
        try:
            for number in range(100):
                with open(f"{place}/fill-{{number}}", "wb", buffering=0) as file:
                    while file.tell() < 4_000_000:
                        written += file.write(b"x" * 65536)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        assert written <= 8 * 1024 * 1024
    """
    assert outcomes(attack(docker_sandbox, source, SMALL)) == {"test_it": NodeOutcome.passed}


def test_files_without_number_end_at_the_inodes(docker_sandbox: DockerSandbox) -> None:
    source = """
    import errno
    def test_it():
        try:
            for number in range(100_000):
                open(f"/work/{number}", "w").close()
        except OSError as error:
            assert error.errno == errno.ENOSPC
        else:
            raise ValueError("no end")
    """
    assert outcomes(attack(docker_sandbox, source)) == {"test_it": NodeOutcome.passed}


def test_a_huge_sparse_file_cannot_be_made(docker_sandbox: DockerSandbox) -> None:
    source = """
    import errno
    def test_it():
        with open("/work/sparse", "wb") as file:
            try:
                file.truncate(1 << 40)
            except OSError as error:
                assert error.errno == errno.EFBIG
            else:
                raise ValueError("it could")
    """
    assert outcomes(attack(docker_sandbox, source)) == {"test_it": NodeOutcome.passed}


def test_open_files_end_at_their_limit(docker_sandbox: DockerSandbox) -> None:
    source = """
    import errno, os, resource
    def test_it():
        kept = []
        try:
            while True:
                kept.append(os.dup(1))
        except OSError as error:
            assert error.errno == errno.EMFILE
        count = len(kept)
        for fd in kept:
            os.close(fd)
        assert count < 256
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000))
        except (ValueError, PermissionError):
            return
        raise ValueError("limits can be raised")
    """
    assert outcomes(attack(docker_sandbox, source)) == {"test_it": NodeOutcome.passed}


def test_children_that_leave_their_parent_die_with_the_run(docker_sandbox: DockerSandbox) -> None:
    source = """
    import os, signal, time
    def test_it():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(3600)
            os._exit(0)
        os.wait()
    """
    began = time.monotonic()
    run = attack(docker_sandbox, source)
    assert (run.ended, outcomes(run)) == (RunEnd.completed, {"test_it": NodeOutcome.passed})
    assert time.monotonic() - began < 20
    _wait_until_gone(run.container)


def test_threads_that_never_end_do_not_keep_a_run_open(docker_sandbox: DockerSandbox) -> None:
    source = """
    import threading, time
    def test_it():
        threading.Thread(target=time.sleep, args=(3600,)).start()
    """
    run = attack(docker_sandbox, source)
    assert (run.ended, outcomes(run)) == (RunEnd.completed, {"test_it": NodeOutcome.passed})


def test_an_assistant_that_spins_while_loading_is_stopped(docker_sandbox: DockerSandbox) -> None:
    with docker_sandbox.serve(assistant("while True: pass"), limits=replace(LIMITS, load_seconds=0.5)) as served:
        assert served.load_error is None
        assert served.ended is RunEnd.timeout_wall


def _wait_until_gone(name: str) -> None:
    api = APIClient(version="auto", timeout=10, **kwargs_from_env())
    try:
        for _ in range(100):
            if not api.containers(all=True, filters={"name": name}):
                return
            time.sleep(0.05)
        pytest.fail(f"{name} is still there")
    finally:
        api.close()
