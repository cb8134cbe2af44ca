"""`make test` runs everything once: most tests side by side, the journeys alone after them; one line sums it up."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import places, suite
from deploy.local.tally import Tally


@pytest.mark.parametrize(
    ("said", "phases"),
    [
        ([], [(True, "not nightly", []), (False, "not nightly", ["tests/journeys"])]),
        (["-m", "nightly"], [(True, "nightly", []), (False, "nightly", ["tests/journeys"])]),
        (["-k", "clock or rules"], [(True, "not nightly", []), (False, "not nightly", ["tests/journeys"])]),
        (["tests/exams", "-x"], [(True, "not nightly", ["tests/exams"])]),
        (["tests/journeys/test_demonstration.py"], [(False, "not nightly", ["tests/journeys/test_demonstration.py"])]),
        (["tests"], [(True, "not nightly", ["tests"]), (False, "not nightly", ["tests"])]),
    ],
)
def test_every_test_asked_for_is_in_exactly_one_phase(
    said: list[str], phases: list[tuple[bool, str, list[str]]]
) -> None:
    found = suite._phases(said)
    for words, (beside, marks, files) in zip(found, phases, strict=True):
        assert words[:2] == ["-m", f"({marks}) and {'not ' if beside else ''}journey"]
        assert [word for word in words if word.startswith("tests")] == files
        assert words[words.index("-n") + 1] == ("2" if beside else "0")


def test_whoever_chooses_the_number_of_workers_gets_it() -> None:
    assert suite._phases(["tests/exams", "-n", "1"]) == [
        ["-m", "(not nightly) and not journey", "--dist", "loadgroup", "tests/exams", "-n", "1"]
    ]


@pytest.mark.parametrize(
    ("ended", "status"), [([0, 0], 0), ([1, 0], 1), ([0, 1], 1), ([0, 5], 0), ([5, 0], 0), ([5, 1], 1), ([5, 5], 5)]
)
def test_one_status_tells_of_all_phases(ended: list[int], status: int) -> None:
    assert suite._told(ended, Tally()) == status


def test_the_last_line_sums_up_both_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(suite, "say", said.append)
    suite._told([1, 0], Tally({"a::b": "failed", "c::d": "passed"}))
    suite._told([0], Tally({"a::b": "passed"}))
    assert suite._told([0], Tally({"a::b": "passed"}, broke=2)) == 1, "no retry mends a run that broke off"
    broke = " pytest broke off with 2, so some were never run: run all of them."
    assert said == [
        "\nSide by side: failed, see above. Journeys: passed.",
        "Tests in all: 1 passed, 1 failed (a::b), 0 skipped, 0 flaky.",
        "\nTests in all: 1 passed, 0 failed, 0 skipped, 0 flaky.",
        f"\nTests in all: 1 passed, 0 failed, 0 skipped, 0 flaky.{broke}",
    ]


@pytest.mark.parametrize(
    ("failed", "journeys"),
    [
        (["tests/exams/test_a.py::test_b"], [False]),
        (["tests/journeys/test_a.py::test_b"], [True]),
        (["tests/journeys/test_a.py::test_b", "tests/exams/test_a.py"], [False, True]),
    ],
)
def test_only_phases_in_which_something_failed_are_run_again(failed: list[str], journeys: list[bool]) -> None:
    phases = suite._worth_running(suite._phases(["--last-failed", "-n", "0"]), failed)
    assert [suite._JOURNEYS in phase for phase in phases] == journeys


FIRST = """
import pathlib, pytest

ONCE = pathlib.Path(__file__).with_name("once")

def test_sound(): pass
def test_wrong(): assert False
@pytest.mark.skip(reason="no such machine")
def test_left_out(): pass
@pytest.fixture
def broken():
    yield
    if not ONCE.exists():
        ONCE.touch()
        raise RuntimeError("only once")
def test_flaky(broken): pass
"""


def test_what_is_run_again_is_counted_once_and_what_passes_then_is_flaky(tmp_path: Path) -> None:
    (tmp_path / "test_first.py").write_text(FIRST)
    (tmp_path / "test_second.py").write_text("import nothing_of_that_name\ndef test_late(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    pytest_ = [sys.executable, "-m", "pytest", "-p", "deploy.local.tally", "--continue-on-collection-errors"]
    tally = Tally()
    for again in ([], ["--last-failed"]):
        part = tmp_path / "part.json"
        subprocess.run(
            [*pytest_, *again],
            cwd=tmp_path,
            env={"PYTHONPATH": str(places.ROOT), "HOTSEAT_TALLY": str(part)},
            check=False,
            capture_output=True,
        )
        if again:
            assert tally.words() == (
                "Tests in all: 1 passed, 3 failed (test_second.py, test_first.py::test_wrong, "
                "test_first.py::test_flaky), 1 skipped (1 × no such machine), 0 flaky."
            )
        found = Tally.read(part)
        assert found is not None
        tally.add(found)
        (tmp_path / "nothing_of_that_name.py").touch()
    # pytest does not run the tests of a file that it can read now: they are as good as failed, and so is the run.
    assert tally.words() == (
        "Tests in all: 2 passed, 2 failed (test_second.py, test_first.py::test_wrong), "
        "1 skipped (1 × no such machine), 1 flaky (test_first.py::test_flaky)."
    )
    assert suite._told([0], tally) == 1
    tally.add(Tally({"test_second.py::test_late": "passed"}))
    assert tally.failed == ["test_first.py::test_wrong"]
    assert "test_second.py" in tally.flaky


def test_a_run_that_broke_off_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "state_dir", lambda: tmp_path)
    suite._ran(["--no-such-option"], {"PATH": "/usr/bin:/bin"}, Tally())
    kept = Tally.read(tmp_path / "tests.json")
    assert kept is not None
    assert kept.broke == 4
