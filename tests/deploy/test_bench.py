"""The benchmark: its arithmetic is exact, and a section measures on parts of its own and says what it could not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import pytest

from deploy.bench import __main__ as bench
from deploy.bench import figures, ground, watching
from deploy.bench.figures import Spread
from deploy.bench.learner import Diary
from deploy.bench.report import CouldNotMeasure, Counts, Report
from deploy.demo.api import NotAsItShouldBe
from deploy.local import places


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (1, 1.0), (50, 2.0), (51, 3.0), (75, 3.0), (76, 4.0), (95, 4.0), (100, 4.0)]
)
def test_a_percentile_is_a_value_that_was_seen(percent: float, expected: float) -> None:
    assert figures.percentile([4.0, 1.0, 3.0, 2.0], percent) == expected


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], -1), ([1.0], 101)])
def test_there_is_no_percentile_of_nothing_or_outside_the_hundred(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        figures.percentile(values, percent)


def test_a_spread_knows_its_ends_its_middle_and_its_tail() -> None:
    spread = Spread.of([float(each) for each in range(100, 0, -1)])
    assert spread == Spread(count=100, least=1.0, lower=25.0, median=50.5, upper=75.0, p95=95.0, p99=99.0, most=100.0)


def test_ratios_are_taken_pair_by_pair() -> None:
    assert figures.ratios([1.0, 9.0], [2.0, 3.0]) == [0.5, 3.0]
    with pytest.raises(ValueError, match="zip"):
        figures.ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize(("value", "said"), [(0.0494, "49 ms"), (0.5, "500 ms"), (1.0, "1.00 s"), (61.234, "61.23 s")])
def test_times_are_said_for_people(value: float, said: str) -> None:
    assert figures.seconds(value) == said


def test_a_section_of_another_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        bench.main(["speed"])
    assert refused.value.code == 2
    assert "there is no section 'speed'" in capsys.readouterr().err


def section(measure: Callable[[Counts], Report]) -> ModuleType:
    found = ModuleType("section")
    found.__dict__["measure"] = measure
    return found


def test_a_section_that_fails_says_why_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: Counts) -> Report:
        raise CouldNotMeasure("The pool did not fill.")

    def works(counts: Counts) -> Report:
        return Report("Pairs", ("", "count"), (("asked for", str(counts.pairs)),))

    monkeypatch.setattr(bench, "SECTIONS", {"first": ("bench_first", False), "second": ("bench_second", False)})
    monkeypatch.setitem(sys.modules, "bench_first", section(fails))
    monkeypatch.setitem(sys.modules, "bench_second", section(works))
    monkeypatch.setattr(ground, "ready", lambda *, containers: nullcontext(containers))
    assert bench.main(["--pairs", "7"]) == 1
    said = capsys.readouterr().out
    assert "first could not be measured: CouldNotMeasure: The pool did not fill." in said
    assert "asked for │     7" in said
    assert "Not measured: first." in said
    assert bench.main(["second"]) == 0


def test_a_small_run_measures_on_parts_of_its_own(tmp_path: Path) -> None:
    env = os.environ | {"HOTSEAT_STATE_DIR": str(tmp_path / "state")}
    words = [sys.executable, "-m", "deploy.bench", "closing", "--attempts", "3"]
    ended = subprocess.run(words, cwd=places.ROOT, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 windows that end in the same second" in ended.stdout
    assert "recorded after the deadline" in ended.stdout


def test_a_diary_keeps_what_took_how_long_and_what_went_wrong_in_words() -> None:
    diary = Diary()
    with diary.timed("push"):
        pass
    with pytest.raises(NotAsItShouldBe), diary.timed("push"):
        raise NotAsItShouldBe("it was cut off")
    assert len(diary.took["push"]) == 1
    assert diary.failed["push"][0].startswith("NotAsItShouldBe: it was cut off (after ")


def test_a_watch_sees_the_memory_of_processes_and_their_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY_SECONDS", 0.1)
    with subprocess.Popen(["/bin/sh", "-c", "sleep 30 & wait"], start_new_session=True) as process:
        try:
            with watching.Watch({"shell": process.pid}) as seen:
                until = time.monotonic() + 60
                while not seen.loads and time.monotonic() < until:
                    time.sleep(0.1)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert seen.most["shell"] > 0
    assert seen.loads


def test_the_crowd_is_measured_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def measured(name: str, _: Counts) -> bool:
        asked.append(name)
        return True

    monkeypatch.setattr(bench, "_measured", measured)
    monkeypatch.setattr(ground, "ready", lambda *, containers: nullcontext(containers))
    assert bench.main([]) == 0
    assert "crowd" not in asked
    assert bench.main(["crowd"]) == 0
    assert asked[-1] == "crowd"
