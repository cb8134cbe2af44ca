"""What submitted code can reach of the kernel and of the launcher: little, and never the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandboxes.limits import Limits
from sandboxes.sandbox import NodeOutcome, RunEnd, TestRun
from tests.sandboxes.trees import FACTS, canned, outcomes, regression

if TYPE_CHECKING:
    from sandboxes.docker_sandbox import DockerSandbox

pytestmark = pytest.mark.docker

SYSCALL = """
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)

def refused(*arguments):
    ctypes.set_errno(0)
    result = libc.syscall(*(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    return result == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
"""


def probe(sandbox: DockerSandbox, source: str) -> TestRun:
    return sandbox.run_test(regression(source), facts=FACTS, ask=canned, limits=Limits())


def holds(run: TestRun) -> None:
    assert run.ended is RunEnd.completed, run
    assert set(outcomes(run).values()) == {NodeOutcome.passed}, [node.message for node in run.nodes]


def test_only_local_sockets_can_be_made(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import pytest, socket
            FAMILIES = {"INET": 2, "INET6": 10, "NETLINK": 16, "PACKET": 17, "ALG": 38, "VSOCK": 40, "XDP": 44}
            @pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
            @pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW])
            def test_family(family, kind):
                with pytest.raises(PermissionError):
                    socket.socket(family, kind)
            def test_local():
                one, two = socket.socketpair()
                one.send(b"x")
                assert two.recv(1) == b"x"
            """,
        )
    )


def test_there_is_no_network_to_reach(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import os
            def test_devices():
                names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
                assert set(names) <= {"lo"}
            """,
        )
    )


REFUSED_CALLS = [
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("pidfd_open", 434, 434),
    ("pidfd_getfd", 438, 438),
    ("keyctl", 250, 219),
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
    ("unshare", 272, 97),
    ("setns", 308, 268),
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("pivot_root", 155, 41),
    ("chroot", 161, 51),
    ("fsopen", 430, 430),
    ("move_mount", 429, 429),
    ("open_tree", 428, 428),
    ("io_uring_setup", 425, 425),
    ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427),
    ("io_setup", 206, 0),
    ("memfd_create", 319, 279),
    ("open_by_handle_at", 304, 265),
    ("name_to_handle_at", 303, 264),
    ("kexec_load", 246, 104),
    ("init_module", 175, 105),
    ("finit_module", 313, 273),
    ("seccomp", 317, 277),
    ("personality", 135, 92),
    ("mknodat", 259, 33),
    ("shmget", 29, 194),
    ("fanotify_init", 300, 262),
    ("clone3", 435, 435),
    ("setuid", 105, 146),
    ("reboot", 169, 142),
    ("syslog", 103, 116),
    ("swapon", 167, 224),
]


def test_each_dangerous_system_call_is_refused(docker_sandbox: DockerSandbox) -> None:
    run = probe(
        docker_sandbox,
        SYSCALL
        + f"""
import pytest

@pytest.mark.parametrize("name, x86_64, aarch64", {REFUSED_CALLS!r})
def test_call(name, x86_64, aarch64):
    assert refused({{"x86_64": x86_64, "aarch64": aarch64}}[platform.machine()], 0, 0, 0, 0, 0), name
""",
    )
    holds(run)
    assert len(run.nodes) == len(REFUSED_CALLS)


def test_new_namespaces_cannot_be_cloned(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            SYSCALL
            + """
def test_it():
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000):
        assert refused(number, flag | 17, 0, 0, 0, 0), hex(flag)
""",
        )
    )


def test_the_root_file_system_cannot_be_written(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import errno, pytest
            PLACES = ["/", "/opt/hotseat", "/etc", "/opt/python/bin", "/proc/sys/kernel", "/sys"]
            @pytest.mark.parametrize("place", PLACES)
            def test_it(place):
                with pytest.raises(OSError) as caught:
                    open(f"{place}/x", "w")
                assert caught.value.errno in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.EPERM)
            """,
        )
    )


def test_it_is_nobody_and_cannot_become_somebody(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import os
            STATUS = dict(line.split(":", 1) for line in open("/proc/self/status"))
            def test_user():
                assert (os.getuid(), os.geteuid(), os.getgid(), os.getegid()) == (10001,) * 4
                assert os.getgroups() in ([], [10001])
            def test_capabilities():
                for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                    assert int(STATUS[name], 16) == 0, name
            def test_privileges():
                assert STATUS["NoNewPrivs"].strip() == "1"
                assert STATUS["Seccomp"].strip() == "2"
            """,
        )
    )


def test_there_is_no_shell_nor_any_other_program(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import os
            def test_it():
                found = []
                for folder, _, names in os.walk("/", topdown=True):
                    if folder.startswith(("/proc", "/sys", "/dev")):
                        continue
                    for name in names:
                        path = os.path.join(folder, name)
                        if os.access(path, os.X_OK) and ".so" not in name:
                            found += [path] * (open(path, "rb").read(2) in (b"#!", b"\\x7fE"))
                assert found == ["/opt/python/bin/python3"]
            """,
        )
    )


def test_programs_brought_along_cannot_be_started(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import os, pytest, subprocess
            def test_it(tmp_path):
                for place in ("/work", "/tmp", "/dev/shm"):
                    with open(f"{place}/own", "wb") as own:
                        own.write(b"#!/opt/python/bin/python3\\n")
                    os.chmod(f"{place}/own", 0o755)
                    with pytest.raises(PermissionError):
                        subprocess.run([f"{place}/own", "-c", "pass"])
                    os.remove(f"{place}/own")
            """,
        )
    )


def test_the_launcher_cannot_be_reached(docker_sandbox: DockerSandbox) -> None:
    holds(
        probe(
            docker_sandbox,
            """
            import os, pytest, resource, signal, time
            @pytest.mark.parametrize("name", ["mem", "fd/0", "fd/1", "environ", "maps", "oom_score_adj", "root"])
            def test_files(name):
                with pytest.raises(PermissionError):
                    os.open(f"/proc/1/{name}", os.O_RDWR if name.startswith(("mem", "oom")) else os.O_RDONLY)
            def test_descriptors():
                with pytest.raises(PermissionError):
                    os.listdir("/proc/1/fd")
            def test_limits():
                with pytest.raises(PermissionError):
                    resource.prlimit(1, resource.RLIMIT_AS, (1, 1))
                with pytest.raises(PermissionError):
                    os.sched_setaffinity(1, {0})
            def test_signals(ask):
                for number in range(1, 65):
                    if number != signal.SIGCHLD:
                        try:
                            os.kill(1, number)
                        except OSError:
                            pass
                os.kill(1, signal.SIGCHLD)
                time.sleep(0.1)
                assert ask("still there?").text == "STILL THERE?"
            """,
        )
    )
