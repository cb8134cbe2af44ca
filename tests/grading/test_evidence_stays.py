"""Evidence of a closed attempt does not change by waiting: whatever differs later, other code or other work made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from grading import evidence
from grading.evidence import code
from rubrics.basis import gathering
from tests.grading.test_evidence_whole import at, attempt, play  # noqa: F401 - attempt is a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from exams.models import Attempt
    from sandboxes.fake_sandbox import FakeSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("once")]


def test_a_closed_attempt_is_the_same_page_tomorrow(attempt: Attempt, fake: FakeSandbox) -> None:  # noqa: F811
    play(attempt, fake)
    closed = at(90 + 4 * 60)
    first = gathering.plain(evidence.collect(attempt, now=closed))
    again = gathering.plain(evidence.collect(attempt, now=closed + timedelta(days=20)))
    assert [name for name in first if first[name] != again[name]] == []
    assert len(gathering._text(first)) < gathering.MOST_BYTES / 4


def test_the_code_has_one_hash_that_any_file_of_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grading", "exams"):
        (tmp_path / name).mkdir()
    figure = tmp_path / "grading" / "figures.py"
    figure.write_text("ONE = 1\n")
    monkeypatch.setattr(code, "_ROOT", tmp_path)
    made = code.version.__wrapped__()
    (tmp_path / "exams" / "weights.npz").write_text("no code")
    assert code.version.__wrapped__() == made
    figure.write_text("ONE = 2\n")
    assert code.version.__wrapped__() != made
