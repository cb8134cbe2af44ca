"""Where the image comes from: a registry if one is named and gives it, else what this machine has; never a dead end."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from docker import APIClient
from docker.errors import ImageNotFound

from deploy.local import sandbox_image as local_image
from sandboxes.image import build, debian
from sandboxes.image.rootfs import CannotAssemble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.docker


class Registry(http.server.BaseHTTPRequestHandler):
    """A registry of one image, or one that misbehaves as `manner` says. Engines speak plain http to this machine."""

    manner: ClassVar[str] = "gives"
    blobs: ClassVar[dict[str, bytes]] = {}
    manifest: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        del format, args

    def _answer(self) -> None:
        self.asked.append(self.path)
        match self.manner:
            case "is silent":
                time.sleep(15)
            case "fails":
                self._send(500, b"no")
            case "refuses":
                self._send(401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]}', "application/json")
            case "has not got it" if "/manifests/" in self.path:
                self._send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "x"}]}', "application/json")
            case "lies" if "/blobs/" in self.path:
                self._send(200, b"something else")
            case _:
                self._give()

    do_GET = do_HEAD = _answer  # noqa: N815 - the base class looks for these names

    def _give(self) -> None:
        if "/manifests/" in self.path:
            self._send(200, self.manifest, "application/vnd.docker.distribution.manifest.v2+json")
        elif "/blobs/" in self.path:
            self._send(200, self.blobs[self.path.rpartition("/")[2]])
        else:
            self._send(200, b"{}", "application/json")

    def _send(self, status: int, body: bytes, kind: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):
                self.wfile.write(body)


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _one_image() -> tuple[bytes, dict[str, bytes]]:
    """A manifest, and what it names: one layer with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"hi"))
    layer = packed.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"made": uuid.uuid4().hex}},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            "history": [{"created_by": "a test"}],
        }
    ).encode()
    blobs = {_digest(each): each for each in (layer, config)}
    kind = "application/vnd.docker"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.distribution.manifest.v2+json",
        "config": {"mediaType": f"{kind}.container.image.v1+json", "size": len(config), "digest": _digest(config)},
        "layers": [{"mediaType": f"{kind}.image.rootfs.diff.tar.gzip", "size": len(layer), "digest": _digest(layer)}],
    }
    return json.dumps(manifest).encode(), blobs


