"""What only the real sandbox does: the settings a container runs under, crashes, and an engine that is away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from docker import APIClient
from docker.utils import kwargs_from_env

from sandboxes.docker_sandbox import DockerBox, DockerSandbox, container_settings
from sandboxes.limits import MIB, Limits
from sandboxes.sandbox import (
    ContainerVanished,
    EngineUnreachable,
    Exchange,
    ImageMissing,
    NodeOutcome,
    RunEnd,
    SandboxFault,
    TestRun,
)
from sandboxes.sweep import OWNER_LABEL, SWEEP_LABEL, owner_is_dead, owner_token
from tests.sandboxes.trees import FACTS, assistant, canned, outcomes, regression, replying

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.docker


@pytest.fixture
def api() -> Iterator[APIClient]:
    client = APIClient(version="auto", timeout=20, **kwargs_from_env())
    yield client
    client.close()


class Watched(DockerSandbox):
    """Knows the names of its own containers: a neighbour's, in this process or another's, come and go meanwhile."""

    def __init__(self, *, image: str, pool_size: int) -> None:
        self.started: list[str] = []
        super().__init__(image=image, pool_size=pool_size)

    def _start(self, limits: Limits) -> DockerBox:
        box = super()._start(limits)
        self.started.append(box.name)
        return box


@pytest.fixture
def cold(sandbox_image: str) -> Iterator[Watched]:
    """A sandbox that keeps nothing ready: the containers there are are those in use."""
    made = Watched(image=sandbox_image, pool_size=0)
    yield made
    made.close()


def gone(api: APIClient, name: str) -> bool:
    for _ in range(100):
        if not api.containers(all=True, filters={"name": name}):
            return True
        time.sleep(0.05)
    return False


def test_a_container_runs_under_every_limit(cold: Watched, api: APIClient) -> None:
    limits = Limits(memory_bytes=200 * MIB, processes=33)
    with cold.serve(assistant(), limits=limits) as served:
        assert served.ask("x").reply
        (name,) = cold.started
        about = api.inspect_container(name)
    host, config = about["HostConfig"], about["Config"]
    assert config["NetworkDisabled"] is True
    assert host["ReadonlyRootfs"] is True
    assert config["User"] == "10001:10001"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert any(option.startswith("seccomp={") for option in host["SecurityOpt"])
    assert not host["Privileged"]
    assert host["PidsLimit"] == 33
    assert host["Memory"] == host["MemorySwap"] == 200 * MIB
    assert host["NanoCpus"] == 1_000_000_000
    assert {each["Name"]: each["Hard"] for each in host["Ulimits"]} == {
        "nofile": limits.open_files,
        "fsize": limits.file_bytes,
        "core": 0,
    }
    assert set(host["Tmpfs"]) == {"/work", "/tmp"}
    assert all("nosuid,nodev,noexec" in options for options in host["Tmpfs"].values())
    assert host["ShmSize"] == MIB
    assert host["LogConfig"]["Type"] == "none"
    assert not host["Binds"]
    assert about["Mounts"] == []
    assert config["Hostname"] == "sandbox"
    assert host["PidMode"] == ""
    assert host["IpcMode"] == "private"
    assert host["AutoRemove"] is False
    assert gone(api, about["Name"].lstrip("/"))


def test_nothing_a_container_is_created_with_depends_on_what_it_is_for(api: APIClient) -> None:
    one, two = (container_settings(api, "image", Limits()) for _ in range(2))
    assert re.fullmatch(r"hotseat-[0-9a-f]{16}", one.pop("name"))
    assert re.fullmatch(r"hotseat-[0-9a-f]{16}", two.pop("name"))
    assert one == two
    assert set(one["labels"]) == {SWEEP_LABEL, OWNER_LABEL}
    assert "environment" not in one


def test_a_container_is_used_once_and_removed(docker_sandbox: DockerSandbox, api: APIClient) -> None:
    runs = [
        docker_sandbox.run_test(regression("def test_it(): pass\n"), facts=FACTS, ask=canned, limits=Limits())
        for _ in range(3)
    ]
    assert len({run.container for run in runs}) == 3
    assert all(gone(api, run.container) for run in runs)


def test_a_waiting_container_saves_the_start(docker_sandbox: DockerSandbox, cold: Watched) -> None:
    test = regression("def test_it(): pass\n")

    def seconds(sandbox: DockerSandbox) -> float:
        began = time.monotonic()
        sandbox.run_test(test, facts=FACTS, ask=canned, limits=Limits())
        return time.monotonic() - began

    docker_sandbox.warm()
    until = time.monotonic() + 20
    while docker_sandbox.health().details["waiting"] < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert seconds(docker_sandbox) < seconds(cold)


def test_a_container_removed_by_somebody_else_is_the_platforms_fault(cold: Watched, api: APIClient) -> None:
    with cold.serve(assistant(), limits=Limits()) as served:
        assert served.ask("x").reply
        (name,) = cold.started
        api.remove_container(name, force=True)
        with pytest.raises(ContainerVanished):
            served.ask("x")


def test_a_container_killed_in_the_middle_of_a_test_is_the_platforms_fault(cold: Watched, api: APIClient) -> None:
    caught: list[BaseException] = []
    asked = threading.Event()

    def ask(question: str, session: str) -> Exchange:
        asked.set()
        return canned(question, session)

    def run() -> None:
        try:
            cold.run_test(
                regression("import time\ndef test_it(ask):\n    ask('x')\n    time.sleep(60)\n"),
                facts=FACTS,
                ask=ask,
                limits=Limits(),
            )
        except SandboxFault as fault:
            caught.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    assert asked.wait(30)
    (name,) = cold.started
    api.kill(name)
    thread.join(20)
    assert [type(fault) for fault in caught] == [ContainerVanished]


def test_a_waiting_container_that_was_killed_is_not_used(sandbox_image: str, api: APIClient) -> None:
    sandbox = Watched(image=sandbox_image, pool_size=1)
    sandbox.warm()
    until = time.monotonic() + 20
    while sandbox.health().details["waiting"] < 1 and time.monotonic() < until:
        time.sleep(0.05)
    (killed,) = sandbox.started
    api.kill(killed)
    time.sleep(0.3)
    run = sandbox.run_test(regression("def test_it(): pass\n"), facts=FACTS, ask=canned, limits=Limits())
    sandbox.close()
    assert run.container != killed
    assert outcomes(run) == {"test_it": NodeOutcome.passed}


def test_a_missing_image_is_named() -> None:
    sandbox = DockerSandbox(image="hotseat-sandbox:never-built", pool_size=0)
    with pytest.raises(ImageMissing, match=r"sandboxes\.image\.build"), sandbox.serve(assistant(), limits=Limits()):
        pass
    health = sandbox.health()
    assert health.reachable
    assert not health.ready
    sandbox.close()


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_is_away_is_named() -> None:
    sandbox = DockerSandbox(image="hotseat-sandbox:any", pool_size=1)
    sandbox.warm()
    with pytest.raises(EngineUnreachable):
        sandbox.run_test(regression(""), facts=FACTS, ask=canned, limits=Limits())
    with pytest.raises(SandboxFault):
        sandbox.sweep(older_than_s=0)
    health = sandbox.health()
    assert (health.reachable, health.ready) == (False, False)
    assert health.faults
    sandbox.close()


def test_health_tells_versions_and_no_faults(docker_sandbox: DockerSandbox) -> None:
    health = docker_sandbox.health()
    assert health.ready
    assert health.isolates
    assert re.match(r"\d+\.\d+", health.engine_version)
    assert health.details["image_id"].startswith("sha256:")


def test_provenance_has_hashes(docker_sandbox: DockerSandbox) -> None:
    told = docker_sandbox.provenance()
    assert re.fullmatch(r"[0-9a-f]{64}", told["launcher"])
    assert re.fullmatch(r"[0-9a-f]{64}", told["seccomp"])
    assert told["image"] == docker_sandbox.image


def test_many_threads_may_run_at_once(docker_sandbox: DockerSandbox) -> None:
    runs: list[TestRun] = []
    test = regression("def test_it(ask):\n    assert ask('x').text == 'X'\n")

    def one() -> None:
        with docker_sandbox.serve(replying('return {"text": "X"}'), limits=Limits()) as served:
            runs.append(
                docker_sandbox.run_test(
                    test,
                    facts=FACTS,
                    ask=lambda question, session: served.ask(question, session=session),
                    limits=Limits(),
                )
            )

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [outcomes(run) for run in runs] == [{"test_it": NodeOutcome.passed}] * 4


CRASHING = """
import os, sys, time
from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.limits import Limits
from tests.sandboxes.trees import assistant
sandbox = DockerSandbox(image=sys.argv[1], pool_size=0)
with sandbox.serve(assistant(), limits=Limits()) as served:
    assert served.ask("x").reply
    print("serving", flush=True)
    time.sleep(600)
