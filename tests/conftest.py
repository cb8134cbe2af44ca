"""What every test may rely on: the standing cast, a database of its own, and containers where they are asked for."""

from __future__ import annotations

import os

import pytest

from deploy.local import sandbox_image as local_image
from tests.people import Cast, standing_cast


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave tests with containers out only when somebody says so: a missing engine is a failure, not a shorter run."""
    if os.environ.get("HOTSEAT_NO_DOCKER") == "1":
        for item in items:
            if item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason="HOTSEAT_NO_DOCKER=1: needs a Docker engine"))


@pytest.fixture
def cast(db: None) -> Cast:
    """The five standing people."""
    return standing_cast()


@pytest.fixture(scope="session")
def sandbox_image() -> str:
    """The tag of the sandbox image, built if a test run by hand finds it missing or out of date."""
    if tag := os.environ.get("HOTSEAT_SANDBOX_IMAGE"):
        return tag
    os.environ.update(local_image.prepare())
    return os.environ["HOTSEAT_SANDBOX_IMAGE"]


@pytest.fixture(autouse=True)
def _containers(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("docker"):
        request.getfixturevalue("sandbox_image")
