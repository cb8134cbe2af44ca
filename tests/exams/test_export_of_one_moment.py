"""What an export holds is of one moment, whatever is written while it is put together."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from exams import ledger, receipts
from exams.database_clock import database_now
from rubrics.api.export import write_zip
from tests.attempts import live_attempt
from tests.people import standing_cast

if TYPE_CHECKING:
    from exams.models import Attempt

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_written_meanwhile_is_in_all_of_it_or_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(standing_cast().learner, started_at=database_now() - timedelta(minutes=5))
    listed = receipts.each

    def act() -> None:
        with transaction.atomic():
            held = ledger.hold(attempt.pk)
            ledger.append(attempt=held, kind="test", payload={}, actor=None, at=database_now(), receipt=True)
        connection.close()

    def each_after_another_act(of: Attempt) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(act).result()
        return listed(of)

    monkeypatch.setattr(receipts, "each", each_after_another_act)
    made = io.BytesIO()
    write_zip(attempt, made, now=database_now())
    archive = zipfile.ZipFile(made)
    recorded = {each["seq"] for each in json.loads(archive.read("ledger.json"))}
    given = {each["number"] for each in json.loads(archive.read("receipts.json"))}
    assert given <= recorded
