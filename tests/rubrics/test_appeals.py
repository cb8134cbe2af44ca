"""One appeal: in time, heard by fresh eyes who never see the first scores; what they sign is the result."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from accounts.models import Role, User
from config.events_stream import Desk
from exams import feed, ledger, start
from exams.access import NothingHere
from exams.database_clock import database_now
from exams.models import Attempt, TwinVersion
from exams.twins import publish as publish_twin
from exams.windows import AttemptVoid
from rubrics import appeals, errors, result, skills, sla
from rubrics import review as verbs
from rubrics.models import Appeal, Notice, Review, ReviewState, Round
from rubrics.skills import Asserted
from tests.attempts import live_attempt
from tests.people import Cast, client_of
from tests.rubrics.conftest import DIMENSIONS, NOON, closed_attempt, definition, kinds
from tests.rubrics.test_api import problem
from tests.rubrics.test_review import score_all, sign

if TYPE_CHECKING:
    from collections.abc import Callable

V1 = "/api/v1"
A_MICROSECOND = timedelta(microseconds=1)
FORTNIGHT = timedelta(days=14)
SECRET = "the first mentor's own words"
REASON = "The second update names the owner; see entry 12."


@pytest.fixture
def twin(db: None) -> TwinVersion:
    """A version that takes appeals for two weeks."""
    said = definition(review={"sla": "48 h", "nudges": ["24 h", "40 h"], "appeal_within": "2 weeks"})
    version, _ = publish_twin(said, now=NOON - timedelta(days=30))
    return version


def judged(review: Review, mentor: User, value: str, *, at: datetime = NOON, note: str = "") -> Review:
    verbs.claim(review_id=review.pk, mentor=mentor, now=at)
    score_all(review, mentor, value, at=at)
    return sign(review, mentor, note=note, now=at)


@pytest.fixture
def signed(waiting: Review, cast: Cast) -> Review:
    """Ada's attempt, passed at 0.75 by Mona at noon, with a skill and a note."""
    verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)
    for key in DIMENSIONS:
        verbs.score(
            review_id=waiting.pk,
            dimension=key,
            value=Decimal("0.75"),
            comment=SECRET,
            evidence=[],
            mentor=cast.mentor,
            now=NOON,
        )
    asserted = [Asserted("llm.ops.incident-response", Decimal("0.70"))]
    skills.assert_skills(review_id=waiting.pk, asserted=asserted, mentor=cast.mentor, now=NOON)
    return sign(waiting, cast.mentor, note=SECRET)


def file(attempt: Attempt, who: User, **changes: Any) -> Appeal:
    asked: dict[str, Any] = {"reason": REASON, "confirm": True, "now": NOON, **changes}
    return appeals.file(attempt_id=attempt.pk, learner=who, **asked).appeal


@pytest.fixture
def appealed(signed: Review, cast: Cast) -> Review:
    """The review that hears Ada's appeal, open in the queue."""
    return file(signed.attempt, cast.learner).review


# --- filing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (timedelta(0), True),
        (FORTNIGHT - A_MICROSECOND, True),
        (FORTNIGHT, False),
        (FORTNIGHT + A_MICROSECOND, False),
    ],
)
def test_an_appeal_is_taken_until_two_weeks_after_the_sign_off(
    signed: Review, cast: Cast, at: timedelta, taken: bool
) -> None:
    if taken:
        assert file(signed.attempt, cast.learner, now=NOON + at).filed_at == NOON + at
        assert kinds(signed)[-2:] == ["appeal.filed", "review.opened"]
    else:
        with pytest.raises(errors.AppealWindowClosed, match="12:00:00 UTC on 4 December 2026"):
            file(signed.attempt, cast.learner, now=NOON + at)
        assert not Appeal.objects.exists()
    assert Review.objects.count() == 1 + taken


