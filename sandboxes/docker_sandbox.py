"""The real sandbox: one single-use container per run, with every limit of the verdict's design, over docker-py."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests.exceptions
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import LogConfig, Ulimit
from docker.utils import kwargs_from_env

from sandboxes import image as image_package
from sandboxes.blame import Autopsy
from sandboxes.conversation import await_ready, run_test_in, serve_in
from sandboxes.image.build import image_id
from sandboxes.limits import Limits
from sandboxes.pool import Pool
from sandboxes.sandbox import (
    EngineRefused,
    EngineTimeout,
    EngineUnreachable,
    Health,
    ImageMissing,
    JsonObject,
    SandboxFault,
    TestRun,
)
from sandboxes.self_check import engine_warnings
from sandboxes.sweep import OWNER_LABEL, SWEEP_LABEL, owner_token, sweep_containers
from sandboxes.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Ask, Served

log = logging.getLogger(__name__)

USER = "10001:10001"
HOSTNAME = "sandbox"
CALL_SECONDS = 20.0  # the longest a single request to the engine may take
_AUTOPSY_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
_POOL_AGE_SECONDS = 3600.0
_INODES = 8192

_IMAGE_FOLDER = Path(image_package.__file__).parent


@cache
def seccomp_profile() -> str:
    """The shipped profile, as the engine takes it."""
    return json.dumps(json.loads((_IMAGE_FOLDER / "seccomp.json").read_text()))


def container_settings(api: APIClient, image: str, limits: Limits) -> dict[str, Any]:
    """Everything a sandbox container is created with. What is not in here, submitted code gets none of."""
    work = f"size={limits.work_bytes},nr_inodes={_INODES},mode=0755,uid=10001,gid=10001,nosuid,nodev,noexec"
    tmp = f"size={limits.tmp_bytes},nr_inodes={_INODES},mode=0700,uid=10001,gid=10001,nosuid,nodev,noexec"
    host = api.create_host_config(
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges", f"seccomp={seccomp_profile()}"],
        pids_limit=limits.processes,
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,
        mem_swappiness=0,
        nano_cpus=int(limits.cpus * 1_000_000_000),
        ulimits=[
            Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
            Ulimit(name="fsize", soft=limits.file_bytes, hard=limits.file_bytes),
            Ulimit(name="core", soft=0, hard=0),
        ],
        tmpfs={"/work": work, "/tmp": tmp},  # noqa: S108 - inside the container
        shm_size=limits.shared_memory_bytes,
        log_config=LogConfig(type=LogConfig.types.NONE),
        cgroupns="private",
        ipc_mode="private",
        init=False,
    )
    return {
        "image": image,
        "name": f"hotseat-{secrets.token_hex(8)}",
        "hostname": HOSTNAME,
        "user": USER,
        "working_dir": "/work",
        "stdin_open": True,
        "tty": False,
        "network_disabled": True,
        "labels": {SWEEP_LABEL: "1", OWNER_LABEL: owner_token()},
        "host_config": host,
    }


@contextmanager
def named_faults() -> Iterator[None]:
    """Turn whatever docker-py raises into a `SandboxFault` that says what happened."""
    try:
        yield
    except ImageNotFound as error:
        raise ImageMissing(
            f"The sandbox image is not on the engine: {error.explanation}. Run `python -m sandboxes.image.build`."
        ) from error
    except requests.exceptions.Timeout as error:
        raise EngineTimeout(f"The container engine did not answer within {CALL_SECONDS:g} seconds.") from error
    except requests.exceptions.ConnectionError as error:
        if "timed out" in str(error):
            raise EngineTimeout(f"The container engine did not answer within {CALL_SECONDS:g} seconds.") from error
        raise EngineUnreachable(f"The container engine does not answer: {error}.") from error
    except APIError as error:
        raise EngineRefused(f"The container engine refused: {error.explanation or error}.") from error
    except (DockerException, requests.exceptions.RequestException, OSError) as error:
        raise EngineUnreachable(f"The container engine does not answer: {error}.") from error


class Engine:
    """Connections to the container engine: a client serves one thread at a time and no process but its own."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._idle: list[APIClient] = []
        self._owner = os.getpid()
        self._removals: list[threading.Thread] = []

    @contextmanager
    def client(self) -> Iterator[APIClient]:
        """Lend a client for a few calls; one that met a fault is not lent again.

        Raises:
            SandboxFault: what docker-py raises, by name.
        """
        if self._owner != os.getpid():
            self._owner, self._idle, self._removals = os.getpid(), [], []
        with named_faults():
            try:
                api = self._idle.pop()
            except IndexError:
                api = APIClient(version=self._version or "auto", timeout=int(CALL_SECONDS), **kwargs_from_env())
                api.trust_env = False  # each request would read the environment, which other threads may be changing
                self._version = api.api_version
            try:
                yield api
            except (DockerException, requests.exceptions.RequestException, OSError):
                api.close()
                raise
            self._idle.append(api)

    def in_background(self, work: Callable[[], None]) -> None:
        """Do something that nobody need wait for, except `close`."""
        thread = threading.Thread(target=work, name="sandbox-remove", daemon=True)
        self._removals = [each for each in self._removals if each.is_alive()] + [thread]
        thread.start()

    def close(self) -> None:
        """Give removals under way a moment, the sweep has the rest; close the clients that are not lent."""
        until = time.monotonic() + _CLOSE_SECONDS
        for each in self._removals:
            each.join(max(0.0, until - time.monotonic()))
        while self._idle and self._owner == os.getpid():
            self._idle.pop().close()


