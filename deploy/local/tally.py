"""Counts what became of each test, over all phases of a run and the retry after it: a plugin of pytest's.

`deploy.local.suite` loads it (`-p deploy.local.tally`) and says in `HOTSEAT_TALLY` where to write.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
_MOST_NAMED = 10


@dataclass
class Tally:
    """What became of each test, by its id; why it was skipped; which failed once and passed when run again.

    `broke` is pytest's exit status where it stopped before its end: nobody knows of the tests that it did not come to.
    """

    outcomes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    flaky: list[str] = field(default_factory=list)
    broke: int = 0

    @property
    def failed(self) -> list[str]:
        """What failed, and did not pass since."""
        return [name for name, outcome in self.outcomes.items() if outcome == FAILED]

    def add(self, later: "Tally") -> None:
        """Put in another phase, or the retry; a file that could not be read counts until its tests are run."""
        for name in self.failed:
            run_now = [each for each in later.outcomes if each == name or each.startswith(f"{name}::")]
            if run_now and all(later.outcomes[each] != FAILED for each in run_now):
                self.flaky.append(name)
            if run_now and name not in later.outcomes:
                del self.outcomes[name]
        self.outcomes |= later.outcomes
        self.reasons |= later.reasons

    def words(self) -> str:
        """One line on all of it."""
        counted = Counter(self.outcomes.values())
        reasons = Counter(self.reasons[name] for name, outcome in self.outcomes.items() if outcome == SKIPPED)
        why = "; ".join(f"{times} × {reason}" for reason, times in reasons.most_common())
        return (
            f"Tests in all: {counted[PASSED]} passed, {counted[FAILED]} failed{_named(self.failed)}, "
            f"{counted[SKIPPED]} skipped{f' ({why})' if why else ''}, {len(self.flaky)} flaky{_named(self.flaky)}."
        )

    @classmethod
    def read(cls, file: Path) -> "Tally | None":
        """What was written down; None if nothing, or half of it, was."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Write it down."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(vars(self)), encoding="utf-8")


def _named(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return f" ({', '.join([*names[:_MOST_NAMED], *more])})" if names else ""


class Recorder:
    """Listens to one pytest."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tally = Tally()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test has three parts; a failure in any is a failure, and what was skipped has no more to say."""
        name, known = report.nodeid, self._tally.outcomes.get(report.nodeid)
        if report.failed:
            self._tally.outcomes[name] = FAILED
        elif report.skipped and known is None:
            self._tally.outcomes[name] = SKIPPED
            self._tally.reasons[name] = _reason(report)
        elif report.when == "call" and known is None:
            self._tally.outcomes[name] = PASSED

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be read is a failure; one that skips itself is one skip."""
        if report.failed:
            self._tally.outcomes[report.nodeid] = FAILED
        elif report.skipped:
            self._tally.outcomes[report.nodeid] = SKIPPED
            self._tally.reasons[report.nodeid] = _reason(report)

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        self._tally.write(self._file)


def pytest_configure(config: Any) -> None:
    """Count in the process that hears of every test, and in no pytest that a test starts."""
    file = os.environ.pop("HOTSEAT_TALLY", None)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(file)))


def _reason(report: Any) -> str:
    if expected := getattr(report, "wasxfail", None):
        return f"expected to fail: {expected}"
    told = report.longrepr
    if isinstance(told, Mapping | str):
        return str(told)
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")