def test_what_arrived_before_the_sign_off_appeals_nothing(signed: Review, cast: Cast) -> None:
    with pytest.raises(result.NotSignedOffYet, match="before the sign-off"):
        file(signed.attempt, cast.learner, now=NOON - A_MICROSECOND)


def test_an_attempt_is_appealed_once(appealed: Review, cast: Cast) -> None:
    with pytest.raises(errors.AlreadyAppealed, match="12:00:00 UTC on 20 November 2026"):
        file(appealed.attempt, cast.learner, now=NOON + timedelta(days=1))
    judged(appealed, cast.other_mentor, "0.50")
    with pytest.raises(errors.AlreadyAppealed):
        file(appealed.attempt, cast.learner)
    assert Review.objects.count() == 2


@pytest.mark.parametrize("which", ["open", "overdue"])
def test_an_appeal_is_not_in_the_queue_of_whoever_held_the_first_review(
    appealed: Review, cast: Cast, which: str
) -> None:
    if which == "overdue":
        Review.objects.filter(pk=appealed.pk).update(times_overdue=1)
    for who, shown in ((cast.mentor, []), (cast.other_mentor, [appealed]), (cast.admin, [appealed])):
        assert list(verbs.queue(viewer=who, which=which)) == shown
    listed = client_of(cast.mentor).get("/api/v1/reviews/", {"state": which}).json()
    assert listed["results"] == []


def test_nor_of_whoever_handed_the_first_review_back(waiting: Review, cast: Cast) -> None:
    verbs.claim(review_id=waiting.pk, mentor=cast.other_mentor, now=NOON)
    verbs.release(review_id=waiting.pk, mentor=cast.other_mentor, reason="no time", now=NOON)
    file(judged(waiting, cast.mentor, "0.75").attempt, cast.learner)
    assert not verbs.queue(viewer=cast.other_mentor, which="open").exists()


@pytest.mark.parametrize("who", ["other_learner", "mentor", "other_mentor", "admin"])
def test_nobody_appeals_for_somebody_else(signed: Review, cast: Cast, who: str) -> None:
    with pytest.raises(NothingHere):
        file(signed.attempt, getattr(cast, who))


def test_what_is_void_is_not_appealed(signed: Review, cast: Cast) -> None:
    Attempt.objects.filter(pk=signed.attempt_id).update(state="void", void_reason="a drill")
    with pytest.raises(AttemptVoid, match="a drill"):
        file(signed.attempt, cast.learner)


def test_what_is_not_signed_is_not_appealed(claimed: Review, cast: Cast) -> None:
    with pytest.raises(result.NotSignedOffYet, match="has until 2026-11-22 12:00:00 UTC"):
        file(claimed.attempt, cast.learner)


@pytest.mark.parametrize("reason", ["", " \n", "x" * (appeals.REASON_CHARACTERS + 1)])
def test_an_appeal_says_why(signed: Review, cast: Cast, reason: str) -> None:
    with pytest.raises(errors.AppealNeedsReason):
        file(signed.attempt, cast.learner, reason=reason)


def test_an_appeal_is_confirmed_and_the_learner_is_told_that_it_may_cost(signed: Review, cast: Cast) -> None:
    with pytest.raises(errors.AppealNotConfirmed, match="higher or lower"):
        file(signed.attempt, cast.learner, confirm=False)
    assert not Appeal.objects.exists()


