"""Keeps a set of processes running: started in order, restarted when they crash, stopped together.

supervisor does the work; this module writes its configuration and speaks to its control socket.
"""

import configparser
import os
import shlex
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from supervisor.xmlrpc import SupervisorTransport

from deploy.local import processes
from deploy.local.places import ROOT, Home
from deploy.local.trouble import Trouble


@dataclass(frozen=True)
class Program:
    """One process: what to run, and how to ask it to end.

    `order` says who stops first: the highest, so that a database outlives those who use it.
    """

    name: str
    argv: tuple[str, ...]
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    order: int = 100


@dataclass(frozen=True)
class Status:
    """What supervisor says about a process: its state's name, pid (0 when there is none) and its own words."""

    state: str
    pid: int
    words: str


class Supervisor:
    """The processes of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._socket = home.run / "supervisor.sock"

    def running(self) -> bool:
        """Whether the supervisor answers."""
        return bool(self.pid())

    def pid(self) -> int:
        """The supervisor's own process, 0 when none answers."""
        try:
            return int(self._call("getPID"))
        except (OSError, xmlrpc.client.Error):
            return 0

    def statuses(self) -> dict[str, Status]:
        """Every process by name; empty when the supervisor does not run, or is ending and tells no more."""
        try:
            rows = self._call("getAllProcessInfo")
        except (OSError, xmlrpc.client.Error):
            return {}
        return {row["name"]: Status(row["statename"], row["pid"], row["description"]) for row in rows}

    def launch(self, programs: Iterable[Program], *, env: Mapping[str, str], with_parent: bool) -> None:
        """Start the supervisor, with nothing running in it yet.

        Args:
            programs: every process that may be started later.
            env: the environment of all of them.
            with_parent: end everything when the calling process dies, however it dies.

        Raises:
            Trouble: it did not come up.
        """
        self.sweep()
        file = self.home.path / "supervisor.conf"
        self._write(file, programs)
        guard = processes.dying_with_parent() if with_parent else ()
        argv = [*guard, sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(file)]
        out = self.home.logs / "supervisor.out"
        # Not `subprocess`: that watches over its children, and this one is meant to outlive us unless told otherwise.
        pid = os.posix_spawnp(
            argv[0],
            argv,
            dict(env) | {processes.MARK: str(self.home.path), "PYTHONUNBUFFERED": "1"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        deadline = time.monotonic() + 15
        while not self.running():
            if not processes.alive(pid) or time.monotonic() > deadline:
                raise Trouble(f"The supervisor of Hotseat's processes did not start. Read {out}.")
            time.sleep(0.05)

    def start(self, name: str) -> None:
        """Start one process; whether it is ready is another question.

        Raises:
            Trouble: it cannot be run at all.
        """
        try:
            self._call("startProcess", name, False)  # noqa: FBT003 - the protocol has positions only
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise Trouble(f"{name} cannot be started: {fault.faultString}. Read {self.log(name)}.") from fault

    def failed(self, names: Iterable[str]) -> str | None:
        """The first of these processes that keeps dying instead of running, if any does."""
        statuses = self.statuses()
        for name in names:
            if name not in statuses or statuses[name].state in {"BACKOFF", "EXITED", "FATAL", "STOPPED"}:
                return name
        return None

    def log(self, name: str) -> Path:
        """The file that a process's output goes to."""
        return self.home.logs / f"{name}.log"

    def stop(self) -> None:
        """Stop every process in reverse order, then the supervisor; return when nothing of this home is left."""
        pid = self.pid()
        if pid:
            try:
                self._call("stopAllProcesses")
                self._call("shutdown")
            except (OSError, xmlrpc.client.Error):  # it is ending already, by another's word
                pass
            deadline = time.monotonic() + 20
            while processes.alive(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
        self.sweep()

    def sweep(self) -> None:
        """End what outlived a supervisor that was killed."""
        processes.kill_and_wait(processes.marked(self.home.path), seconds=20)

    def _call(self, method: str, *args: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        # The address only has to look like one: the transport knows the socket.
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*args)

    def _write(self, file: Path, programs: Iterable[Program]) -> None:
        config = configparser.RawConfigParser()
        config["unix_http_server"] = {"file": str(self._socket), "chmod": "0700"}
        config["supervisord"] = {
            "logfile": str(self.home.logs / "supervisor.log"),
            "logfile_maxbytes": "5MB",
            "logfile_backups": "1",
            "pidfile": str(self.home.run / "supervisor.pid"),
            "nodaemon": "true",
            "identifier": "hotseat",
            "minfds": "1024",
        }
        if os.getuid() == 0:
            config["supervisord"]["user"] = "root"  # said aloud, else it warns at every start
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for program in programs:
            config[f"program:{program.name}"] = {
                "command": shlex.join((*processes.dying_with_parent(), *program.argv)),
                "directory": str(ROOT),
                "priority": str(program.order),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "1",
                "startretries": "30",
                "stopsignal": program.stop_signal,
                "stopwaitsecs": str(program.stop_seconds),
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": str(self.log(program.name)),
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": "2",
            }
        with file.open("w") as out:
            # In supervisor's own language a percent sign begins a substitution.
            config.write(_Escaping(out))


class _Escaping:
    """A file in which every percent sign is doubled on its way out."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.replace("%", "%%"))
