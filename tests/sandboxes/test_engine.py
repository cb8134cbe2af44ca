"""The factory: which sandbox the settings give, once per process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.places import ROOT
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


FORKS = """
import os
from django.conf import settings
settings.configure(HOTSEAT_SANDBOX="fake")
from sandboxes import engine
mine = engine.sandbox()
if not (child := os.fork()):
    os._exit(0 if engine.sandbox() is not mine else 3)
print("another" if os.waitpid(child, 0)[1] == 0 else "the same", engine.sandbox() is mine)
"""


def test_a_forked_child_makes_its_own() -> None:
    # In a process that holds nothing else: one that other tests left with threads cannot be forked safely.
    ran = subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["another", "True"]


def test_any_other_word_is_refused(settings: Any) -> None:
    settings.HOTSEAT_SANDBOX = "podman"
    with pytest.raises(engine.UnknownSandbox, match="podman"):
        engine.sandbox()
