"""The factory: which sandbox the settings give, once per process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from sandboxes import engine
from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.image.build import expected_image

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    engine.close()
    yield
    engine.close()


def test_the_fake_one(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "fake"
    assert isinstance(engine.sandbox(), FakeSandbox)


def test_the_real_one_with_the_image_of_this_code(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "docker"
    settings.HOTSEAT_SANDBOX_IMAGE = ""
    made = engine.sandbox()
    assert isinstance(made, DockerSandbox)
    assert made.image == expected_image()


def test_the_real_one_with_an_operators_image(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "docker"
    settings.HOTSEAT_SANDBOX_IMAGE = "mine:1"
    made = engine.sandbox()
    assert isinstance(made, DockerSandbox)
    assert made.image == "mine:1"


def test_one_per_process(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "fake"
    assert engine.sandbox() is engine.sandbox()


def test_a_forked_child_makes_its_own(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "fake"
    mine = engine.sandbox()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b"another" if engine.sandbox() is not mine else b"the same")
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    assert os.read(reader, 100) == b"another"
    os.close(reader)


def test_any_other_word_is_refused(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "podman"
    with pytest.raises(engine.UnknownSandbox, match="podman"):
        engine.sandbox()
