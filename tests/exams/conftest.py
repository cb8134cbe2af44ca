"""What the exam's tests share: repositories of their own, and a bell that rings for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exams import doorbell

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture
def own_repositories(settings: Settings, tmp_path: Path) -> None:
    """Attempts' repositories lie in a folder of this test's."""
    settings.HOTSEAT_REPOSITORIES = tmp_path / "repositories"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were rung for."""
    bells: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda name, *_: bells.append(name))
    return bells