class DockerBox:
    """One started container; see `sandboxes.conversation.Box`."""

    def __init__(self, engine: Engine, container: str, name: str, wire: Wire) -> None:
        self._engine = engine
        self._container = container
        self.name = name
        self.wire = wire
        self._discarded = threading.Lock()

    def autopsy(self) -> Autopsy:
        """What the engine knows of its end; the attach closes a moment before the engine has noticed."""
        until = time.monotonic() + _AUTOPSY_SECONDS
        while True:
            try:
                with self._engine.client() as api:
                    state = api.inspect_container(self._container)["State"]
            except EngineRefused as fault:
                if isinstance(fault.__cause__, NotFound):
                    return Autopsy(found=False)
                raise
            if not state["Running"] or time.monotonic() > until:
                return Autopsy(found=True, exit_code=state["ExitCode"], oom_killed=bool(state["OOMKilled"]))
            time.sleep(0.05)

    def discard(self) -> None:
        """Hang up, which makes the launcher end everything, and have the container removed in the background."""
        if self._discarded.acquire(blocking=False):
            self.wire.close()
            self._engine.in_background(self._remove)

    def _remove(self) -> None:
        try:
            with self._engine.client() as api:
                api.remove_container(self._container, force=True, v=True)
        except SandboxFault as fault:
            if not isinstance(fault.__cause__, NotFound):
                log.warning("sandbox %s is left for the sweep: %s", self.name, str(fault))


class DockerSandbox:
    """Runs submitted code in containers; `pool_size` of them are kept started and waiting.

    Args:
        image: the image's name on the engine.
        pool_size: how many containers of the usual shape wait; 0 starts each when it is needed.
        shape: the limits that waiting containers are started with.
    """

    def __init__(self, *, image: str, pool_size: int = 2, shape: Limits | None = None) -> None:
        self.image = image
        self._engine = Engine()
        self._shape = shape or Limits()
        self._pool: Pool[DockerBox] = Pool(
            start=self._start_ready, alive=lambda box: box.wire.alive, size=pool_size, oldest_s=_POOL_AGE_SECONDS
        )

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
        """See `sandboxes.sandbox.Sandbox.serve`."""
        with self._box(limits) as (box, ready), serve_in(box, tree, limits=limits, ready=ready) as served:
            yield served

    def run_test(self, test: Tree, *, facts: bytes, ask: Ask, limits: Limits) -> TestRun:
        """See `sandboxes.sandbox.Sandbox.run_test`."""
        with self._box(limits) as (box, ready):
            return run_test_in(box, test, facts=facts, ask=ask, limits=limits, ready=ready)

    def health(self) -> Health:
        """Whether a run could start now; never raises."""
        try:
            with self._engine.client() as api:
                version = api.version()
                info = api.info()
        except SandboxFault as fault:
            return Health(reachable=False, image_present=False, isolates=True, image=self.image, faults=(str(fault),))
        details = {
            "kernel": info.get("KernelVersion", ""),
            "cgroup_version": str(info.get("CgroupVersion", "1")),
            "storage": info.get("Driver", ""),
            "waiting": self._pool.waiting,
        }
        try:
            with self._engine.client() as api:
                details["image_id"] = image_id(api, self.image)
        except SandboxFault as fault:
            return Health(
                reachable=True,
                image_present=False,
                isolates=True,
                engine_version=version["Version"],
                image=self.image,
                faults=(str(fault),),
                warnings=engine_warnings(info),
                details=details,
            )
        return Health(
            reachable=True,
            image_present=True,
            isolates=True,
            engine_version=version["Version"],
            image=self.image,
            warnings=engine_warnings(info),
            details=details,
        )

    def sweep(self, *, older_than_s: float) -> int:
        """Remove what crashed processes left, and anything older than `older_than_s`."""
        with self._engine.client() as api:
            return sweep_containers(api, older_than_s=older_than_s)

    def provenance(self) -> JsonObject:
        """Image, engine and hashes that a verdict rests on."""
        with self._engine.client() as api:
            inside = image_id(api, self.image)
            version = api.version()["Version"]
        return {
            "sandbox": "docker",
            "image": self.image,
            "image_id": inside,
            "engine": version,
            "launcher": _sha256("launcher.py", "harness.py"),
            "seccomp": _sha256("seccomp.json"),
        }

    def warm(self) -> None:
        """Start filling the pool, without waiting for it."""
        self._pool.refill()

    def close(self) -> None:
        """Give back the waiting containers."""
        self._pool.close()
        self._engine.close()

    @contextmanager
    def _box(self, limits: Limits) -> Iterator[tuple[DockerBox, bool]]:
        pooled = self._pool.take() if limits.shape == self._shape.shape else None
        box = pooled or self._start(limits)
        try:
            yield box, pooled is not None
        finally:
            box.discard()
            self._pool.refill()

    def _start_ready(self) -> DockerBox:
        box = self._start(self._shape)
        try:
            await_ready(box)
        except BaseException:
            box.discard()
            raise
        return box

    def _start(self, limits: Limits) -> DockerBox:
        """Create, attach, start: in this order, so that not one byte is missed.

        Raises:
            SandboxFault: the engine did not do one of them; nothing is left behind.
        """
        with self._engine.client() as api:
            settings = container_settings(api, self.image, limits)
            container = api.create_container(**settings)["Id"]
            try:
                attached = api.attach_socket(
                    container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
                )
                connection = socket.socket(fileno=os.dup(attached.fileno()))
                attached._response.close()  # noqa: SLF001 - the client's own descriptor; ours stays open
                wire = Wire(connection, multiplexed=True)
                box = DockerBox(self._engine, container, settings["name"], wire)
                api.start(container)
            except BaseException:
                with suppress(Exception):
                    api.remove_container(container, force=True, v=True)
                raise
        return box


def _sha256(*names: str) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update((_IMAGE_FOLDER / name).read_bytes())
    return digest.hexdigest()
