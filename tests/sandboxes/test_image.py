"""The image: named by its content, the same bytes each time, and nothing in it that is not needed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from sandboxes import image as image_package
from sandboxes.image.build import ensure, expected_image
from sandboxes.image.rootfs import CannotAssemble, RootFs, assemble
from sandboxes.sandbox import EngineRefused, EngineUnreachable


def small() -> RootFs:
    return RootFs({"opt/a.py": b"x = 1\n", "opt/b/c.txt": b"c", "opt/python/bin/python3": b"\x7fELF"})


def packed(rootfs: RootFs) -> bytes:
    target = io.BytesIO()
    rootfs.write_tar(target, progress=lambda _: None)
    return target.getvalue()


def test_equal_inputs_have_equal_tags_and_bytes() -> None:
    assert small().tag == small().tag
    assert hashlib.sha256(packed(small())).digest() == hashlib.sha256(packed(small())).digest()


@pytest.mark.parametrize("change", [{"opt/a.py": b"x = 2\n"}, {"opt/new": b""}])
def test_another_input_has_another_tag(change: dict[str, bytes]) -> None:
    assert RootFs({**small().sources, **change}).tag != small().tag


def test_the_tar_has_no_times_and_no_owners_and_ships_bytecode() -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(small()))) as tar:
        entries = {entry.name: entry for entry in tar}
    assert {(entry.mtime, entry.uid, entry.gid) for entry in entries.values()} == {(0, 0, 0)}
    assert any(name.startswith("opt/__pycache__/a.") for name in entries)
    assert entries["opt/python/bin/python3"].mode == 0o755
    assert entries["opt/a.py"].mode == 0o644
    assert entries["work"].isdir()


def test_what_is_assembled_can_run_and_holds_no_more() -> None:
    names = set(assemble().sources)
    assert {"opt/hotseat/launcher.py", "opt/hotseat/harness.py", "opt/python/bin/python3"} <= names
    assert any(name.startswith("lib") and "ld-" in name for name in names)
    assert any(name.endswith("/libc.so.6") for name in names)
    assert "opt/hotseat/packages/numpy/__init__.py" in names
    assert "opt/hotseat/packages/_pytest/python.py" in names
    for unwanted in ("/test/", "/tests/", "/idlelib/", "/tkinter/", "django", "docker", "/bin/sh", "/pip/"):
        assert not [name for name in names if unwanted in name], unwanted


def test_nothing_of_this_machines_layout_is_in_a_path() -> None:
    places = {name.split("/")[0] for name in assemble().sources}
    assert places <= {"opt", "etc", "lib", "lib64"}


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandboxes.image.rootfs.PACKAGES", ("numpy", "never-installed"))
    with pytest.raises(CannotAssemble, match=r"never-installed.*requirements"):
        assemble()


def test_a_machine_without_ldd_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotAssemble, match="libc-bin"):
        assemble()


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_is_away_is_named() -> None:
    with pytest.raises(EngineUnreachable, match="Start Docker"):
        ensure(lambda _: None)


@pytest.mark.docker
def test_an_image_that_is_there_is_not_built_again(sandbox_image: str) -> None:
    said: list[str] = []
    assert ensure(said.append) == expected_image()
    assert said == [f"{expected_image()} is there"]
    assert ensure(said.append, image=sandbox_image) == sandbox_image


@pytest.mark.docker
def test_an_operators_image_that_is_not_there_is_not_made_up() -> None:
    with pytest.raises(EngineRefused, match="Dockerfile"):
        ensure(lambda _: None, image="hotseat-sandbox:operators-own")


def test_the_seccomp_profile_allows_by_name_and_refuses_the_rest() -> None:
    profile = json.loads(Path(image_package.__file__).with_name("seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {
        name: rule.get("args", [])
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW"
        for name in rule["names"]
    }
    for name in ("ptrace", "bpf", "keyctl", "unshare", "mount", "io_uring_setup", "userfaultfd", "memfd_create"):
        assert name not in allowed
    for name in ("socket", "socketpair", "clone", "prlimit64", "sched_setaffinity", "prctl"):
        assert allowed[name], name


def test_the_dockerfile_lays_out_what_the_builder_does() -> None:
    text = Path(image_package.__file__).with_name("Dockerfile").read_text()
    for needed in ("launcher.py", "harness.py", "/opt/hotseat", "USER 10001:10001", "OPENBLAS_NUM_THREADS=1"):
        assert needed in text
