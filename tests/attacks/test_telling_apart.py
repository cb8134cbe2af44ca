"""What a test could use to tell one tree from another: all it can see is equal, whatever it talks to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandboxes.limits import Limits
from sandboxes.sandbox import NodeOutcome, TestRun
from tests.sandboxes.trees import FACTS, canned, outcomes, regression, replying

if TYPE_CHECKING:
    from sandboxes.docker_sandbox import DockerSandbox
    from sandboxes.ingest.tree import Tree

pytestmark = pytest.mark.docker

# Everything that verdict.md names: mountinfo, hostname, argv, env, mtimes, inode order, .git, pycache, leftovers.
SNIFF = """
import hashlib, json, os, platform, socket, sys

def mounts():
    # The engine mounts the two disks in memory in an order it draws by lot, so the lines are sorted; the first words
    # of each are the host's counters of mounts, which count containers but name no tree.
    return sorted(line.split(" ", 3)[3] for line in open("/proc/self/mountinfo"))

def snapshot():
    seen = {
        "argv": sys.argv, "path": sys.path, "env": sorted(os.environ.items()), "host": socket.gethostname(),
        "uname": list(platform.uname()), "ids": [os.getpid(), os.getppid(), os.getuid()], "cwd": os.getcwd(),
        "mounts": mounts(), "cgroup": open("/proc/self/cgroup").read(),
        "cmdline": open("/proc/self/cmdline").read(), "hash": hash("x"), "modules": sorted(sys.modules),
        "fds": sorted(os.listdir("/proc/self/fd")),
    }
    files = hashlib.sha256()
    for folder, folders, names in os.walk("/"):
        folders[:] = sorted(each for each in folders if os.path.join(folder, each) not in ("/proc", "/sys", "/dev"))
        for name in sorted(names):
            path = os.path.join(folder, name)
            about = os.lstat(path)
            place = about.st_ino if path.startswith(("/work", "/tmp")) else 0
            files.update(f"{path} {about.st_size} {about.st_mtime_ns} {about.st_mode} {place}".encode())
    seen["files"] = files.hexdigest()
    seen["order"] = os.listdir("/work/tests/tests/regression")
    return seen

def test_it(ask):
    print("SNIFFED" + json.dumps(snapshot()) + "DEFFINS")
    ask("which tree are you?")
"""

BUGGY = replying('return {"text": "the fee is 35"}')
FIXED = replying('return {"text": "the fee is 39"}')


def sniff(sandbox: DockerSandbox, tree: Tree) -> tuple[str, TestRun]:
    limits = Limits(output_tail_bytes=256 * 1024)
    with sandbox.serve(tree, limits=limits) as served:
        run = sandbox.run_test(
            regression(SNIFF),
            facts=FACTS,
            ask=lambda question, session: served.ask(question, session=session),
            limits=limits,
        )
    assert outcomes(run) == {"test_it": NodeOutcome.passed}, run
    seen = run.output_tail.partition("SNIFFED")[2].partition("DEFFINS")[0]
    # The engine's random names for this container, and two more of the host's counters.
    return re.sub(r"[0-9a-f]{64}|/l/[A-Z0-9]{26}|(master|shared):\d+", "#", seen), run


def test_a_test_sees_the_same_beside_the_buggy_tree_and_the_fixed_one(docker_sandbox: DockerSandbox) -> None:
    buggy, run_of_buggy = sniff(docker_sandbox, BUGGY)
    fixed, run_of_fixed = sniff(docker_sandbox, FIXED)
    assert len(buggy) > 1000
    assert buggy == fixed
    assert run_of_buggy.exchanges[0].reply != run_of_fixed.exchanges[0].reply


def test_a_container_taken_from_the_pool_looks_like_one_started_for_the_run(docker_sandbox: DockerSandbox) -> None:
    from sandboxes.docker_sandbox import DockerSandbox as Sandbox  # noqa: PLC0415 - a second one, without a pool

    cold = Sandbox(image=docker_sandbox.image, pool_size=0)
    try:
        assert sniff(docker_sandbox, BUGGY)[0] == sniff(cold, BUGGY)[0]
    finally:
        cold.close()


def test_a_sentinel_left_by_the_hotfix_is_not_there_for_the_test(docker_sandbox: DockerSandbox) -> None:
    leaving = replying(
        """
        for place in ("/work", "/tmp", "/dev/shm", "/work/tree", "/work/tests"):
            try:
                open(place + "/sentinel", "w").close()
            except OSError:
                pass
        import socket
        self.kept = socket.socket(socket.AF_UNIX)
        self.kept.bind("\\0sentinel")
        return {"text": "left"}
        """
    )
    looking = """
    import os, socket
    def test_it(ask):
        assert ask("leave it").text == "left"
        for place in ("/work", "/tmp", "/dev/shm", "/work/tree", "/work/tests"):
            assert not os.path.exists(place + "/sentinel")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect("\\0sentinel")
            except OSError:
                return
        raise ValueError("reached the hotfix")
    """
    with docker_sandbox.serve(leaving, limits=Limits()) as served:
        run = docker_sandbox.run_test(
            regression(looking),
            facts=FACTS,
            ask=lambda question, session: served.ask(question, session=session),
            limits=Limits(),
        )
    assert outcomes(run) == {"test_it": NodeOutcome.passed}, run.nodes


def test_nothing_of_the_tree_under_test_is_in_the_tests_container(docker_sandbox: DockerSandbox) -> None:
    looking = """
    import os
    def test_it():
        assert not os.path.exists("/work/tree")
        found = [f for f, _, n in os.walk("/work") if ".git" in f or "__pycache__" in f]
        assert found == []
        try:
            import assistant
        except ImportError:
            return
        raise ValueError("the assistant can be imported")
    """
    run = docker_sandbox.run_test(regression(looking), facts=FACTS, ask=canned, limits=Limits())
    assert outcomes(run) == {"test_it": NodeOutcome.passed}, run.nodes