"""


@pytest.mark.xdist_group("sweeps")
def test_a_killed_worker_leaves_nothing_that_runs_and_nothing_after_a_sweep(
    docker_sandbox: DockerSandbox, sandbox_image: str, api: APIClient
) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", CRASHING, sandbox_image],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(["."])},
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"serving\n"
    token = next(
        each["Labels"][OWNER_LABEL]
        for each in api.containers(filters={"label": SWEEP_LABEL})
        if f".{worker.pid}." in each["Labels"][OWNER_LABEL]
    )
    assert not owner_is_dead(token)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert owner_is_dead(token)
    mine = {"label": f"{OWNER_LABEL}={token}"}
    for _ in range(100):  # the launcher ends by itself once its input is closed
        if not api.containers(filters=mine):
            break
        time.sleep(0.05)
    assert api.containers(filters=mine) == []
    assert len(api.containers(all=True, filters=mine)) == 1
    assert docker_sandbox.sweep(older_than_s=3600) >= 1
    assert api.containers(all=True, filters=mine) == []


def test_a_sweep_by_age_takes_what_is_older(cold: Watched, sandbox_image: str, api: APIClient) -> None:
    container = api.create_container(
        **(
            container_settings(api, sandbox_image, Limits())
            | {"labels": {SWEEP_LABEL: "1", OWNER_LABEL: "elsewhere.1.1"}}
        )
    )["Id"]
    cold.sweep(older_than_s=3600)
    assert api.containers(all=True, filters={"id": container})
    time.sleep(1.1)
    # Other sandboxes of this test run have containers too: only this one is looked at, so only it is aged.
    listed = api.containers(all=True, filters={"id": container})
    api_with_one = _OnlyThese(api, listed)
    from sandboxes.sweep import sweep_containers  # noqa: PLC0415 - the inside, reached on purpose

    assert sweep_containers(api_with_one, older_than_s=0.5) == 1  # type: ignore[arg-type]
    assert not api.containers(all=True, filters={"id": container})


class _OnlyThese:
    """An engine that lists only some of its containers."""

    def __init__(self, api: APIClient, listed: list[dict[str, Any]]) -> None:
        self._api = api
        self._listed = listed

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        return self._listed

    def remove_container(self, *args: Any, **kwargs: Any) -> None:
        self._api.remove_container(*args, **kwargs)


def test_owners_that_cannot_be_looked_up_are_not_taken_for_dead() -> None:
    assert not owner_is_dead(owner_token())
    assert not owner_is_dead("another-machine.1.1")
    assert not owner_is_dead("")
    here, _, _ = owner_token().partition(".")
    assert owner_is_dead(f"{here}.4194304.1")
    assert owner_is_dead(f"{here}.{os.getpid()}.1")


def test_a_tree_that_leaves_no_room_for_a_slow_start_still_has_its_time(cold: Watched) -> None:
    """The clock of a run starts when its launcher is ready, not when the engine was asked for a container."""
    run = cold.run_test(
        regression("def test_it(): pass\n"), facts=FACTS, ask=canned, limits=replace(Limits(), wall_seconds=2.0)
    )
    assert run.ended is RunEnd.completed
    assert run.seconds < 2
