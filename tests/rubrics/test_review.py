"""Claims are exclusive, scores say why, sign-off is one act that freezes everything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from accounts.models import Role, User
from exams import ledger
from exams.access import NothingHere
from exams.errors import Refusal
from exams.models import Attempt, LateWrite, Stage, TwinVersion
from exams.windows import AttemptVoid
from rubrics import errors, result, skills, sla
from rubrics import review as verbs
from rubrics.models import (
    ConflictOfInterest,
    Dimension,
    Notice,
    Review,
    ReviewState,
    Score,
    SkillAssertion,
    SkillOnOffer,
)
from rubrics.review import opening
from rubrics.skills import Asserted
from tests.people import Cast
from tests.rubrics.conftest import DIMENSIONS, NOON, closed_attempt, kinds

MITIGATION = "llm.safety.hallucination-mitigation"
RESPONSE = "llm.ops.incident-response"
A_MICROSECOND = timedelta(microseconds=1)
DUE = NOON + timedelta(hours=48)


def score_all(review: Review, mentor: User, value: str = "0.65", *, at: datetime = NOON) -> None:
    for key in DIMENSIONS:
        verbs.score(
            review_id=review.pk,
            dimension=key,
            value=Decimal(value),
            comment="because",
            evidence=[],
            mentor=mentor,
            now=at,
        )


def sign(review: Review, mentor: User, **changes: object) -> Review:
    asked: dict[str, object] = {"confirm": True, "read_force_reason": True, "note": "", "now": NOON} | changes
    return verbs.sign_off(review_id=review.pk, mentor=mentor, **asked)  # type: ignore[arg-type]


# --- opening ---------------------------------------------------------------------------------------------------


def test_one_attempt_whose_review_cannot_be_opened_holds_up_no_other(
    twin: TwinVersion, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = closed_attempt(twin, cast), closed_attempt(twin, cast, number=2, seed=2)
    append = ledger.append

    def fails(*, attempt: Attempt, **rest: Any) -> Any:
        if attempt.pk == bad.pk:
            raise ValueError("something in its row")
        return append(attempt=attempt, **rest)

    monkeypatch.setattr(ledger, "append", fails)
    assert verbs.open_waiting(now=NOON) == 1
    assert Review.objects.get().attempt == good
    assert f"ALERT: the review of attempt {bad.pk} cannot be opened" in caplog.text
    monkeypatch.undo()
    assert verbs.open_waiting(now=NOON) == 1


def test_a_review_opens_once_however_often_the_sweep_comes(twin: TwinVersion, cast: Cast) -> None:
    closed_attempt(twin, cast)
    assert [verbs.open_waiting(now=NOON), verbs.open_waiting(now=NOON)] == [1, 0]


@pytest.mark.parametrize(("ago", "opens"), [(verbs.SETTLE - A_MICROSECOND, 0), (verbs.SETTLE, 1)])
def test_an_attempt_settles_before_its_review_opens(twin: TwinVersion, cast: Cast, ago: timedelta, opens: int) -> None:
    closed_attempt(twin, cast)
    assert verbs.open_waiting(now=NOON - timedelta(hours=1) + ago) == opens


def test_many_that_are_not_graded_yet_hold_up_no_review(
    twin: TwinVersion, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = [closed_attempt(twin, cast, number=number, seed=number) for number in (1, 2, 3)]
    graded = opening.is_graded
    monkeypatch.setattr(
        opening, "is_graded", lambda attempt: attempt.pk not in {each.pk for each in attempts[:2]} and graded(attempt)
    )
    assert verbs.open_waiting(now=NOON, limit=1) == 1
    assert Review.objects.get().attempt == attempts[2]


def test_a_void_attempt_is_not_reviewed(waiting: Review, cast: Cast) -> None:
    Attempt.objects.filter(pk=waiting.attempt_id).update(state="void", void_reason="a drill")
    assert not verbs.queue(viewer=cast.mentor, which="open").exists()
    with pytest.raises(NothingHere):
        verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)


# --- claiming --------------------------------------------------------------------------------------------------


def test_a_claim_starts_a_clock_of_48_hours(claimed: Review, cast: Cast) -> None:
    assert (claimed.state, claimed.mentor, claimed.due_at) == (ReviewState.CLAIMED, cast.mentor, DUE)
    assert kinds(claimed) == ["review.opened", "review.claimed"]


def test_the_second_mentor_is_told_who_and_when(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.AlreadyClaimed, match=r"Mona claimed this at 2026-11-20 12:00:00 UTC") as refused:
        verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=NOON + timedelta(minutes=1))
    assert refused.value.facts["claimed_by"] == "Mona"


def test_who_claims_what_they_hold_is_told_that_they_hold_it(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.AlreadyClaimed, match="You hold this review yourself"):
        verbs.claim(review_id=claimed.pk, mentor=cast.mentor, now=NOON)


def test_nobody_claims_their_own_attempt(waiting: Review, cast: Cast) -> None:
    User.objects.filter(pk=cast.learner.pk).update(role=Role.MENTOR)
    cast.learner.refresh_from_db()
    with pytest.raises(errors.OwnAttempt):
        verbs.claim(review_id=waiting.pk, mentor=cast.learner, now=NOON)


def test_nobody_claims_past_a_conflict_of_interest(waiting: Review, cast: Cast) -> None:
    ConflictOfInterest.objects.create(mentor=cast.mentor, learner=cast.learner)
    with pytest.raises(errors.Conflicted):
        verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)


@pytest.mark.parametrize("who", ["learner", "other_learner", "admin"])
def test_only_mentors_claim(waiting: Review, cast: Cast, who: str) -> None:
    with pytest.raises(errors.NotAMentor):
        verbs.claim(review_id=waiting.pk, mentor=getattr(cast, who), now=NOON)


def test_a_mentor_holds_four_reviews_and_no_fifth(twin: TwinVersion, cast: Cast) -> None:
    for number in range(1, 6):
        closed_attempt(twin, cast, number=number, seed=number)
    verbs.open_waiting(now=NOON)
    first, *middle, last = Review.objects.order_by("attempt__number")
    for one in (first, *middle):
        verbs.claim(review_id=one.pk, mentor=cast.mentor, now=NOON)
    with pytest.raises(errors.TooManyClaims, match="You hold 4 reviews"):
        verbs.claim(review_id=last.pk, mentor=cast.mentor, now=NOON)
    verbs.release(review_id=first.pk, mentor=cast.mentor, reason="too much", now=NOON)
    assert verbs.claim(review_id=last.pk, mentor=cast.mentor, now=NOON).mentor == cast.mentor


@pytest.mark.django_db(transaction=True)
def test_tabs_of_one_mentor_do_not_share_the_last_free_place(twin: TwinVersion, cast: Cast, settings: Settings) -> None:
    settings.HOTSEAT_MAX_OPEN_CLAIMS = 1
    for number in range(1, 9):
        closed_attempt(twin, cast, number=number, seed=number)
    verbs.open_waiting(now=NOON)
    reviews = list(Review.objects.values_list("pk", flat=True))
    together = threading.Barrier(len(reviews))
    answers: list[str] = []

    def race(review_id: UUID) -> None:
        try:
            connection.ensure_connection()
            together.wait(timeout=60)
            verbs.claim(review_id=review_id, mentor=cast.mentor, now=NOON)
            answers.append("claimed")
        except errors.TooManyClaims:
            answers.append("one at a time")
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(review_id,)) for review_id in reviews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["claimed"] + ["one at a time"] * 7
    assert Review.objects.filter(mentor=cast.mentor).count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_mentors_at_once_make_one_winner_and_49_clear_refusals(twin: TwinVersion, cast: Cast) -> None:
    closed_attempt(twin, cast)
    verbs.open_waiting(now=NOON)
    review = Review.objects.get()
    mentors = [User.objects.create_user(f"m{i}@mentor.example", role=Role.MENTOR, name=f"M{i}") for i in range(50)]
    together = threading.Barrier(50)
    won: list[User] = []
    told: list[errors.AlreadyClaimed] = []

    def race(mentor: User) -> None:
        try:
            connection.ensure_connection()
            together.wait(timeout=60)
            verbs.claim(review_id=review.pk, mentor=mentor, now=NOON)
            won.append(mentor)
        except errors.AlreadyClaimed as refused:
            told.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(mentor,)) for mentor in mentors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(told)) == (1, 49)
    assert {refused.facts["claimed_by"] for refused in told} == {won[0].name}
    assert kinds(review) == ["review.opened", "review.claimed"]


@pytest.mark.parametrize(("at", "claims"), [(DUE - A_MICROSECOND, False), (DUE, True), (DUE + A_MICROSECOND, True)])
def test_a_review_can_be_claimed_anew_from_the_moment_it_is_overdue(
    claimed: Review, cast: Cast, at: object, claims: bool
) -> None:
    if claims:
        assert verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=at).mentor == cast.other_mentor  # type: ignore[arg-type]
    else:
        with pytest.raises(errors.AlreadyClaimed):
            verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=at)  # type: ignore[arg-type]


def test_a_review_that_is_claimed_or_reassigned_before_the_sweep_saw_it_overdue_is_told_all_the_same(
    claimed: Review, cast: Cast
) -> None:
    verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=DUE)
    assert kinds(claimed) == ["review.opened", "review.claimed", "review.overdue", "review.claimed"]
    again = DUE + timedelta(hours=48)
    verbs.reassign(review_id=claimed.pk, to=cast.mentor, admin=cast.admin, reason="it waits", now=again)
    assert kinds(claimed)[4:] == ["review.overdue", "review.reassigned"]
    assert list(Notice.objects.values_list("kind", "to", "claimed_at").order_by("id")) == [
        (Notice.Kind.OVERDUE, cast.admin.pk, NOON),
        (Notice.Kind.OVERDUE, cast.admin.pk, DUE),
    ]
    claimed.refresh_from_db()
    assert claimed.times_overdue == 2


def test_a_conflict_that_is_entered_after_the_claim_ends_the_judging_but_not_the_handing_back(
    claimed: Review, cast: Cast
) -> None:
    score_all(claimed, cast.mentor)
    ConflictOfInterest.objects.create(mentor=cast.mentor, learner=cast.learner)
    with pytest.raises(errors.Conflicted):
        score_all(claimed, cast.mentor)
    with pytest.raises(errors.Conflicted):
        sign(claimed, cast.mentor)
    verbs.release(review_id=claimed.pk, mentor=cast.mentor, reason="my cousin", now=NOON)
    assert verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=NOON).mentor == cast.other_mentor


def test_what_was_claimed_and_then_voided_is_neither_scored_nor_signed_nor_reassigned(
    claimed: Review, cast: Cast
) -> None:
    score_all(claimed, cast.mentor)
    Attempt.objects.filter(pk=claimed.attempt_id).update(state="void", void_reason="a drill")
    with pytest.raises(NothingHere, match="void"):
        score_all(claimed, cast.mentor)
    with pytest.raises(NothingHere, match="void"):
        sign(claimed, cast.mentor)
    with pytest.raises(NothingHere, match="void"):
        verbs.reassign(review_id=claimed.pk, to=cast.other_mentor, admin=cast.admin, reason="away", now=NOON)
    with pytest.raises(IntegrityError, match="void"), transaction.atomic():
        Review.objects.filter(pk=claimed.pk).update(
            state=ReviewState.SIGNED_OFF, signed_off_at=NOON, weighted_sum=130_000, passed=True, sha256="0" * 64
        )


def test_a_voided_attempt_has_no_result_also_when_it_was_signed_before(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor)
    sign(claimed, cast.mentor)
    Attempt.objects.filter(pk=claimed.attempt_id).update(state="void", void_reason="a drill")
    with pytest.raises(AttemptVoid, match="a drill"):
        result.of(Attempt.objects.get(pk=claimed.attempt_id))


def test_a_void_claim_is_not_counted_not_nudged_not_overdue_and_can_be_handed_back(
    claimed: Review, cast: Cast, settings: Settings
) -> None:
    settings.HOTSEAT_MAX_OPEN_CLAIMS = 1
    Attempt.objects.filter(pk=claimed.attempt_id).update(state="void", void_reason="a drill")
    closed_attempt(claimed.attempt.twin, cast, number=2, seed=2)
    verbs.open_waiting(now=NOON)
    other = Review.objects.exclude(pk=claimed.pk).get()
    assert verbs.claim(review_id=other.pk, mentor=cast.mentor, now=NOON).mentor == cast.mentor
    assert sla.nudge(now=NOON + timedelta(hours=24)) == 1
    assert Notice.objects.get().review == other
    verbs.release(review_id=claimed.pk, mentor=cast.mentor, reason="it is void", now=NOON)
    claimed.refresh_from_db()
    assert claimed.state == ReviewState.OPEN


def test_a_review_has_waited_since_the_last_hand_in_whoever_held_it_meanwhile(claimed: Review, cast: Cast) -> None:
    since = claimed.waiting_since
    later = NOON + timedelta(hours=1)
    verbs.release(review_id=claimed.pk, mentor=cast.mentor, reason="no time", now=later)
    verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=later)
    assert sla.expire(now=later + timedelta(hours=48)) == 1
    [back] = verbs.queue(viewer=cast.mentor, which="open")
    assert (back.pk, back.waiting_since, back.times_overdue) == (claimed.pk, since, 1)


def test_a_released_review_keeps_its_draft_for_the_next_mentor(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor)
    verbs.release(review_id=claimed.pk, mentor=cast.mentor, reason="I know the learner", now=NOON)
    verbs.claim(review_id=claimed.pk, mentor=cast.other_mentor, now=NOON)
    assert Score.objects.filter(review=claimed).count() == 5
    with pytest.raises(NothingHere):
        verbs.score(
            review_id=claimed.pk,
            dimension="communication",
            value=Decimal("0.5"),
            comment="x",
            evidence=[],
            mentor=cast.mentor,
            now=NOON,
        )


def test_an_admin_gives_a_review_to_a_named_mentor_with_a_fresh_clock(claimed: Review, cast: Cast) -> None:
    later = NOON + timedelta(hours=30)
    moved = verbs.reassign(review_id=claimed.pk, to=cast.other_mentor, admin=cast.admin, reason="ill", now=later)
    assert (moved.mentor, moved.due_at) == (cast.other_mentor, later + timedelta(hours=48))
    assert kinds(claimed)[-1] == "review.reassigned"
    with pytest.raises(errors.NotAMentor):
        verbs.reassign(review_id=claimed.pk, to=cast.learner, admin=cast.admin, reason="no", now=later)


# --- scores ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "nearest"), [("0.07", ["0.05", "0.10"]), ("1.05", ["1.00"]), ("-0.05", ["0.00"])])
def test_a_score_off_the_steps_is_refused_and_leaves_nothing(
    claimed: Review, cast: Cast, value: str, nearest: list[str]
) -> None:
    before = kinds(claimed)
    with pytest.raises(errors.NotAStep) as refused:
        score_all(claimed, cast.mentor, value)
    assert refused.value.facts["nearest"] == nearest
    assert not Score.objects.exists()
    assert kinds(claimed) == before


def test_a_score_says_why(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.SaysNothing):
        verbs.score(
            review_id=claimed.pk,
            dimension="communication",
            value=Decimal("0.5"),
            comment="  ",
            evidence=[],
            mentor=cast.mentor,
            now=NOON,
        )


def test_evidence_is_of_this_attempt(claimed: Review, cast: Cast) -> None:
    def cite(kind: str, ref: str) -> Score:
        return verbs.score(
            review_id=claimed.pk,
            dimension="communication",
            value=Decimal("0.5"),
            comment="",
            evidence=[verbs.Cited(kind, ref)],
            mentor=cast.mentor,
            now=NOON,
        )

    assert cite("event", "1").evidence == [{"kind": "event", "ref": "1", "note": ""}]
    for kind, ref in [("event", "999"), ("event", "-1"), ("run", "nope"), ("text", " ")]:
        with pytest.raises(errors.UnknownEvidence):
            cite(kind, ref)


def test_a_dimension_of_another_rubric_is_unknown(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.UnknownDimension, match="communication"):
        verbs.score(
            review_id=claimed.pk,
            dimension="charm",
            value=Decimal("0.5"),
            comment="x",
            evidence=[],
            mentor=cast.mentor,
            now=NOON,
        )


# --- assertions ------------------------------------------------------------------------------------------------


def assert_(claimed: Review, cast: Cast, *asserted: tuple[str, str]) -> list[SkillAssertion]:
    return skills.assert_skills(
        review_id=claimed.pk, asserted=[Asserted(s, Decimal(w)) for s, w in asserted], mentor=cast.mentor, now=NOON
    )


def test_a_passing_review_asserts_up_to_the_ceiling(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor, "0.65")
    assert [row.twentieths for row in assert_(claimed, cast, (MITIGATION, "1.00"), (RESPONSE, "0.80"))] == [20, 16]


@pytest.mark.parametrize(
    ("skill", "weight", "refusal"),
    [
        (RESPONSE, "0.85", errors.OverCeiling),
        (MITIGATION, "1.05", errors.OverCeiling),
        (MITIGATION, "0.07", errors.NotAStep),
        (MITIGATION, "0", errors.NotAStep),
        ("charm", "0.5", errors.SkillNotOnOffer),
    ],
)
def test_an_assertion_outside_what_is_on_offer_is_refused(
    claimed: Review, cast: Cast, skill: str, weight: str, refusal: type[Refusal]
) -> None:
    score_all(claimed, cast.mentor)
    with pytest.raises(refusal):
        assert_(claimed, cast, (skill, weight))
    assert not SkillAssertion.objects.exists()


def test_a_failing_or_unfinished_review_asserts_nothing(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.NotAllScored, match="communication"):
        assert_(claimed, cast, (MITIGATION, "0.5"))
    score_all(claimed, cast.mentor, "0.60")
    with pytest.raises(errors.NotPassing, match=r"0\.6000, below the 0\.65"):
        assert_(claimed, cast, (MITIGATION, "0.5"))


# --- sign-off --------------------------------------------------------------------------------------------------


def test_a_sign_off_freezes_scores_skills_and_itself(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor)
    assert_(claimed, cast, (MITIGATION, "0.75"))
    signed = sign(claimed, cast.mentor)
    assert (signed.weighted_sum, signed.passed, len(signed.sha256)) == (130_000, True, 64)
    event = signed.attempt.events.get(kind="review.signed_off")
    assert event.payload["sha256"] == signed.sha256
    with pytest.raises(errors.AlreadySignedOff):
        sign(claimed, cast.mentor)
    with pytest.raises(errors.AlreadySignedOff):
        score_all(claimed, cast.mentor, "1.00")
    for change in (
        lambda: Score.objects.filter(review=signed).update(twentieths=20),
        lambda: SkillAssertion.objects.filter(review=signed).delete(),
        lambda: Review.objects.filter(pk=signed.pk).update(passed=False),
        lambda: Review.objects.filter(pk=signed.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_sign_off_needs_every_dimension_and_the_act_itself(claimed: Review, cast: Cast) -> None:
    with pytest.raises(errors.NotAllScored) as refused:
        sign(claimed, cast.mentor)
    assert refused.value.facts["missing"] == list(DIMENSIONS)
    score_all(claimed, cast.mentor)
    with pytest.raises(errors.NotConfirmed, match=r"freezes 5 scores and 0 skills at 0\.6500, pass"):
        sign(claimed, cast.mentor, confirm=False)
    assert Review.objects.get(pk=claimed.pk).state == ReviewState.CLAIMED


def test_what_was_let_count_after_it_was_scored_is_looked_at_again(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor)
    attempt = claimed.attempt
    LateWrite.objects.create(
        attempt=attempt,
        stage=Stage.objects.create(
            attempt=attempt,
            key="live",
            position=0,
            opens_at=NOON - timedelta(hours=2),
            closes_at=NOON - timedelta(minutes=1),
        ),
        kind="status_update",
        payload={},
        content_sha256="0" * 64,
        received_at=NOON,
        late_by=timedelta(seconds=1),
        granted_by=cast.admin,
        granted_at=NOON + timedelta(minutes=1),
        grant_reason="A power cut.",
    )
    with pytest.raises(errors.WorkChanged, match="save each score anew"):
        sign(claimed, cast.mentor)
    score_all(claimed, cast.mentor, at=NOON + timedelta(minutes=2))
    assert sign(claimed, cast.mentor).passed


def test_scores_that_fell_below_take_the_assertions_with_them_or_nothing_is_signed(claimed: Review, cast: Cast) -> None:
    score_all(claimed, cast.mentor)
    assert_(claimed, cast, (MITIGATION, "0.5"))
    score_all(claimed, cast.mentor, "0.60")
    with pytest.raises(errors.NotPassing):
        sign(claimed, cast.mentor)
    assert_(claimed, cast)
    assert sign(claimed, cast.mentor).passed is False


@pytest.mark.parametrize(("at", "signs"), [(DUE - A_MICROSECOND, True), (DUE, False), (DUE + A_MICROSECOND, False)])
def test_a_sign_off_counts_until_the_claim_runs_out(claimed: Review, cast: Cast, at: object, signs: bool) -> None:
    score_all(claimed, cast.mentor)
    if signs:
        assert sign(claimed, cast.mentor, now=at).state == ReviewState.SIGNED_OFF
    else:
        with pytest.raises(errors.ClaimRanOut, match="back in the queue"):
            sign(claimed, cast.mentor, now=at)


# --- what the database refuses on its own ----------------------------------------------------------------------


def refused_by_the_database() -> pytest.RaisesExc[IntegrityError]:
    return pytest.raises(IntegrityError)


def test_the_database_holds_the_rules_without_us(claimed: Review, cast: Cast, twin: TwinVersion) -> None:
    dimension = claimed.rubric.dimensions.first()
    assert dimension is not None
    offer = SkillOnOffer.objects.get(skill=RESPONSE)
    sample = {"review": claimed, "dimension": dimension, "scored_by": cast.mentor, "scored_at": NOON, "comment": "x"}
    forbidden: dict[str, Callable[[], object]] = {
        "a score of 21": lambda: Score.objects.create(**sample, twentieths=21),
        "a score that says nothing": lambda: Score.objects.create(**(sample | {"comment": ""}), twentieths=1),
        "an assertion over its ceiling": lambda: SkillAssertion.objects.create(
            review=claimed, skill=offer, twentieths=17, ceiling_twentieths=16
        ),
        "a forged ceiling": lambda: SkillAssertion.objects.create(
            review=claimed, skill=offer, twentieths=17, ceiling_twentieths=20
        ),
        "a sign-off with a sum that does not follow": lambda: Review.objects.filter(pk=claimed.pk).update(
            state="signed_off", signed_off_at=NOON, weighted_sum=200_000, passed=True, sha256="0" * 64
        ),
        "one's own review": lambda: Review.objects.filter(pk=claimed.pk).update(mentor=cast.learner),
        "a dimension added to a published rubric": lambda: Dimension.objects.create(
            rubric=claimed.rubric, key="charm", title="Charm", tests="it", weight_bp=1, position=9
        ),
        "another weight in a published rubric": lambda: Dimension.objects.filter(pk=dimension.pk).update(weight_bp=1),
        "a second review of one attempt": lambda: Review.objects.create(
            attempt=claimed.attempt, rubric=claimed.rubric, opened_at=NOON, waiting_since=NOON
        ),
    }
    for name, act in forbidden.items():
        with refused_by_the_database(), transaction.atomic():
            act()
            pytest.fail(f"the database took {name}")
    Score.objects.create(**sample, twentieths=20)
    with refused_by_the_database(), transaction.atomic():
        Score.objects.create(**sample, twentieths=20)


def test_a_rubric_whose_weights_do_not_sum_cannot_be_published(twin: TwinVersion, cast: Cast) -> None:
    from rubrics.models import Rubric  # noqa: PLC0415 - used here only

    other = TwinVersion.objects.create(
        slug="unbalanced", version=1, content_sha256="0" * 64, definition=twin.definition, published_at=NOON
    )
    rubric = Rubric.objects.create(twin=other, threshold_bp=6500)
    Dimension.objects.create(rubric=rubric, key="a", title="A", tests="a", weight_bp=9_999, position=0)
    with pytest.raises(IntegrityError, match="sum to 9999 basis points"), transaction.atomic():
        Rubric.objects.filter(pk=rubric.pk).update(published_at=NOON)
    Dimension.objects.create(rubric=rubric, key="b", title="B", tests="b", weight_bp=1, position=1)
    assert Rubric.objects.filter(pk=rubric.pk).update(published_at=NOON) == 1


# --- the result ------------------------------------------------------------------------------------------------


def test_the_higher_of_two_attempts_stands_and_on_a_tie_the_earlier(twin: TwinVersion, cast: Cast) -> None:
    scores = {1: "0.70", 2: "0.70", 3: "0.75"}
    stands = {}
    for number, value in scores.items():
        attempt = closed_attempt(twin, cast, number=number, seed=number)
        verbs.open_waiting(now=NOON)
        review = verbs.claim(review_id=Review.objects.get(attempt=attempt).pk, mentor=cast.mentor, now=NOON)
        score_all(review, cast.mentor, value)
        sign(review, cast.mentor)
        best = result.of(attempt).best
        stands[number] = best.number if best else None
    assert stands == {1: 1, 2: 1, 3: 3}


def test_before_sign_off_there_is_no_result_but_the_learner_is_told_where_it_stands(claimed: Review) -> None:
    with pytest.raises(result.NotSignedOffYet, match="has until 2026-11-22 12:00:00 UTC") as refused:
        result.of(claimed.attempt)
    assert "Mona" not in str(refused.value)
