"""The real sandbox for hostile code: nothing here means anything on one that does not isolate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandboxes.docker_sandbox import DockerSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def docker_sandbox(sandbox_image: str) -> Iterator[DockerSandbox]:
    """The real sandbox with two containers waiting."""
    made = DockerSandbox(image=sandbox_image, pool_size=2)
    made.warm()
    yield made
    made.close()