def test_a_twin_without_appeals_says_so(db: None, cast: Cast) -> None:
    version, _ = publish_twin(definition(slug="final-word"), now=NOON - timedelta(days=30))
    attempt = closed_attempt(version, cast)
    verbs.open_waiting(now=NOON)
    judged(Review.objects.get(), cast.mentor, "0.50")
    with pytest.raises(errors.AppealsNotOffered):
        file(attempt, cast.learner)
    assert result.of(attempt).appeal_until is None


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_file_one_appeal(signed: Review, cast: Cast) -> None:
    tabs = 8
    together = threading.Barrier(tabs)
    told: list[str] = []

    def press() -> None:
        try:
            connection.ensure_connection()
            together.wait(timeout=60)
            file(signed.attempt, cast.learner)
            told.append("filed")
        except errors.AlreadyAppealed:
            told.append("already")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(tabs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["already"] * (tabs - 1) + ["filed"]
    assert (Appeal.objects.count(), Review.objects.count()) == (1, 2)
    assert kinds(signed).count("appeal.filed") == 1


def test_the_database_itself_keeps_appeals(appealed: Review, signed: Review, cast: Cast) -> None:
    appeal = Appeal.objects.get()
    held = {"claimed_at": NOON, "due_at": NOON + timedelta(hours=48), "state": ReviewState.CLAIMED}
    again = {"attempt": signed.attempt, "against": signed, "review": appealed, "reason": "x", "filed_at": NOON}
    forbidden: dict[str, Callable[[], object]] = {
        "another reason": lambda: Appeal.objects.filter(pk=appeal.pk).update(reason="else"),
        "no appeal any more": lambda: Appeal.objects.filter(pk=appeal.pk).delete(),
        "a second appeal": lambda: Appeal.objects.create(**again),
        "a third round": lambda: Review.objects.create(
            attempt=signed.attempt, rubric=signed.rubric, round=3, opened_at=NOON, waiting_since=NOON
        ),
        "a second second round": lambda: Review.objects.create(
            attempt=signed.attempt, rubric=signed.rubric, round=Round.APPEAL, opened_at=NOON, waiting_since=NOON
        ),
        "the first mentor": lambda: Review.objects.filter(pk=appealed.pk).update(mentor=cast.mentor, **held),
        "another round": lambda: Review.objects.filter(pk=appealed.pk).update(round=Round.FIRST),
        "a change of what was signed": lambda: Review.objects.filter(pk=signed.pk).update(note_to_learner="x"),
    }
    for name, act in forbidden.items():
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            act()
            pytest.fail(f"the database took {name}")


def test_the_database_opens_no_second_round_of_what_is_unsigned_or_not_appealed(claimed: Review, cast: Cast) -> None:
    second = {"attempt": claimed.attempt, "rubric": claimed.rubric, "round": Round.APPEAL}
    times = {"opened_at": NOON, "waiting_since": NOON}
    with pytest.raises(IntegrityError, match="only a signed review"), transaction.atomic():
        Review.objects.create(**second, **times)
    score_all(claimed, cast.mentor)
    sign(claimed, cast.mentor)
    unasked = Review.objects.create(**second, **times)
    with pytest.raises(IntegrityError, match="nobody appealed"):
        verbs.claim(review_id=unasked.pk, mentor=cast.other_mentor, now=NOON)


# --- hearing it ------------------------------------------------------------------------------------------------


def test_the_queue_marks_an_appeal_with_its_reason(appealed: Review, cast: Cast) -> None:
    (row,) = client_of(cast.other_mentor).get(f"{V1}/reviews/").json()["results"]
    assert row["id"] == str(appealed.pk)
    assert row["appeal"]["reason"] == REASON
    assert cast.learner.name not in str(row)
    (done,) = client_of(cast.mentor).get(f"{V1}/reviews/?state=done").json()["results"]
    assert done["appeal"] is None


def test_the_first_reviewer_does_not_hear_the_appeal_also_when_an_admin_says_so(appealed: Review, cast: Cast) -> None:
    with pytest.raises(errors.HeldTheFirst, match="Mona held the first review"):
        verbs.claim(review_id=appealed.pk, mentor=cast.mentor, now=NOON)
    with pytest.raises(errors.HeldTheFirst):
        verbs.reassign(review_id=appealed.pk, to=cast.mentor, admin=cast.admin, reason="busy", now=NOON)
    address = f"{V1}/reviews/{appealed.pk}"
    problem(client_of(cast.mentor).post(f"{address}/claim/"), 403, "held-the-first-review")
    asked = {"mentor": cast.mentor.email, "reason": "busy"}
    problem(client_of(cast.admin).post(f"{address}/reassign/", asked), 403, "held-the-first-review")
    moved = verbs.reassign(review_id=appealed.pk, to=cast.other_mentor, admin=cast.admin, reason="busy", now=NOON)
    assert moved.mentor == cast.other_mentor


@pytest.mark.parametrize("by", ["claim", "reassign"])
def test_who_held_the_first_review_and_gave_it_back_does_not_hear_the_appeal_either(
    waiting: Review, cast: Cast, by: str
) -> None:
    if by == "claim":
        verbs.claim(review_id=waiting.pk, mentor=cast.other_mentor, now=NOON)
    else:
        verbs.reassign(review_id=waiting.pk, to=cast.other_mentor, admin=cast.admin, reason="first", now=NOON)
    verbs.release(review_id=waiting.pk, mentor=cast.other_mentor, reason="ill", now=NOON)
    judged(waiting, cast.mentor, "0.50")
    second = file(waiting.attempt, cast.learner).review
    with pytest.raises(errors.HeldTheFirst):
        verbs.claim(review_id=second.pk, mentor=cast.other_mentor, now=NOON)
    third = User.objects.create_user("max@mentor.example", role=Role.MENTOR, name="Max")
    assert verbs.claim(review_id=second.pk, mentor=third, now=NOON).mentor == third


def test_an_appeal_has_the_same_clock_and_can_be_handed_back(appealed: Review, cast: Cast) -> None:
    held = verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON)
    assert held.due_at == NOON + timedelta(hours=48)
    assert sla.nudge(now=NOON + timedelta(hours=24)) == 1
    assert Notice.objects.get().to == cast.other_mentor
    verbs.release(review_id=appealed.pk, mentor=cast.other_mentor, reason="ill", now=NOON + timedelta(hours=25))
    verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON + timedelta(hours=26))
    assert sla.expire(now=NOON + timedelta(hours=74) - A_MICROSECOND) == 0
    assert sla.expire(now=NOON + timedelta(hours=74)) == 1
    appealed.refresh_from_db()
    assert (appealed.state, appealed.times_overdue) == (ReviewState.OPEN, 1)


