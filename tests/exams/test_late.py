"""Late writes: kept, seen, and let count once by an admin with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from exams import late as late_writes
from exams import ledger, live, receipts, start, submit
from exams.models import Attempt, Diagnosis, Draft, HandIn, LateWrite, Stage, StatusUpdate, Submission
from exams.queries import counting_hand_in
from exams.sources import Pin
from exams.submit.granting import AlreadyGranted, CannotBeGranted, GrantNeedsReason, NoSuchLateWrite
from exams.submit.hand_ins import TooManyHandIns
from exams.submit.self_checks import CriticalSelfCheck
from sandboxes.ingest import IngestRefused
from tests.attempts import NOON, live_attempt, move_windows
from tests.people import Cast, client_of
from tests.work import EARLY, LIVE_CLOSES, MICROSECOND, events, push, save

pytestmark = pytest.mark.django_db

LATE = LIVE_CLOSES + timedelta(seconds=2)


def late_hand_in(attempt: Attempt, *, at: datetime = LATE, **changes: Any) -> LateWrite:
    said: dict[str, Any] = {
        "deliverables": {"diagnosis": "at last", "hotfix": {"mode": "repo_url", "ref": "a" * 40}},
        "self_checks": {"F1": "yes"},
        "force_reason": None,
    }
    push(attempt, "a" * 40)
    kept = submit.hand_in(
        attempt=attempt, stage_key="live", actor=attempt.learner, received_at=at, **(said | changes)
    ).late
    assert kept is not None
    return kept


@pytest.fixture(autouse=True)
def _every_commit_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandboxes.repository.resolve", lambda _path, *, ref: ref)


def grant(late: LateWrite, cast: Cast, *, reason: str = "the platform was down", at: datetime = LATE) -> Any:
    return submit.grant_late(late_write_id=late.pk, reason=reason, actor=cast.admin, now=at + timedelta(hours=1))


def test_a_granted_hand_in_counts_from_the_moment_it_arrived(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "diagnosis", "in time")
    submit.close_overdue(LIVE_CLOSES)
    late = late_hand_in(attempt)
    before = counting_hand_in(attempt, "live")
    assert before is not None
    assert before.by_deadline
    grant(late, cast)
    counting = counting_hand_in(attempt, "live")
    assert counting is not None
    assert counting.received_at == LATE
    assert counting.deliverables["diagnosis"] == "at last"
    assert counting.submission.pinned_commit == "a" * 40
    assert counting.self_checks.get(check_key="F1").answer == "yes"
    (event,) = events(attempt, "late_write.granted")
    assert event.payload["reason"] == "the platform was down"
    assert event.actor == cast.admin
    assert ledger.verify(attempt.pk) is None


def test_nothing_is_granted_once_the_attempt_was_signed_off(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = late_hand_in(attempt)
    monkeypatch.setattr(start, "previous_is_finished", [lambda asked: asked.pk == attempt.pk])
    with pytest.raises(CannotBeGranted, match="signed off"):
        grant(late, cast)
    assert not HandIn.objects.exists()
    late.refresh_from_db()
    assert late.granted_at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"payload": {}},
        {"received_at": NOON},
        {"late_by": timedelta(0)},
        {"content_sha256": "0" * 64},
        {"kind": "draft"},
    ],
)
def test_the_database_keeps_what_came_late_as_it_came(cast: Cast, changed: dict[str, Any]) -> None:
    late = late_hand_in(live_attempt(cast.learner, started_at=NOON))
    with pytest.raises(IntegrityError, match="kept as it came"), transaction.atomic():
        LateWrite.objects.filter(pk=late.pk).update(**changed)
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        LateWrite.objects.filter(pk=late.pk).delete()
    grant(late, cast)
    with pytest.raises(IntegrityError, match="granted stays"), transaction.atomic():
        LateWrite.objects.filter(pk=late.pk).update(granted_at=None, granted_by=None, grant_reason="")


@pytest.mark.parametrize(
    ("at", "by_deadline", "counts"),
    [
        (NOON - MICROSECOND, False, False),
        (NOON, False, True),
        (LIVE_CLOSES - MICROSECOND, False, True),
        (LIVE_CLOSES, False, False),
        (LIVE_CLOSES, True, True),
        (LIVE_CLOSES + MICROSECOND, True, False),
        (LATE, False, False),
    ],
)
def test_the_database_takes_no_hand_in_from_outside_the_window(
    cast: Cast, at: datetime, by_deadline: bool, counts: bool
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late_hand_in(attempt)  # that it is kept as late is not enough: it was not granted
    row = HandIn(
        attempt=attempt,
        stage=Stage.objects.get(attempt=attempt, key="live"),
        number=1,
        received_at=at,
        by_deadline=by_deadline,
        deliverables={"diagnosis": "at last"},
        content_sha256="0" * 64,
    )
    if counts:
        row.save(force_insert=True)
    else:
        with pytest.raises(IntegrityError, match="came in its window, or was granted"), transaction.atomic():
            row.save(force_insert=True)


def test_a_granted_force_is_still_a_force(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = late_hand_in(attempt, self_checks={}, force_reason="no time")
    grant(late, cast)
    hand_in = HandIn.objects.get()
    assert (hand_in.blocked_checks, hand_in.force_reason) == (["F1"], "no time")


@pytest.mark.parametrize("answers", [{}, {"F1": "no"}], ids=["not answered", "answered no"])
def test_a_late_one_that_a_check_would_block_is_kept_and_says_so(cast: Cast, answers: dict[str, str]) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = late_hand_in(attempt, self_checks=answers)
    assert late.payload["blocked"] == ["F1"]
    assert late.payload["deliverables"]["diagnosis"] == "at last"
    (event,) = events(attempt, "late_write.received")
    assert event.payload["blocked_checks"] == ["F1"]
    said = receipts.of(attempt)[-1]
    assert not said.counts
    assert "blocked, by what you answered to F1" in said.message
    assert HandIn.objects.count() == 0


def test_an_admin_who_lets_a_blocked_one_count_is_named_as_the_one_who_did(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    grant(late_hand_in(attempt, self_checks={"F1": "no"}), cast)
    hand_in = HandIn.objects.get()
    assert hand_in.blocked_checks == ["F1"]
    assert hand_in.force_reason == "Let count by an admin: the platform was down"
    assert ledger.verify(attempt.pk) is None


def test_an_extension_that_comes_while_a_late_one_is_read_does_not_unblock_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)

    def meanwhile(*_: Any, **__: Any) -> Pin:
        move_windows(Stage.objects.filter(attempt=attempt), closes_at=F("closes_at") + timedelta(minutes=10))
        return Pin()

    monkeypatch.setattr("exams.sources.pin", meanwhile)
    with pytest.raises(CriticalSelfCheck):
        late_hand_in(attempt, self_checks={})
    assert not LateWrite.objects.exists()


def test_a_late_one_whose_code_is_nowhere_is_kept_all_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_path: Any, *, ref: str) -> str:
        raise IngestRefused("ref-not-found", f"No branch here holds commit {ref}.")

    monkeypatch.setattr("sandboxes.repository.resolve", nowhere)
    late = late_hand_in(live_attempt(cast.learner, started_at=NOON))
    assert late.payload["source"] == {"mode": "repo_url", "ref": "a" * 40}
    assert late.payload["pin"]["unpinned"]
    assert "No branch here holds commit" in late.payload["pin"]["why"]


def test_what_an_admin_grants_counts_although_the_learner_has_used_up_what_they_may_send(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    monkeypatch.setattr("exams.submit.hand_ins.MAX_HAND_INS", 1)
    said: dict[str, Any] = {"deliverables": {"diagnosis": "first"}, "self_checks": {"F1": "yes"}, "force_reason": None}
    late = late_hand_in(attempt)
    submit.hand_in(attempt=attempt, stage_key="live", actor=attempt.learner, received_at=EARLY, **said)
    with pytest.raises(TooManyHandIns):
        submit.hand_in(attempt=attempt, stage_key="live", actor=attempt.learner, received_at=EARLY, **said)
    grant(late, cast)
    counting = counting_hand_in(attempt, "live")
    assert counting is not None
    assert counting.deliverables["diagnosis"] == "at last"


@pytest.mark.parametrize("kind", ["status_update", "diagnosis"])
def test_a_late_update_or_diagnosis_is_granted_beyond_the_twins_limit_too(cast: Cast, kind: str) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)

    def send(at: datetime) -> Any:
        if kind == "status_update":
            return live.post_update(
                attempt=attempt,
                audience=StatusUpdate.Audience.CUSTOMERS,
                state=StatusUpdate.State.RESOLVED,
                text="Over.",
                impact="",
                next_update_at=None,
                actor=attempt.learner,
                received_at=at,
            )
        return live.file_diagnosis(
            attempt=attempt,
            component="retrieval",
            failure_class="wrong entity",
            explanation="Tiers are mixed up.",
            repro=["What is the late fee?"],
            actor=attempt.learner,
            received_at=at,
        )

    most = 100 if kind == "status_update" else 20
    for _ in range(most):
        send(EARLY)
    grant(send(LATE).late, cast)
    rows = StatusUpdate.objects if kind == "status_update" else Diagnosis.objects
    assert rows.count() == most + 1


def test_it_counts_once(cast: Cast) -> None:
    late = late_hand_in(live_attempt(cast.learner, started_at=NOON))
    grant(late, cast)
    with pytest.raises(AlreadyGranted, match=r"ana@admin\.example"):
        grant(late, cast)
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001])
def test_a_grant_needs_a_reason(cast: Cast, reason: str) -> None:
    late = late_hand_in(live_attempt(cast.learner, started_at=NOON))
    with pytest.raises(GrantNeedsReason):
        grant(late, cast, reason=reason)
    with pytest.raises(IntegrityError), transaction.atomic():
        LateWrite.objects.update(granted_at=LATE, granted_by=cast.admin, grant_reason="")


def test_late_updates_diagnoses_and_drafts_can_be_granted(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submit.close_overdue(LIVE_CLOSES)
    learner = attempt.learner
    posted = live.post_update(
        attempt=attempt, audience=StatusUpdate.Audience.CUSTOMERS, state=StatusUpdate.State.RESOLVED, text="Solved.",
        impact="", next_update_at=LATE + timedelta(hours=1), actor=learner, received_at=LATE,
    )  # fmt: skip
    filed = live.file_diagnosis(
        attempt=attempt, component="retrieval", failure_class="x", explanation="y", repro=["q"], actor=learner,
        received_at=LATE,
    )  # fmt: skip
    saved = save(attempt, "diagnosis", "late thought", at=LATE)
    for late in (posted.late, filed.late, saved.late):
        assert late is not None
        grant(late, cast)
    assert StatusUpdate.objects.get().received_at == LATE
    assert StatusUpdate.objects.get().next_update_at == LATE + timedelta(hours=1)
    assert Diagnosis.objects.get().repro == ["q"]
    assert Draft.objects.get().received_at == LATE
    counting = counting_hand_in(attempt, "live")
    assert counting is not None
    assert counting.deliverables == {"diagnosis": "late thought"}


def test_so_much_is_kept_and_no_more(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_writes, "MAX_LATE_WRITES", 2)
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "diagnosis", "one", at=LATE)
    save(attempt, "diagnosis", "two", at=LATE)
    save(attempt, "diagnosis", "two", at=LATE)
    with pytest.raises(late_writes.TooManyLateWrites):
        save(attempt, "diagnosis", "three", at=LATE)


def test_there_must_be_one(cast: Cast) -> None:
    with pytest.raises(NoSuchLateWrite):
        submit.grant_late(late_write_id=live_attempt(cast.learner).pk, reason="because", actor=cast.admin, now=EARLY)


def test_over_http_only_admins_grant(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = late_hand_in(attempt)
    listed = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/late-writes/")
    assert [each["late_by_seconds"] for each in listed.data["results"]] == [2.0]
    address = f"/api/v1/late-writes/{late.pk}/grant/"
    body = {"reason": "the platform was down"}
    for person in (cast.learner, cast.other_learner, cast.mentor):
        refused = client_of(person).post(address, body)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/admins-only")
    assert client_of(cast.admin).post(address, {"reason": ""}).status_code == 400
    assert client_of(cast.admin).post(address, body).status_code == 200
    again = client_of(cast.admin).post(address, body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-granted")
    assert again.json()["granted_by"] == "ana@admin.example"
