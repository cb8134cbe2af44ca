"""The Docker engine: find the one this user may use; as root on Debian install and run one where there is none."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local import places, processes, reach
from deploy.local.bootstrap import apt_get_install
from deploy.local.supervise import Program, Supervisor
from deploy.local.trouble import Trouble
from sandboxes.sweep import OWNER_LABEL, owner_is_dead

_START_SECONDS = 40.0


@dataclass(frozen=True)
class Engine:
    """An engine that answers: its address as `DOCKER_HOST` says it, its version, and whether we run it."""

    address: str
    version: str
    ours: bool


def ensure(note: Callable[[str], None]) -> Engine:
    """Return an engine that answers, starting or installing one if this user may.

    Args:
        note: told, before it happens, about anything done to the machine.

    Raises:
        Trouble: there is none; the message says what this user can do about it.
    """
    if found := reach.find():
        return Engine(*found, ours=_supervisor().running())
    reach.refuse_without_remedy()
    if not shutil.which("dockerd"):
        _install(note)
    address = f"unix://{reach.SYSTEM_SOCKET}"
    if _booted_by_init():
        version = wait(address, seconds=10)  # the package has just asked init to start it
        if version:
            return Engine(address, version, ours=False)
    note("no Docker engine is running here: starting one that Hotseat stops again")
    return _start(note, address)


def _booted_by_init() -> bool:
    return Path("/run/systemd/system").is_dir()


def _install(note: Callable[[str], None]) -> None:
    note("no Docker engine is installed: installing Debian's docker.io (about 60 MB, a minute or two)")
    apt_get_install("docker.io", log=places.state_dir() / "logs" / "install.log")


def _supervisor() -> Supervisor:
    return Supervisor(places.engine())


def program(address: str, *, folder: Path | None = None) -> Program:
    """The engine's process.

    Sandboxes have no network, so it builds none: no bridge, and the machine's firewall is left alone.

    Args:
        address: where it listens, `unix://…`.
        folder: where it keeps images and its pid; Debian's own folders when not given.
    """
    argv = ["dockerd", f"--host={address}", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    argv += ["--ip-forward=false"]
    if folder:
        argv += [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'pid'}"]
    return Program(name="dockerd", argv=tuple(argv), stop_seconds=30)


def _start(note: Callable[[str], None], address: str) -> Engine:
    home = places.engine()
    home.prepare()
    _mount_cgroups(note)
    supervisor = _supervisor()
    supervisor.launch([program(address)], env=os.environ, with_parent=False)
    supervisor.start("dockerd")
    if version := wait(address, seconds=_START_SECONDS):
        return Engine(address, version, ours=True)
    log = supervisor.log("dockerd")
    supervisor.stop()
    raise Trouble(f"The Docker engine did not start: {_reason(log)}\nAll it said is in {log}.")


def wait(address: str, *, seconds: float) -> str | None:
    """The version of the engine at `address` as soon as it answers; None when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if version := reach.version(address):
            return version
        time.sleep(0.2)
    return None


def _reason(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    failed = [line for line in lines if "failed to start daemon" in line or "level=fatal" in line]
    return (failed or lines or ["it said nothing."])[-1]


def _mount_cgroups(note: Callable[[str], None]) -> None:
    """Where no init has, mount the control groups that hold a container to its limits."""
    mounts = [line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()]
    if "cgroup" in mounts or "cgroup2" in mounts:
        return
    note("no init has mounted control groups: mounting them at /sys/fs/cgroup")
    argv = ["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Trouble(
            f"Control groups could not be mounted ({ended.stderr.strip()}), so containers could not be limited. "
            "Run Hotseat on a machine or in a container that may mount them, or start a Docker engine yourself."
        )


def release() -> str:
    """Stop the engine if we started it and nobody needs it now; return a word on what happened, empty if nothing."""
    supervisor = _supervisor()
    if not supervisor.running():
        return ""
    users = [home for home in (places.platform(), places.testing(), places.benchmark()) if Supervisor(home).running()]
    if users:
        return f"the Docker engine goes on: the {users[0].name} still uses it"
    address = f"unix://{reach.SYSTEM_SOCKET}"
    if others := _used_containers(address):
        return f"the Docker engine goes on: it runs {others} container(s) of somebody else"
    if others := len(processes.told("DOCKER_HOST", address)):
        return f"the Docker engine goes on: {others} process(es), of another clone perhaps, were told to use it"
    supervisor.stop()
    return "the Docker engine that Hotseat had started is stopped"


def _used_containers(address: str) -> int:
    """Running containers but those that a process of ours has left behind by ending."""
    rows = reach.get(address, "/containers/json") or []
    return sum(1 for row in rows if not owner_is_dead(row["Labels"].get(OWNER_LABEL, "")))