def _everything_a_mentor_can_get(client: Any, appealed: Review, signed: Review) -> dict[str, Any]:
    attempt = f"{V1}/attempts/{appealed.attempt_id}"
    addresses = [
        f"{attempt}/{part}" for part in ("", "events/?limit=500", "receipts/", "hand-ins/", "runs/", "result/")
    ]
    addresses += [
        f"{attempt}/{part}/" for part in ("export", "questions", "diagnoses", "status-updates", "late-writes")
    ]
    addresses += [f"{V1}/reviews/?state={state}" for state in ("open", "mine", "overdue", "done", "claimed")]
    for review in (appealed, signed):
        addresses += [f"{V1}/reviews/{review.pk}/{part}" for part in ("", "replay/")]
    return {address: client.get(address) for address in addresses}


def _tells_of_the_first(answer: Any) -> list[str]:
    text = (b"".join(answer) if answer.streaming else answer.content).decode()
    told = [SECRET, '"0.75"', "0.7500", '"twentieths":15', '"twentieths": 15', "weighted_sum", "150000", "0.70"]
    return [each for each in told if each in text]


def test_no_address_shows_the_second_mentor_the_first_scores(appealed: Review, signed: Review, cast: Cast) -> None:
    client = client_of(cast.other_mentor)
    verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON)
    for address, answer in _everything_a_mentor_can_get(client, appealed, signed).items():
        assert _tells_of_the_first(answer) == [], address
    problem(client.get(f"{V1}/attempts/{appealed.attempt_id}/result/"), 409, "not-signed-off-yet")
    problem(client.get(f"{V1}/reviews/{signed.pk}/"), 404, "not-found")
    detail = client.get(f"{V1}/reviews/{appealed.pk}/").json()
    assert (detail["scores"], detail["assertions"], detail["appeal"]["reason"]) == ([], [], REASON)
    events = client.get(f"{V1}/reviews/{appealed.pk}/replay/").json()["events"]
    assert [event["kind"] for event in events] == [
        "review.opened",
        "review.claimed",
        "appeal.filed",
        "review.opened",
        "review.claimed",
    ]
    score_all(appealed, cast.other_mentor, "0.40")
    sign(appealed, cast.other_mentor)
    for address, answer in _everything_a_mentor_can_get(client, appealed, signed).items():
        if "/replay/" in address or "/events/" in address:
            told = [e["payload"] for e in answer.json().get("events", []) if e["kind"] == "review.signed_off"]
            assert all(payload["review"] == str(appealed.pk) for payload in told), address
            assert SECRET not in str(answer.json()), address
        else:
            assert _tells_of_the_first(answer) == [], address
    mine = client.get(f"{V1}/attempts/{appealed.attempt_id}/result/").json()
    assert (mine["overall"], mine["superseded"], mine["appeal"]) == ("0.4", None, None)
    assert (mine["best_attempt_number"], mine["is_best"]) == (None, None)


