"""What every journey shares: one whole platform, and the demonstration that plays on it meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.places import ROOT
from tests import whole_platform
from tests.whole_platform import Platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder: it runs alone, after all else."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, sandbox_image: str) -> Iterator[Platform]:
    """One platform for every journey."""
    with whole_platform.running(tmp_path_factory.mktemp("journeys") / "state") as found:
        yield found


@pytest.fixture(scope="session")
def demonstration(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], tuple[int, str]]]:
    """The demonstration, which plays while the other journeys wait for their clocks; call it to see its end."""
    log = tmp_path_factory.mktemp("demo") / "said"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [sys.executable, "-m", "deploy.demo"], cwd=ROOT, env=platform.env, stdout=said, stderr=said
        ) as playing,
    ):
        try:
            yield lambda: (playing.wait(timeout=900), log.read_text())
        finally:
            playing.kill()
