"""What is timed: the real pack's own test and fix, in the sandbox and by bare pytest on the same files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.bench.report import CouldNotMeasure
from exams import packs
from grading import run
from grading.verdicts import Label
from sandboxes.docker_sandbox import DockerSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.ingest.tree import Tree

PACK = packs.load("exams.packs.hallucination")
SEED = 7
POOL_SIZE = 2  # what a grading worker keeps waiting
_BARE = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/regression")
_FAILED, _PASSED = 1, 0
_SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class Subject:
    """An incident, and the right fix with the author's test as a learner would hand it in."""

    spec: packs.Spec
    before: Tree
    submitted: Tree


def subject(failure_class: str) -> Subject:
    """The incident of one class; making it takes seconds, once in a process."""
    spec = packs.Spec(failure_class, SEED)
    test = PACK.author_test(spec)
    return Subject(spec, PACK.base(spec).overlay(test), PACK.reference(spec).overlay(test))


def docker(*, pool_size: int) -> DockerSandbox:
    """The real sandbox on this machine's image."""
    return DockerSandbox(image=os.environ["HOTSEAT_SANDBOX_IMAGE"], pool_size=pool_size)


def settle(sandbox: DockerSandbox, *, pool_size: int) -> None:
    """Wait until the pool is full and removals are over, so that one measurement does not pay for the last.

    Raises:
        CouldNotMeasure: the pool does not fill.
    """
    until = time.monotonic() + _SETTLE_SECONDS
    sandbox.warm()
    while sandbox.health().details.get("waiting", 0) < pool_size:
        if time.monotonic() > until:
            raise CouldNotMeasure(f"The pool did not fill within {_SETTLE_SECONDS:.0f} s.")
        time.sleep(0.05)
    time.sleep(0.4)


def timed_pair(what: Subject, sandbox: DockerSandbox) -> float:
    """Seconds from asking for PRE and POST until both are known.

    Raises:
        CouldNotMeasure: the test did not fail before and pass after.
        SandboxFault: the platform failed.
    """
    pair = run.visible_pair(pack=PACK, spec=what.spec, submitted=what.submitted, sandbox=sandbox)
    if (pair.before.label, pair.after.label) != (Label.fails, Label.passes):
        raise CouldNotMeasure(f"The author's test {pair.before.label} before and {pair.after.label} after the fix.")
    return pair.seconds


@contextmanager
def folders(what: Subject) -> Iterator[tuple[Path, Path]]:
    """Both trees as files, as a learner would have them checked out."""
    with tempfile.TemporaryDirectory(prefix="hotseat-bench-") as place:
        made = Path(place, "before"), Path(place, "after")
        for folder, tree in zip(made, (what.before, what.submitted), strict=True):
            for path, content in tree.files.items():
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        yield made


def timed_bare(places: tuple[Path, Path]) -> float:
    """Seconds that two pytest processes take one after the other, without plugins, without a cache of results.

    Raises:
        CouldNotMeasure: the test did not fail before and pass after.
    """
    env = {"PATH": os.environ.get("PATH", os.defpath), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env["OPENBLAS_NUM_THREADS"] = "1"  # as in the sandbox
    began = time.perf_counter()
    ended = [subprocess.run(_BARE, cwd=place, env=env, capture_output=True, text=True, check=False) for place in places]
    took = time.perf_counter() - began
    if [each.returncode for each in ended] != [_FAILED, _PASSED]:
        said = " / ".join(each.stdout.strip().splitlines()[-1] if each.stdout else each.stderr for each in ended)
        raise CouldNotMeasure(f"Bare pytest did not fail before and pass after the fix: {said}")
    return took
