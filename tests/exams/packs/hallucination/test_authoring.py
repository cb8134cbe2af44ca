"""What a new failure class begins with is a failure class, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import build, incident
from exams.packs.hallucination.authoring import CannotBegin, new_class
from exams.packs.hallucination.edits import FailureClass
from exams.packs.hallucination.hidden import CLASSES

if TYPE_CHECKING:
    from pathlib import Path


def begun(folder: Path) -> FailureClass:
    [source, _] = new_class("H97", "Wrong on Tuesdays", hidden=folder)
    spec = spec_from_file_location("h97", source)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: FailureClass = module.H97
    return found


def test_it_is_a_failure_class_whose_incident_cannot_be_drawn_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CLASSES, "H97", begun(tmp_path))
    monkeypatch.setattr(incident, "MOST_DRAWINGS", 2)
    with pytest.raises(incident.NoUsableWorld, match="fewer than 6 products are affected"):
        incident.incident(Spec("H97", 1))


def test_its_files_are_as_tidy_as_the_others(tmp_path: Path) -> None:
    files = new_class("H98", "Wrong on Wednesdays", hidden=tmp_path)
    for tool, looked_at in ((["check"], files[:1]), (["format", "--check"], files)):  # a test is a learner's, untyped
        argv = [sys.executable, "-m", "ruff", *tool, "--config", str(build.HERE.parents[2] / "pyproject.toml")]
        ran = subprocess.run([*argv, *map(str, looked_at)], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("key", ["h15", "H", "H1", "../H7", "X3", "H123"])
def test_a_key_that_is_none_or_taken_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(CannotBegin):
        new_class(key, "Anything", hidden=tmp_path)
    assert not list(tmp_path.iterdir())
