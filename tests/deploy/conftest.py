"""Homes that leave nothing behind, for tests that start real servers."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.places import Home
from deploy.local.supervise import Supervisor


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home in a folder that only its owner may enter, as a clone below root's own folder is."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    found = Home("here", place)
    found.prepare()
    yield found
    Supervisor(found).stop()
    if found.run.parent != found.path:
        shutil.rmtree(found.run)


@pytest.fixture
def env() -> dict[str, str]:
    """This process's environment without addresses of other servers."""
    return {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}}
