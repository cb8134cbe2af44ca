"""The assistant's own tests: green at every commit that has some, whatever the fault, or bisecting would find it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import PACK
from exams.packs.hallucination.hidden import CLASSES

if TYPE_CHECKING:
    from pathlib import Path

    from sandboxes.ingest.tree import Tree

EACH = [pytest.param(Spec(key, 1), id=f"{key}-1", marks=pytest.mark.xdist_group(f"{key}-1")) for key in CLASSES]
MORE = [pytest.param(Spec(key, seed), id=f"{key}-{seed}") for key in CLASSES for seed in (2, 3, 4)]
NOT_TESTED = ("ops", "traces.jsonl", "README.md")

# What the trees import is imported once, then each is tested in a child of its own: many times as fast.
RUN = """
import os, pathlib, sys
import json, numpy, pytest, random, tomllib

for tree in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    child = os.fork()
    if not child:
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        code = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tree)])
        sys.stdout.flush()
        os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"red: {tree.name}")
"""


def with_tests(spec: Spec) -> dict[str, Tree]:
    """Each commit's tree from the first with tests on, where it differs in anything that a test could notice."""
    found: dict[str, Tree] = {}
    for number, commit in enumerate(PACK.history(spec)):
        tree = commit.tree.without(*NOT_TESTED)
        if any(path.startswith("tests/test_") for path in tree.files) and tree not in found.values():
            found[f"{number:02d}"] = tree
    return found


def green_everywhere(spec: Spec, folder: Path) -> None:
    trees = with_tests(spec)
    assert len(trees) >= 10
    for name, tree in trees.items():
        for path, content in tree.files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)],
        env={
            "PATH": os.environ["PATH"],
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr


@pytest.mark.parametrize("spec", EACH)
def test_they_are_green_at_every_commit(spec: Spec, tmp_path: Path) -> None:
    green_everywhere(spec, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("spec", MORE)
def test_they_are_green_at_every_commit_of_more_incidents(spec: Spec, tmp_path: Path) -> None:
    green_everywhere(spec, tmp_path)