@contextlib.contextmanager
def registry(manner: str) -> Iterator[str]:
    """Run a registry that behaves in this manner; its address."""
    manifest, blobs = _one_image()
    handler = type("Handler", (Registry,), {"manner": manner, "manifest": manifest, "blobs": blobs, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}/exams"
        assert manner == "gives" or handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def client(sandbox_image: str) -> Iterator[APIClient]:
    """The engine."""
    assert sandbox_image
    with APIClient(version="auto", timeout=900) as engine:
        yield engine


@pytest.fixture
def wanted(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an image that is not there; making it here is only noted, by giving another image its name."""
    name = f"{build.REPOSITORY}:{uuid.uuid4().hex[:20]}"

    def made_here(engine: APIClient, made: str, progress: Any) -> None:
        progress("made from the interpreter's own files")
        engine.tag(os.environ["HOTSEAT_SANDBOX_IMAGE"], build.REPOSITORY, made.rpartition(":")[2])

    monkeypatch.setattr(build, "expected_image", lambda: name)
    monkeypatch.setattr(build, "_import", made_here)
    yield name
    for tag in client.images():
        for each in tag["RepoTags"] or ():
            if each.endswith(name.rpartition("/")[2]):
                client.remove_image(each, force=True)


def test_a_registry_that_has_the_image_gives_it(client: APIClient, wanted: str) -> None:
    said: list[str] = []
    with registry("gives") as address:
        assert build.ensure(said.append, registry=address) == wanted
        assert said[-1] == f"{wanted} came from {address}"
        assert build.image_id(client, wanted) == build.image_id(client, f"{address}/{wanted}")
        assert build.ensure(said.append, registry="127.0.0.1:9/nowhere") == wanted  # it is there: nobody is asked
    assert said[-1] == f"{wanted} is there"


@pytest.mark.parametrize("manner", ["has not got it", "refuses", "fails", "lies"])
def test_a_registry_that_does_not_give_it_is_passed_over(client: APIClient, wanted: str, manner: str) -> None:
    said: list[str] = []
    with registry(manner) as address:
        assert build.ensure(said.append, registry=address) == wanted
    assert f"{address} did not give it, so it is made here" in said[1]
    assert said[2] == "made from the interpreter's own files"
    assert build.image_id(client, wanted)


def test_a_registry_that_cannot_be_reached_is_passed_over(client: APIClient, wanted: str) -> None:
    said: list[str] = []
    assert build.ensure(said.append, registry="127.0.0.1:9/nowhere") == wanted
    assert "did not give it" in said[1]
    assert build.image_id(client, wanted)


def test_a_registry_that_is_silent_is_waited_for_only_so_long(
    client: APIClient, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "REGISTRY_SILENCE_SECONDS", 1)
    said: list[str] = []
    begun = time.monotonic()
    with registry("is silent") as address:
        assert build.ensure(said.append, registry=address) == wanted
        assert time.monotonic() - begun < 10  # it would be silent for fifteen
    assert "did not give it" in said[1]
    assert build.image_id(client, wanted)


def test_a_pull_that_never_ends_is_given_up(client: APIClient, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "REGISTRY_SECONDS", -1)
    said: list[str] = []
    with registry("gives") as address:
        assert build.ensure(said.append, registry=address) == wanted
    assert "took longer than" in said[1]
    assert said[2] == "made from the interpreter's own files"
    assert build.image_id(client, wanted)


def test_an_interpreter_that_makes_no_image_leaves_debians_packages(
    client: APIClient, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot() -> str:
        raise CannotAssemble("The program ldd is not on this machine.")

    def made_from_debian(engine: APIClient, made: str, progress: Any) -> None:
        progress("made from Debian's packages")
        engine.tag(os.environ["HOTSEAT_SANDBOX_IMAGE"], build.REPOSITORY, made.rpartition(":")[2])

    monkeypatch.setattr(build, "expected_image", cannot)
    monkeypatch.setattr(debian, "expected_tag", lambda: wanted.rpartition(":")[2])
    monkeypatch.setattr(debian, "build", made_from_debian)
    said: list[str] = []
    assert build.ensure(said.append, registry="127.0.0.1:9/nowhere") == wanted
    assert said[2].startswith("The program ldd is not on this machine.")
    assert said[3] == "made from Debian's packages"
    assert build.image_id(client, wanted)


def test_when_nothing_works_both_reasons_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def cannot() -> str:
        raise CannotAssemble("The program ldd is not on this machine.")

    monkeypatch.setattr(build, "expected_image", cannot)
    monkeypatch.setattr(debian, "expected_tag", lambda: uuid.uuid4().hex[:20])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotAssemble, match=r"ldd is not.*debootstrap"):
        build.ensure(lambda _: None)


def test_make_up_takes_the_operators_image_and_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def ensure(_: Any, **options: Any) -> str:
        asked.append(options)
        return "it"

    monkeypatch.setattr(build, "ensure", ensure)
    monkeypatch.setenv("HOTSEAT_SANDBOX_REGISTRY", "registry.example/exams")
    for named in ("mine:1", "hotseat-sandbox:mine", f"hotseat-sandbox:{'0a' * 10}", ""):
        monkeypatch.setenv("HOTSEAT_SANDBOX_IMAGE", named)
        assert local_image.prepare()["HOTSEAT_SANDBOX_IMAGE"] == "it"
    assert [each["image"] for each in asked] == ["mine:1", "hotseat-sandbox:mine", None, None]
    assert {each["registry"] for each in asked} == {"registry.example/exams"}


@pytest.mark.nightly
def test_the_image_from_debian_packages_keeps_the_same_promise(client: APIClient) -> None:
    name = f"{build.REPOSITORY}:{debian.expected_tag()}"
    with contextlib.suppress(ImageNotFound):
        client.remove_image(name, force=True)
    debian.build(client, name, lambda _: None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sandboxes/test_conformance.py"],
            env={**os.environ, "HOTSEAT_SANDBOX_IMAGE": name},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout[-3000:]
    finally:
        client.remove_image(name, force=True)
        client.remove_image(debian.BASE, force=True)