def test_the_evidence_is_the_same_and_says_nothing_of_the_first_scores(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON - timedelta(hours=7))
    Attempt.objects.filter(pk=attempt.pk).update(state="closed", closed_at=NOON - timedelta(hours=1))
    verbs.open_waiting(now=NOON)
    first = verbs.claim(review_id=Review.objects.get().pk, mentor=cast.mentor, now=NOON)
    score_all(first, cast.mentor, "0.75")
    seen = client_of(cast.mentor).get(f"{V1}/reviews/{first.pk}/evidence/").json()["evidence"]
    sign(first, cast.mentor, note=SECRET)
    second = file(first.attempt, cast.learner).review
    verbs.claim(review_id=second.pk, mentor=cast.other_mentor, now=NOON)
    assert client_of(cast.other_mentor).get(f"{V1}/reviews/{second.pk}/evidence/").json()["evidence"] == seen


def test_the_stream_keeps_the_first_scores_from_the_second_mentor_too(appealed: Review, cast: Cast) -> None:
    verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON)
    attempt = appealed.attempt
    pages = [row["kind"] for row in feed.page(attempt, cast.other_mentor, after=0, limit=100)]
    assert not set(pages) & set(feed.JUDGEMENTS)
    everything = [row["kind"] for row in feed.page(attempt, cast.admin, after=0, limit=100)]
    assert set(feed.JUDGEMENTS) < set(everything)
    ticket, _ = feed.ticket(attempt, cast.other_mentor, now=NOON)
    assert feed.admit(ticket, attempt.pk, now=NOON) == feed.reader_of(attempt, cast.other_mentor)


@pytest.mark.django_db(transaction=True)
def test_the_rows_of_the_stream_are_those_of_the_pages(appealed: Review, cast: Cast) -> None:
    verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON)
    score_all(appealed, cast.other_mentor, "0.40")

    async def read(reader: feed.Reader) -> list[dict[str, Any]]:
        desk = Desk()
        try:
            return await desk.rows(reader, 0)
        finally:
            await desk.close()

    for who in (cast.learner, cast.mentor, cast.other_mentor, cast.admin):
        reader = feed.reader_of(appealed.attempt, who)
        assert asyncio.run(read(reader)) == feed.page(appealed.attempt, who, after=0, limit=500), who.name
    connections.close_all()


