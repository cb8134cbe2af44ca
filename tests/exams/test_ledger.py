"""The ledger: one chain, appended to by one writer at a time, that nobody can rewrite without being found out."""

from __future__ import annotations

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from exams import ledger
from exams.models import Attempt, Event
from tests.attempts import NOON, live_attempt
from tests.people import Cast, standing_cast

pytestmark = pytest.mark.django_db


def _note(attempt: Attempt, payload: dict[str, Any] | None = None, *, visible: bool = True) -> Event:
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        return ledger.append(
            attempt=held, kind="test.note", payload=payload or {}, actor=held.learner, at=NOON, visible=visible
        )


def test_events_are_numbered_and_chained_and_the_database_agrees_on_each_hash(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for number in range(3):
        _note(attempt, {"number": number, "at": NOON, "who": attempt.pk})
    events = list(Event.objects.filter(attempt=attempt))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[0].previous_sha256 == ledger.BEFORE_THE_FIRST
    assert all(after.previous_sha256 == before.sha256 for before, after in itertools.pairwise(events))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sha256 = hotseat_event_sha256(e) FROM exams_event e WHERE attempt_id = %s", [attempt.pk])
        assert {same for (same,) in cursor.fetchall()} == {True}
    assert ledger.verify(attempt.pk) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé{\"'", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(payload=st.dictionaries(st.text("xyz", min_size=1, max_size=3), json_values, max_size=4))
def test_a_payload_hashes_the_same_after_the_database_has_held_it(payload: dict[str, Any]) -> None:
    stored = ledger.plain(payload)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(stored)])
        (text,) = cursor.fetchone()
    assert ledger.canonical(json.loads(text)) == ledger.canonical(payload)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\x00", "\ud800", object(), {1, 2}])
def test_what_cannot_be_read_back_is_not_recorded(value: object) -> None:
    with pytest.raises(ledger.NotRecordable):
        ledger.canonical({"value": value})


def test_moments_are_written_in_one_form_whatever_their_zone() -> None:
    at = datetime(2026, 6, 1, 12, 0, 0, 5, tzinfo=UTC)
    assert ledger.iso(at) == "2026-06-01T12:00:00.000005Z"
    assert ledger.plain(at) == ledger.iso(at)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exams_event SET kind = 'other'",
        "DELETE FROM exams_event",
        "UPDATE exams_event SET visible_to_learner = NOT visible_to_learner",
    ],
)
def test_the_database_refuses_to_rewrite_the_ledger(cast: Cast, statement: str) -> None:
    live_attempt(cast.learner)
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_database_refuses_to_empty_the_ledger(cast: Cast) -> None:
    live_attempt(cast.learner)
    with pytest.raises(IntegrityError, match="never emptied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL hotseat.allow_truncate = 'off'")
        cursor.execute("TRUNCATE exams_event CASCADE")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seq": 99}, "does not follow"),
        ({"previous_sha256": "f" * 64}, "the event before it"),
        ({"sha256": "f" * 64}, "not its own"),
        ({"kind": "forged"}, "not its own"),
        ({"at": NOON + timedelta(microseconds=1)}, "not its own"),
    ],
)
def test_the_database_refuses_an_event_that_does_not_fit_the_chain(
    cast: Cast, change: dict[str, Any], why: str
) -> None:
    attempt = live_attempt(cast.learner)
    last = _note(attempt)
    forged = Event(
        attempt=attempt,
        seq=last.seq + 1,
        at=NOON,
        kind="test.note",
        payload={},
        payload_sha256=last.payload_sha256,
        previous_sha256=last.sha256,
    )
    forged.sha256 = ledger.link(forged)
    for field, value in change.items():
        setattr(forged, field, value)
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        forged.save(force_insert=True)


def _tamper(statement: str, *arguments: UUID) -> None:
    """What only somebody with the database's own rights can do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE exams_event DISABLE TRIGGER USER")
        cursor.execute(statement, arguments)
        cursor.execute("ALTER TABLE exams_event ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("statement", "broken", "why"),
    [
        ("UPDATE exams_event SET payload = '{\"n\": 7}' WHERE attempt_id = %s AND seq = 4", 4, "payload"),
        ("UPDATE exams_event SET at = at + interval '1 microsecond' WHERE attempt_id = %s AND seq = 4", 4, "time"),
        ("UPDATE exams_event SET kind = 'x' WHERE attempt_id = %s AND seq = 5", 5, "kind"),
        ("UPDATE exams_event SET visible_to_learner = false WHERE attempt_id = %s AND seq = 3", 3, "flags"),
        ("UPDATE exams_event SET previous_sha256 = repeat('a', 64) WHERE attempt_id = %s AND seq = 4", 4, "before it"),
        ("DELETE FROM exams_event WHERE attempt_id = %s AND seq = 4", 4, "missing"),
    ],
)
def test_verification_names_the_first_broken_event(cast: Cast, statement: str, broken: int, why: str) -> None:
    attempt = live_attempt(cast.learner)
    for number in range(4):
        _note(attempt, {"n": number})
    assert ledger.verify(attempt.pk) is None
    _tamper(statement, attempt.pk)
    found = ledger.verify(attempt.pk)
    assert found is not None
    assert found.seq == broken
    assert why in found.why
    out = StringIO()
    with pytest.raises(SystemExit) as exited:
        call_command("verify_ledger", str(attempt.pk), stdout=out, stderr=StringIO())
    assert exited.value.code == 1
    assert f"event {broken} is broken" in out.getvalue()


def test_verification_of_every_ledger_says_how_many_are_whole(cast: Cast) -> None:
    live_attempt(cast.learner)
    live_attempt(cast.other_learner)
    err = StringIO()
    call_command("verify_ledger", stdout=StringIO(), stderr=err)
    assert "2 ledger(s) whole, 0 broken" in err.getvalue()


def test_verification_of_what_is_not_there_says_so(cast: Cast) -> None:
    live_attempt(cast.learner)
    with pytest.raises(CommandError, match="There is no attempt"):
        call_command("verify_ledger", str(uuid4()))
    with pytest.raises(CommandError, match="looks like a UUID"):
        call_command("verify_ledger", "seven")


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain() -> None:
    attempt = live_attempt(standing_cast().learner)
    before = Event.objects.filter(attempt=attempt).count()
    writers, each = 6, 5
    together = threading.Barrier(writers)

    def write() -> None:
        together.wait()
        for number in range(each):
            _note(attempt, {"number": number})
        connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Event.objects.filter(attempt=attempt).count() == before + writers * each
    assert ledger.verify(attempt.pk) is None
