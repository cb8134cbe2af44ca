"""What every test may rely on: the standing cast, a database of its own, and containers where they are asked for."""

from __future__ import annotations

import os

import pytest
from _pytest.nodeid import NodeId

from deploy.local import sandbox_image as local_image
from tests.people import Cast, standing_cast


@pytest.hookimpl(trylast=True)  # after xdist
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests with containers out only when somebody says so: a missing engine is a failure, not a shorter run."""
    if os.environ.get("HOTSEAT_NO_DOCKER") == "1":
        for item in items:
            if item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason="HOTSEAT_NO_DOCKER=1: needs a Docker engine"))
    if getattr(config.option, "loadgroup", False):
        _keep_groups_together(items)


def _keep_groups_together(items: list[pytest.Item]) -> None:
    """Name each test's group where xdist's scheduler reads it: at the end of the test's id.

    xdist 3.8 writes it where pytest before 9.2 kept the id, so every group was torn apart without a word.
    """
    for item in items:
        if group := item.get_closest_marker("xdist_group"):
            item._id = NodeId.parse(f"{item.nodeid}@{group.args[0]}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take the group away again from what is told and remembered: `--last-failed` looks for the plain id."""
    if hasattr(report, "node"):  # it came from one of xdist's workers
        id_, at, group = report.nodeid.rpartition("@")
        if at and "]" not in group:
            report.nodeid = id_


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