def test_the_first_mentor_keeps_their_own_and_reads_nothing_of_the_appeals_scores(
    appealed: Review, signed: Review, cast: Cast
) -> None:
    judged(appealed, cast.other_mentor, "0.40", note="the second mentor's words")
    client = client_of(cast.mentor)
    assert [row["comment"] for row in client.get(f"{V1}/reviews/{signed.pk}/").json()["scores"]] == [SECRET] * 5
    mine = client.get(f"{V1}/attempts/{signed.attempt_id}/result/").json()
    assert (mine["overall"], mine["note_to_learner"]) == ("0.75", SECRET)
    events = client.get(f"{V1}/reviews/{signed.pk}/replay/").json()["events"]
    assert {e["payload"]["review"] for e in events if e["kind"] in feed.JUDGEMENTS} == {str(signed.pk)}
    problem(client.get(f"{V1}/reviews/{appealed.pk}/"), 404, "not-found")


# --- the result ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "passed"), [("1.00", True), ("0.40", False)])
def test_the_first_result_stands_until_the_appeal_is_signed_and_then_the_appeals_does_higher_or_lower(
    signed: Review, cast: Cast, value: str, passed: bool
) -> None:
    client = client_of(cast.learner)
    address = f"{V1}/attempts/{signed.attempt_id}/result/"
    before = client.get(address).json()
    assert (before["overall"], before["appeal"], before["superseded"]) == ("0.75", None, None)
    assert before["appeal_until"] == "2026-12-04T12:00:00Z"
    second = file(signed.attempt, cast.learner).review
    pending = client.get(address).json()
    assert (pending["overall"], pending["appeal"]["pending"], pending["appeal_until"]) == ("0.75", True, None)
    assert "waits in the queue" in pending["appeal"]["message"]
    verbs.claim(review_id=second.pk, mentor=cast.other_mentor, now=NOON)
    assert "has until 2026-11-22 12:00:00 UTC" in client.get(address).json()["appeal"]["message"]
    score_all(second, cast.other_mentor, value)
    assert client.get(address).json()["overall"] == "0.75"
    decided = sign(second, cast.other_mentor)
    after = client.get(address).json()
    assert (Decimal(after["overall"]), after["passed"], after["skills"]) == (Decimal(value), passed, {})
    assert (after["appeal"]["pending"], after["sha256"], after["appeal_until"]) == (False, decided.sha256, None)
    assert (after["superseded"]["overall"], after["superseded"]["sha256"]) == ("0.75", signed.sha256)
    assert [row["comment"] for row in after["superseded"]["scores"]] == [SECRET] * 5
    event = signed.attempt.events.filter(kind="review.signed_off").last()
    assert event is not None
    assert (event.payload["sha256"], event.payload["supersedes"]) == (decided.sha256, str(signed.pk))
    with pytest.raises(errors.AlreadySignedOff, match="there is no second"):
        sign(second, cast.other_mentor)


def test_the_best_of_two_attempts_counts_what_the_appeal_said(signed: Review, twin: TwinVersion, cast: Cast) -> None:
    other = closed_attempt(twin, cast, number=2, seed=2)
    verbs.open_waiting(now=NOON)
    judged(Review.objects.get(attempt=other), cast.mentor, "0.70")
    assert {result.of(each).best.number for each in (signed.attempt, other)} == {1}  # type: ignore[union-attr]
    second = file(signed.attempt, cast.learner).review
    assert result.of(other).best.number == 1  # type: ignore[union-attr]
    judged(second, cast.other_mentor, "0.65")
    assert {result.of(each).best.number for each in (signed.attempt, other)} == {2}  # type: ignore[union-attr]
    third = file(other, cast.learner).review
    judged(third, cast.other_mentor, "0.65")
    assert {result.of(each).best.number for each in (signed.attempt, other)} == {1}  # type: ignore[union-attr]


def test_an_appeal_opens_no_third_review_and_delays_no_next_attempt(appealed: Review, cast: Cast) -> None:
    assert verbs.open_waiting(now=NOON + timedelta(days=1)) == 0
    assert any(rule(appealed.attempt) for rule in start.previous_is_finished)
    assert verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON).state == ReviewState.CLAIMED
    assert any(rule(appealed.attempt) for rule in start.previous_is_finished)


