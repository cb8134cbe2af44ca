"""An export of very many rows: read from the database some at a time, and never all in memory."""

from __future__ import annotations

import asyncio
import json
import tempfile
import tracemalloc
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.backends.postgresql.base import DatabaseWrapper

from exams import ledger, receipts
from exams.models import LateWrite
from rubrics.api.export import Made, write_zip
from tests.attempts import NOON, live_attempt
from tests.people import Cast
from tests.work import EARLY, LIVE_CLOSES, save

if TYPE_CHECKING:
    from exams.models import Attempt

pytestmark = pytest.mark.django_db

MANY = 1_000
LONG = "x" * 20_000  # 20 MB in all
MIB = 1024 * 1024


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """One whose ledger holds very much."""
    made = live_attempt(cast.learner, started_at=NOON)
    held = ledger.hold(made.pk)
    for number in range(MANY):
        ledger.append(
            attempt=held, kind="test", payload={"number": number, "said": LONG}, actor=None, at=EARLY, receipt=True
        )
    return made


def test_its_memory_is_bounded_and_its_rows_come_in_chunks(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    cursors: list[Any] = []
    chunked = DatabaseWrapper.chunked_cursor

    def counted(self: DatabaseWrapper) -> Any:
        cursors.append(chunked(self))
        return cursors[-1]

    monkeypatch.setattr(DatabaseWrapper, "chunked_cursor", counted)
    with tempfile.TemporaryFile() as into:
        tracemalloc.start()
        try:
            write_zip(attempt, into, now=EARLY)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        archive = zipfile.ZipFile(into)
        told = json.loads(archive.read("ledger.json"))
        given = json.loads(archive.read("receipts.json"))
    assert [each["payload"]["number"] for each in told if each.get("kind") == "test"] == list(range(MANY))
    assert sum(each["kind"] == "test" for each in given) == MANY
    assert most < 12 * MIB, f"{most / MIB:.1f} MiB for a ledger of {MANY * len(LONG) / MIB:.0f}"
    assert all(each.name for each in cursors), "cursors that the server keeps have names"
    assert len(cursors) >= 5


def test_lists_that_are_written_bit_by_bit_are_what_they_were(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "It began")
    for number in range(3):
        save(attempt, "diagnosis", f"late {number}", at=LIVE_CLOSES + timedelta(seconds=number))
    with tempfile.TemporaryFile() as into:
        write_zip(attempt, into, now=EARLY)
        archive = zipfile.ZipFile(into)
        late = json.loads(archive.read("late_writes.json"))
        assert [each["payload"]["content"] for each in late] == ["late 0", "late 1", "late 2"]
        assert {each["id"] for each in late} == {str(each.pk) for each in LateWrite.objects.all()}
        assert json.loads(archive.read("questions.json")) == []
        assert json.loads(archive.read("receipts.json")) == [receipts.as_json(each) for each in receipts.of(attempt)]
        assert len(json.loads(archive.read("ledger.json"))) == attempt.events.count()


def test_an_async_server_sends_it_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Made, "block_size", 1_000)
    made = tempfile.SpooledTemporaryFile(max_size=100)  # noqa: SIM115 - the response closes it
    made.write(b"0123456789" * 1_000)
    made.seek(0)
    response = Made(made)

    async def sent() -> list[tuple[int, int]]:
        return [(len(block), made.tell()) async for block in response]

    assert asyncio.run(sent()) == [(1_000, 1_000 * number) for number in range(1, 11)]
    assert response["Content-Length"] == "10000"
    response.close()
    assert made.closed
