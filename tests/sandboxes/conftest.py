"""Sandboxes for tests: the real one and the fake, each made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.fake_sandbox import FakeSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.sandbox import Sandbox


@pytest.fixture(scope="session")
def docker_sandbox(sandbox_image: str) -> Iterator[DockerSandbox]:
    """The real sandbox with two containers waiting."""
    made = DockerSandbox(image=sandbox_image, pool_size=2)
    made.warm()
    yield made
    made.close()


@pytest.fixture(scope="session")
def fake_sandbox() -> FakeSandbox:
    """The one that does not isolate."""
    return FakeSandbox()


@pytest.fixture(params=["fake_sandbox", pytest.param("docker_sandbox", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each implementation in turn."""
    made: Sandbox = request.getfixturevalue(request.param)
    return made