def test_what_is_voided_while_it_is_appealed_is_not_judged(appealed: Review, cast: Cast) -> None:
    Attempt.objects.filter(pk=appealed.attempt_id).update(state="void", void_reason="a drill")
    assert not verbs.queue(viewer=cast.other_mentor, which="open").exists()
    with pytest.raises(NothingHere, match="void"):
        verbs.claim(review_id=appealed.pk, mentor=cast.other_mentor, now=NOON)


def test_the_ledger_of_an_appealed_attempt_is_whole(
    appealed: Review, signed: Review, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(appealed, cast.other_mentor, "0.40")
    assert ledger.verify(signed.attempt_id) is None
    call_command("verify_ledger")
    filed = signed.attempt.events.get(kind="appeal.filed")
    assert (filed.actor, filed.is_receipt, filed.visible_to_learner) == (cast.learner, True, True)
    assert filed.payload["reason"] == REASON
    assert capsys.readouterr()


# --- over HTTP -------------------------------------------------------------------------------------------------


def test_filing_answers_with_a_receipt_and_each_refusal_with_a_problem(waiting: Review, cast: Cast) -> None:
    address = f"{V1}/attempts/{waiting.attempt_id}/appeal/"
    client = client_of(cast.learner)
    asked = {"reason": REASON, "confirm": True}
    problem(client.post(address, asked), 409, "not-signed-off-yet")
    _signed_over_http(waiting, cast)
    for who in (cast.other_learner, cast.mentor, cast.admin):
        problem(client_of(who).post(address, asked), 404, "not-found")
    assert client_of(None).post(address, asked).status_code == 401
    problem(client.post(address, {"confirm": True}), 400, "invalid")
    half = client.generic(
        "POST", address, r'{"reason": "half \ud83d", "confirm": true}', content_type="application/json"
    )
    assert half.status_code == 400
    problem(client.post(address, {"reason": REASON}), 409, "appeal-not-confirmed")
    filed, again = (client.post(address, asked, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2))
    assert (filed.status_code, again.status_code) == (201, 201)
    body = filed.json()
    assert again.json() == body
    assert (body["receipt"]["kind"], body["receipt"]["counts"]) == ("appeal.filed", True)
    assert body["receipt"]["number"] == waiting.attempt.events.get(kind="appeal.filed").seq
    assert "higher or lower" in body["message"]
    assert body["server_now"]
    problem(client.post(address, asked), 409, "already-appealed")
    receipts = client.get(f"{V1}/attempts/{waiting.attempt_id}/receipts/").json()["receipts"]
    assert [receipt["kind"] for receipt in receipts] == ["appeal.filed"]


def _signed_over_http(waiting: Review, cast: Cast) -> None:
    path, mentor = f"{V1}/reviews/{waiting.pk}", client_of(cast.mentor)
    assert mentor.post(f"{path}/claim/").status_code == 200
    for key in DIMENSIONS:
        assert mentor.put(f"{path}/scores/{key}/", {"score": 0.65, "comment": "x"}).status_code == 200
    assert mentor.post(f"{path}/sign-off/", {"confirm": True}).status_code == 200


def test_too_late_is_a_problem_by_the_database_clock(waiting: Review, cast: Cast) -> None:
    long_ago = database_now() - FORTNIGHT
    judged(waiting, cast.mentor, "0.50", at=long_ago)
    answer = client_of(cast.learner).post(
        f"{V1}/attempts/{waiting.attempt_id}/appeal/", {"reason": REASON, "confirm": True}
    )
    assert problem(answer, 409, "appeal-window-closed")["closed_at"] == ledger.iso(long_ago + FORTNIGHT)


def test_void_is_a_problem(signed: Review, cast: Cast) -> None:
    Attempt.objects.filter(pk=signed.attempt_id).update(state="void", void_reason="a drill")
    answer = client_of(cast.learner).post(
        f"{V1}/attempts/{signed.attempt_id}/appeal/", {"reason": REASON, "confirm": True}
    )
    problem(answer, 409, "attempt-void")
