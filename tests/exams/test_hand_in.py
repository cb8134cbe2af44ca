"""Handing in: what counts, what is pinned, what blocks, and who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from exams import ledger, submit
from exams.content import ContentTooLarge
from exams.definitions import NoSuchDeliverable
from exams.models import Attempt, HandIn, LateWrite, SelfCheckAnswer, Stage, StageState, Submission
from exams.queries import counting_hand_in, counting_submission, own_repository, repository_path
from exams.sources import BadSource
from exams.submit.hand_ins import MAX_HAND_INS, HandedIn, NothingToHandIn, NotOfThisStage, TooManyHandIns
from exams.submit.self_checks import CriticalSelfCheck
from exams.windows import NoSuchStage
from sandboxes import repository
from sandboxes.ingest import SourceUnreachable
from tests.attempts import NOON, live_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, LIVE_CLOSES, MICROSECOND, events, push, save, uploaded

pytestmark = pytest.mark.django_db

ANSWERED = {"F1": "yes", "F2": "no"}
COMMIT = "a" * 40


def hand_in(attempt: Attempt, *, at: datetime = EARLY, stage: str = "live", **changes: Any) -> HandedIn:
    said: dict[str, Any] = {
        "deliverables": {"diagnosis": "retrieval"} if stage == "live" else {"postmortem": "It began"},
        "self_checks": ANSWERED if stage == "live" else {},
        "force_reason": None,
    }
    return submit.hand_in(attempt=attempt, stage_key=stage, actor=attempt.learner, received_at=at, **(said | changes))


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    handed_in = hand_in(attempt, at=at)
    assert handed_in.receipt.counts is counts
    assert (handed_in.hand_in is not None) is counts
    assert (handed_in.late is not None) is not counts
    assert (counting_hand_in(attempt, "live") is not None) is counts
    assert Stage.objects.get(attempt=attempt, key="live").state == (StageState.HANDED_IN if counts else StageState.OPEN)
    if handed_in.late is not None:
        assert handed_in.late.late_by == at - LIVE_CLOSES


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window_when_it_is_processed_after_the_sweep(
    cast: Cast, _when: str, at: datetime, *, counts: bool
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submit.close_overdue(LIVE_CLOSES)
    handed_in = hand_in(attempt, at=at)
    assert handed_in.receipt.counts is counts
    stage = Stage.objects.get(attempt=attempt, key="live")
    assert stage.state == (StageState.HANDED_IN if counts else StageState.CLOSED_BY_DEADLINE)
    assert stage.closed_at == LIVE_CLOSES
    counting = counting_hand_in(attempt, "live")
    assert counting is not None
    assert counting.by_deadline is not counts


def test_the_last_that_arrived_counts_and_all_are_kept(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for minute in (1, 3, 2):  # the second to be processed arrived last
        hand_in(attempt, at=NOON + timedelta(minutes=minute), deliverables={"diagnosis": f"thought {minute}"})
    counting = counting_hand_in(attempt, "live")
    assert counting is not None
    assert counting.deliverables == {"diagnosis": "thought 3"}
    assert HandIn.objects.count() == 3
    assert ledger.verify(attempt.pk) is None


def test_what_is_not_sent_is_taken_from_what_is_saved(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    save(attempt, "diagnosis", "saved")
    push(attempt, COMMIT)
    handed_in = hand_in(attempt, deliverables={}, at=EARLY + timedelta(minutes=1))
    assert handed_in.hand_in is not None
    assert handed_in.hand_in.deliverables == {"diagnosis": "saved", "hotfix": {"mode": "repo_url"}}
    assert handed_in.missing == ()


def test_a_hand_in_may_be_incomplete_and_says_so(cast: Cast) -> None:
    handed_in = hand_in(live_attempt(cast.learner, started_at=NOON))
    assert handed_in.missing == ("hotfix",)
    assert handed_in.submission is None


@pytest.mark.parametrize("empty", ["", " \n", {}, []])
def test_an_empty_deliverable_is_said_to_be_missing(cast: Cast, empty: object) -> None:
    handed_in = hand_in(live_attempt(cast.learner, started_at=NOON), deliverables={"diagnosis": empty})
    assert handed_in.missing == ("diagnosis", "hotfix")


def test_nothing_at_all_cannot_be_handed_in(cast: Cast) -> None:
    with pytest.raises(NothingToHandIn, match="diagnosis, hotfix"):
        hand_in(live_attempt(cast.learner, started_at=NOON), deliverables={})


def test_what_belongs_elsewhere_is_refused(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(NotOfThisStage):
        hand_in(attempt, deliverables={"postmortem": "x"})
    with pytest.raises(NoSuchDeliverable):
        hand_in(attempt, deliverables={"novel": "x"})
    with pytest.raises(NoSuchStage, match="live, postmortem"):
        hand_in(attempt, stage="encore", deliverables={})
    assert HandIn.objects.count() == 0


def test_a_document_over_its_length_is_refused_and_its_draft_is_kept(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    assert hand_in(attempt, stage="postmortem", deliverables={"postmortem": "x" * 40_000}).hand_in is not None
    save(attempt, "postmortem", "x" * 40_001)
    with pytest.raises(ContentTooLarge, match="40001"):
        hand_in(attempt, stage="postmortem", deliverables={})


@pytest.mark.parametrize("answers", [{}, {"F1": "no"}, {"F2": "yes"}])
def test_a_critical_check_blocks_and_leaves_nothing(cast: Cast, answers: dict[str, str]) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(CriticalSelfCheck):
        hand_in(attempt, self_checks=answers)
    assert HandIn.objects.count() == 0
    assert Submission.objects.count() == 0
    assert events(attempt, "stage.handed_in") == []


def test_a_force_is_kept_with_its_reason_and_ledgered(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    handed_in = hand_in(attempt, self_checks={"F1": "no"}, force_reason="out of time")
    assert handed_in.hand_in is not None
    assert handed_in.hand_in.blocked_checks == ["F1"]
    assert handed_in.hand_in.force_reason == "out of time"
    (event,) = events(attempt, "stage.handed_in")
    assert event.payload["force_reason"] == "out of time"
    assert event.payload["blocked_checks"] == ["F1"]


def test_the_database_itself_wants_a_reason_for_a_force(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(IntegrityError, match="hand_in_critical_needs_force"), transaction.atomic():
        HandIn.objects.create(
            attempt=attempt, stage=Stage.objects.get(attempt=attempt, key="live"), number=1, received_at=EARLY,
            deliverables={}, content_sha256="", blocked_checks=["F1"],
        )  # fmt: skip


def test_reflective_checks_never_block_and_are_kept_as_answered(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    hand_in(attempt, self_checks={"F1": "yes"})
    assert dict(SelfCheckAnswer.objects.values_list("check_key", "answer")) == {"F1": "yes", "F2": "not_answered"}
    assert hand_in(attempt, stage="postmortem").hand_in is not None


def test_the_own_repository_is_pinned_to_its_head(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    handed_in = hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url"}})
    assert handed_in.submission is not None
    assert handed_in.submission.pinned_commit == repository.head(repository_path(attempt))
    assert not handed_in.submission.unpinned
    assert counting_submission(attempt) == handed_in.submission


def test_a_push_that_came_after_the_hand_in_is_not_in_it(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    before = repository.head(repository_path(attempt))
    push(attempt, COMMIT, old=before, at=EARLY + MICROSECOND)
    push(attempt, "b" * 40, old=COMMIT, at=EARLY + 2 * MICROSECOND)
    for at, commit in ((EARLY, before), (EARLY + MICROSECOND, COMMIT)):
        handed_in = hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url"}}, at=at)
        assert handed_in.submission is not None
        assert handed_in.submission.pinned_commit == commit


def test_a_repository_of_ours_that_cannot_be_read_costs_the_learner_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)  # its repository was never made
    unknown = hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url"}}).submission
    assert unknown is not None
    assert unknown.unpinned
    push(attempt, COMMIT)
    known = hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url"}}).submission
    assert known is not None
    assert (known.pinned_commit, known.unpinned) == (COMMIT, False)


def test_the_address_it_was_given_names_the_own_repository(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    head = repository.resolve(repository_path(attempt), ref=None)
    handed_in = hand_in(
        attempt, deliverables={"hotfix": {"mode": "repo_url", "url": own_repository(attempt)["clone_url"]}}
    )
    assert handed_in.submission is not None
    assert (handed_in.submission.url, handed_in.submission.pinned_commit) == ("", head)
    somebody_elses = live_attempt(cast.other_learner, started_at=NOON)
    with pytest.raises(BadSource):
        hand_in(
            attempt, deliverables={"hotfix": {"mode": "repo_url", "url": own_repository(somebody_elses)["clone_url"]}}
        )


@pytest.mark.parametrize("ref", ["nowhere", "f" * 40])
def test_what_the_own_repository_does_not_hold_is_refused(cast: Cast, ref: str) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    with pytest.raises(BadSource):
        hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url", "ref": ref}})
    assert HandIn.objects.count() == 0


def test_a_repository_that_cannot_be_reached_is_accepted_unpinned(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise SourceUnreachable("The server git.example did not answer in time.")

    monkeypatch.setattr("sandboxes.ingest.git.resolve", away)
    attempt = live_attempt(cast.learner, started_at=NOON)
    handed_in = hand_in(attempt, deliverables={"hotfix": {"mode": "repo_url", "url": "https://git.example/me/fix"}})
    assert handed_in.submission is not None
    assert handed_in.submission.unpinned
    assert handed_in.submission.pinned_commit == ""
    assert "did not answer" in handed_in.pin.why
    assert events(attempt, "stage.handed_in")[0].payload["unpinned"] is True


def test_a_file_is_handed_in_by_its_commitment_before_its_bytes_have_come(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = uploaded(attempt, b"--- a/x\n+++ b/x\n", name="fix.patch")
    handed_in = hand_in(attempt, deliverables={"hotfix": {"mode": "file_upload", "upload": str(upload.pk)}})
    assert handed_in.submission is not None
    assert handed_in.submission.upload == upload


def test_somebody_elses_file_is_no_source(cast: Cast) -> None:
    mine = live_attempt(cast.learner, started_at=NOON)
    theirs = uploaded(live_attempt(cast.other_learner, started_at=NOON), b"x")
    with pytest.raises(BadSource, match="no upload"):
        hand_in(mine, deliverables={"hotfix": {"mode": "file_upload", "upload": str(theirs.pk)}})


def test_there_is_a_most(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    first = hand_in(attempt).hand_in
    assert first is not None
    HandIn.objects.create(
        attempt=attempt, stage=first.stage, number=MAX_HAND_INS, received_at=EARLY, deliverables={}, content_sha256=""
    )
    with pytest.raises(TooManyHandIns):
        hand_in(attempt)


def test_the_receipt_says_what_and_how_long_is_left(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    receipt = hand_in(attempt, at=LIVE_CLOSES - timedelta(seconds=70)).receipt
    assert receipt.kind == "stage.handed_in"
    assert receipt.stage == "live"
    assert receipt.time_left_seconds == 70
    assert receipt.content_sha256 == ledger.content_sha256({"diagnosis": "retrieval"})


def test_over_http(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, with_repository=True)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/"
    body = {
        "deliverables": {"diagnosis": {"component": "retrieval"}, "hotfix": {"mode": "repo_url"}},
        "self_checks": {"F1": "no"},
    }
    blocked = client.post(address, body)
    assert (blocked.status_code, blocked.json()["type"]) == (409, "/problems/critical-self-check")
    assert blocked.json()["checks"][0]["key"] == "F1"
    handed_in = client.post(address, body | {"force": {"reason": "the test is in the description"}})
    assert handed_in.status_code == 201
    assert handed_in.data["receipt"]["counts"] is True
    assert handed_in.data["hand_in"]["counts"] is True
    assert len(handed_in.data["hand_in"]["submission"]["pinned_commit"]) == 40
    listed = client.get(f"/api/v1/attempts/{attempt.pk}/stages/live/hand-ins/")
    assert [each["force_reason"] for each in listed.data["results"]] == ["the test is in the description"]
    assert client.post(address, body | {"force": {"reason": " "}}).status_code == 400
    assert client.post(address, body | {"force": {}}).status_code == 400
    assert client.post(address, body | {"self_checks": {"F9": "yes"}}).json()["type"] == "/problems/unknown-self-check"
    for stranger in (cast.other_learner, cast.mentor, cast.admin):
        assert client_of(stranger).post(address, body).status_code == 404
    assert HandIn.objects.count() == 1


def test_over_http_a_late_one_is_kept_with_a_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    body = {"deliverables": {"diagnosis": "retrieval"}, "self_checks": ANSWERED}
    late = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/", body)
    assert (late.status_code, late.data["receipt"]["counts"], late.data["hand_in"]) == (202, False, None)
    assert LateWrite.objects.get().payload["deliverables"] == {"diagnosis": "retrieval"}


def test_over_http_one_key_is_one_hand_in(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/"
    body = {"deliverables": {"diagnosis": "retrieval"}, "self_checks": ANSWERED}
    answers = [client.post(address, body, headers={"Idempotency-Key": "once"}).json()["receipt"] for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert HandIn.objects.count() == 1
