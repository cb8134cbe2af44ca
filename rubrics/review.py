"""⑥ A mentor's judgement of one attempt: open, claim, score, assert, hand back, sign off.

Every verb takes the time from its doorway, moves the review in one statement that names the state it expects, and
writes the ledger in the same transaction. Lock order everywhere: attempt (by the ledger), then review.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.models import Role, User
from exams import ledger
from exams.access import NothingHere, note_admin
from exams.models import Attempt, AttemptState, Event, Submission
from exams.one_by_one import one_by_one
from exams.queries import counting_submission
from exams.twins import Twin
from grading.models import GradingRun, RunState
from rubrics import appeals, errors, scoring, sla
from rubrics.models import (
    ConflictOfInterest,
    Dimension,
    Review,
    ReviewState,
    Round,
    Score,
)

# A closed attempt is left alone this long, so that a hand-in still inside a busy server is judged, not missed.
SETTLE = timedelta(seconds=10)

MOVES: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.OPEN: frozenset({ReviewState.CLAIMED}),
    ReviewState.CLAIMED: frozenset({ReviewState.OPEN, ReviewState.SIGNED_OFF, ReviewState.CLAIMED}),
    ReviewState.SIGNED_OFF: frozenset(),
}

MAX_EVIDENCE = 40
MAX_COMMENT = 10_000


@dataclass(frozen=True)
class Cited:
    """A piece of evidence: what kind of thing, and which one of this attempt."""

    kind: str  # event | run | text
    ref: str
    note: str = ""

    def as_json(self) -> dict[str, str]:
        """How it is stored and shown."""
        return {"kind": self.kind, "ref": self.ref, "note": self.note}


# --- opening ---------------------------------------------------------------------------------------------------


def open_waiting(*, now: datetime, limit: int = 200) -> int:
    """Opens a review for each attempt that is closed and whose counting work is graded; returns how many.

    At most `limit`; those that are not graded yet, however many, stand before nobody.

    1. Find closed attempts without a review that have settled.
    2. Pass over those whose counting submission is still being taken in or graded.
    3. Open one review each; the unique key on attempt and round makes a second sweeper's insert a no-op.
    """
    waiting = (
        Attempt.objects.filter(
            state=AttemptState.CLOSED, closed_at__lte=now - SETTLE, reviews=None, twin__rubric__isnull=False
        )
        .select_related("twin__rubric")
        .order_by("closed_at", "pk")
    )
    found = {attempt.pk: attempt for attempt in waiting}

    def open_one(pk: UUID) -> bool:
        return _is_graded(found[pk]) and _open(attempt=found[pk], now=now)

    return one_by_one(found, open_one, what="the review of attempt %s cannot be opened", most=limit)


def _is_graded(attempt: Attempt) -> bool:
    submission = counting_submission(attempt)
    if submission is None:
        return True
    latest = GradingRun.objects.filter(submission=submission).order_by("-try_number").first()
    return latest is not None and latest.state in {RunState.GRADED, RunState.PLATFORM_FAULT}


@transaction.atomic
def _open(*, attempt: Attempt, now: datetime) -> bool:
    held = ledger.hold(attempt.pk)
    if held.state != AttemptState.CLOSED or Review.objects.filter(attempt=held).exists():
        return False
    last = held.hand_ins.order_by("-received_at").first()
    Review.objects.create(
        attempt=held,
        rubric=attempt.twin.rubric,
        opened_at=now,
        waiting_since=last.received_at if last else held.closed_at or now,
    )
    ledger.append(attempt=held, kind="review.opened", payload={}, actor=None, at=now)
    return True


# --- the queue -------------------------------------------------------------------------------------------------


def queue(*, viewer: User, which: str) -> QuerySet[Review]:
    """The rows a mentor or admin may see: `open` for claiming, and the viewer's own (`mine`, `overdue`, `done`)."""
    rows = Review.objects.select_related("attempt", "mentor", "rubric", "appeal").filter(
        attempt__state=AttemptState.CLOSED
    )
    if viewer.role not in {Role.MENTOR, Role.ADMIN}:
        return rows.none()
    match which:
        case "mine":
            return rows.filter(state=ReviewState.CLAIMED, mentor=viewer).order_by("due_at", "id")
        case "done":
            done = rows.filter(state=ReviewState.SIGNED_OFF)
            mine = done if viewer.role == Role.ADMIN else done.filter(mentor=viewer)
            return mine.order_by("-signed_off_at", "id")
        case "overdue":
            return rows.filter(state=ReviewState.OPEN, times_overdue__gt=0).order_by("waiting_since", "id")
        case "claimed" if viewer.role == Role.ADMIN:
            return rows.filter(state=ReviewState.CLAIMED).order_by("due_at", "id")
        case _:
            return rows.filter(state=ReviewState.OPEN).order_by("waiting_since", "id")


def may_see(user: User, attempt: Attempt) -> bool:
    """A mentor reaches an attempt while they hold its review, and what they signed."""
    return (
        user.role == Role.MENTOR
        and Review.objects.filter(
            attempt=attempt, mentor=user, state__in=[ReviewState.CLAIMED, ReviewState.SIGNED_OFF]
        ).exists()
    )


def own_review(user: User, attempt: Attempt) -> UUID | None:
    """The review of an attempt that is this mentor's: the only one whose scores they are shown, whoever else judged it.

    One person never has two: who held the first does not hear the appeal.
    """
    mine = Review.objects.filter(
        attempt=attempt, mentor=user, state__in=[ReviewState.CLAIMED, ReviewState.SIGNED_OFF]
    ).values_list("pk", flat=True)
    return mine.first()


def held_by(user: User, review_id: UUID) -> Review:
    """The review, for the mentor who holds or signed it, or an admin, whose reading is noted.

    Raises:
        NothingHere: for everybody else.
    """
    review = (
        Review.objects.select_related("attempt__twin", "attempt__learner", "rubric", "mentor", "appeal")
        .filter(pk=review_id)
        .first()
    )
    if review is None or not (user.role == Role.ADMIN or (user.role == Role.MENTOR and review.mentor_id == user.pk)):
        raise NothingHere("There is no such review among those you have claimed. Claim it from the queue first.")
    note_admin(user, review.attempt)
    return review


# --- claim and hand back ---------------------------------------------------------------------------------------


@transaction.atomic
def claim(*, review_id: UUID, mentor: User, now: datetime) -> Review:
    """Gives the review to this mentor alone, with its own clock for sign-off.

    Raises:
        NothingHere, NotAMentor, OwnAttempt, Conflicted, HeldTheFirst, AlreadyClaimed, AlreadySignedOff,
        TooManyClaims.
    """
    if mentor.role != Role.MENTOR:
        raise errors.NotAMentor("Only mentors claim reviews. Ask an admin if you should be one.")
    found = Review.objects.filter(pk=review_id).values_list("attempt_id", flat=True).first()
    if found is None:
        raise NothingHere("There is no such review. It may have been voided: look at the queue again.")
    attempt = ledger.hold(found)
    _require_closed(attempt)
    review = Review.objects.select_for_update(of=("self",)).select_related("mentor").get(pk=review_id)
    _may_judge(attempt, mentor)
    appeals.require_fresh_eyes(attempt=attempt, review=review, mentor=mentor)
    _still_open(attempt, review, mentor, now)
    # One mentor's claims are counted one at a time, or two tabs could each take the last free place.
    User.objects.select_for_update().get(pk=mentor.pk)
    holding = Review.objects.filter(
        mentor=mentor, state=ReviewState.CLAIMED, attempt__state=AttemptState.CLOSED
    ).count()
    if holding >= settings.HOTSEAT_MAX_OPEN_CLAIMS:
        raise errors.TooManyClaims(
            f"You hold {holding} reviews, and {settings.HOTSEAT_MAX_OPEN_CLAIMS} is the most at once. "
            "Sign one off or release one, then claim this.",
            holding=holding,
        )
    sla = Twin.from_json(attempt.twin.definition).review.sla
    _hand_over(review, mentor, now + sla, now)
    ledger.append(
        attempt=attempt,
        kind="review.claimed",
        payload={"review": str(review.pk), "due_at": review.due_at},
        actor=mentor,
        at=now,
    )
    return review


def _hand_over(review: Review, mentor: User, due_at: datetime, now: datetime) -> None:
    before = ReviewState(review.state)
    if ReviewState.CLAIMED not in MOVES[before]:
        raise errors.AlreadySignedOff("This review is signed off; nobody can claim it any more.")
    moved = Review.objects.filter(pk=review.pk, state=before).update(
        state=ReviewState.CLAIMED, mentor=mentor, claimed_at=now, due_at=due_at
    )
    if moved != 1:
        raise errors.AlreadyClaimed("Somebody else moved this review first. Look at the queue again.")
    review.refresh_from_db()


def _may_judge(attempt: Attempt, mentor: User) -> None:
    if attempt.learner_id == mentor.pk:
        raise errors.OwnAttempt("This is your own attempt. Somebody else reviews it; choose another from the queue.")
    if ConflictOfInterest.objects.filter(mentor=mentor, learner_id=attempt.learner_id, ended_at=None).exists():
        raise errors.Conflicted(
            "You and this learner are marked as a conflict of interest. Choose another review from the queue."
        )


def _still_open(attempt: Attempt, review: Review, mentor: User, now: datetime) -> None:
    if review.state == ReviewState.SIGNED_OFF:
        raise errors.AlreadySignedOff("This review is signed off; nobody can claim it any more.")
    _put_back_overdue(attempt, review, now)
    if review.state == ReviewState.CLAIMED and review.mentor and review.claimed_at:
        if review.mentor == mentor:
            raise errors.AlreadyClaimed(
                f"You hold this review yourself, since {review.claimed_at:%Y-%m-%d %H:%M:%S} UTC. Go on with it.",
                claimed_by=mentor.name,
                claimed_at=review.claimed_at.isoformat(),
            )
        raise errors.AlreadyClaimed(
            f"{review.mentor.name} claimed this at {review.claimed_at:%Y-%m-%d %H:%M:%S} UTC. "
            "Choose the next one from the queue.",
            claimed_by=review.mentor.name,
            claimed_at=review.claimed_at.isoformat(),
        )


def _put_back_overdue(attempt: Attempt, review: Review, now: datetime) -> None:
    """Overdue, and the sweep has not come by yet: nobody need wait for it, and it is told and ledgered all the same."""
    if review.state == ReviewState.CLAIMED and review.due_at is not None and now >= review.due_at:
        sla.put_back(attempt=attempt, review=review, now=now)
        review.refresh_from_db()


def hold_claimed(review_id: UUID, mentor: User, now: datetime, *, to_hand_back: bool = False) -> tuple[Attempt, Review]:
    """Locks attempt and review, and makes sure that this mentor's claim is in force.

    Of an attempt that was voided since, or one of a learner this mentor is marked as in conflict with since, nothing
    is judged any more; it can be handed back.
    """
    found = held_by(mentor, review_id)
    attempt = ledger.hold(found.attempt_id)
    if not to_hand_back:
        _require_closed(attempt)
        _may_judge(attempt, mentor)
    review = Review.objects.select_for_update(of=("self",)).select_related("rubric").get(pk=review_id)
    if review.state == ReviewState.SIGNED_OFF:
        raise errors.AlreadySignedOff(
            f"This review is signed off: its scores, comments and skills are frozen. {_what_can_change_it(review)}"
        )
    if review.mentor_id != mentor.pk or review.due_at is None:
        raise errors.NotYours("Another mentor holds this review now; your draft is kept with it.")
    if now >= review.due_at:
        raise errors.ClaimRanOut(
            f"Your claim ran out at {review.due_at:%Y-%m-%d %H:%M:%S} UTC. The review is back in the queue with "
            "your draft kept: claim it again if it is still there."
        )
    return attempt, review


def _what_can_change_it(review: Review) -> str:
    return (
        "It decided an appeal, and there is no second: nothing changes it."
        if review.round == Round.APPEAL
        else "Only an appeal by the learner can change the result."
    )


def _require_closed(attempt: Attempt) -> None:
    if attempt.state != AttemptState.CLOSED:
        raise NothingHere("This attempt was voided, so there is nothing to review. Look at the queue again.")


@transaction.atomic
def release(*, review_id: UUID, mentor: User, reason: str, now: datetime) -> Review:
    """Hands a review back to the queue; the draft scores stay with it.

    Raises:
        NothingHere, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    attempt, review = hold_claimed(review_id, mentor, now, to_hand_back=True)
    Review.objects.filter(pk=review.pk, state=ReviewState.CLAIMED, mentor=mentor).update(
        state=ReviewState.OPEN, mentor=None, claimed_at=None, due_at=None
    )
    ledger.append(
        attempt=attempt,
        kind="review.released",
        payload={"review": str(review.pk), "reason": reason},
        actor=mentor,
        at=now,
        visible=False,
    )
    review.refresh_from_db()
    return review


@transaction.atomic
def reassign(*, review_id: UUID, to: User, admin: User, reason: str, now: datetime) -> Review:
    """An admin gives the review to a named mentor, with a fresh clock and the draft kept.

    Raises:
        NothingHere, NotAMentor, OwnAttempt, Conflicted, HeldTheFirst, AlreadySignedOff.
    """
    if admin.role != Role.ADMIN:
        raise NothingHere("There is no such review among those you have claimed.")
    if to.role != Role.MENTOR:
        raise errors.NotAMentor(f"{to.name} is not a mentor. Choose somebody who is.")
    found = Review.objects.filter(pk=review_id).values_list("attempt_id", flat=True).first()
    if found is None:
        raise NothingHere("There is no such review.")
    attempt = ledger.hold(found)
    _require_closed(attempt)
    review = Review.objects.select_for_update().get(pk=review_id)
    _may_judge(attempt, to)
    appeals.require_fresh_eyes(attempt=attempt, review=review, mentor=to)
    _put_back_overdue(attempt, review, now)
    sla = Twin.from_json(attempt.twin.definition).review.sla
    _hand_over(review, to, now + sla, now)
    ledger.append(
        attempt=attempt,
        kind="review.reassigned",
        payload={"review": str(review.pk), "to": to.pk, "reason": reason},
        actor=admin,
        at=now,
        visible=False,
    )
    return review


# --- scores --------------------------------------------------------------------------------------------------


@transaction.atomic
def score(
    *,
    review_id: UUID,
    dimension: str,
    value: Decimal,
    comment: str,
    evidence: Sequence[Cited],
    mentor: User,
    now: datetime,
) -> Score:
    """Drafts the score of one dimension; drafts are saved as they are made and stay the mentor's until sign-off.

    Raises:
        NotAStep, SaysNothing, UnknownDimension, UnknownEvidence, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    try:
        twentieths = scoring.to_twentieths(value)
    except scoring.NotAStepError as refused:
        raise errors.NotAStep(str(refused), nearest=[f"{step:.2f}" for step in refused.nearest]) from refused
    if not comment.strip() and not evidence:
        raise errors.SaysNothing(
            f"The score of {dimension} says nothing about why. Add a comment, or cite at least one piece of evidence."
        )
    attempt, review = hold_claimed(review_id, mentor, now)
    row = Dimension.objects.filter(rubric=review.rubric, key=dimension).first()
    if row is None:
        keys = ", ".join(review.rubric.dimensions.values_list("key", flat=True))
        raise errors.UnknownDimension(f"This rubric has no dimension {dimension!r}. It has: {keys}.")
    _exists(attempt, evidence)
    saved, _ = Score.objects.update_or_create(
        review=review,
        dimension=row,
        defaults={
            "twentieths": twentieths,
            "comment": comment.strip(),
            "evidence": [cited.as_json() for cited in evidence],
            "scored_by": mentor,
            "scored_at": now,
        },
    )
    ledger.append(
        attempt=attempt,
        kind="review.scored",
        payload={"review": str(review.pk), "dimension": dimension, "twentieths": twentieths},
        actor=mentor,
        at=now,
        visible=False,
    )
    return saved


def _exists(attempt: Attempt, evidence: Sequence[Cited]) -> None:
    seqs = {int(cited.ref) for cited in evidence if cited.kind == "event" and cited.ref.isdecimal()}
    known = set(Event.objects.filter(attempt=attempt, seq__in=seqs).values_list("seq", flat=True))
    runs = {str(pk) for pk in Submission.objects.filter(attempt=attempt).values_list("pk", flat=True)}
    for cited in evidence:
        match cited.kind:
            case "event":
                ok = cited.ref.isdecimal() and int(cited.ref) in known
            case "run":
                ok = cited.ref in runs
            case _:
                ok = bool(cited.ref.strip())
        if not ok:
            raise errors.UnknownEvidence(
                f"There is no {cited.kind} {cited.ref!r} in this attempt. Cite an event by its number, a run by its "
                "id, or quote a text.",
                kind=cited.kind,
                ref=cited.ref,
            )


# --- sign-off --------------------------------------------------------------------------------------------------


def total_of(review: Review) -> int:
    """The weighted sum of a fully scored review.

    Raises:
        NotAllScored: naming what is missing.
    """
    scores = {row.dimension_id: row.twentieths for row in review.scores.all()}
    dimensions = list(review.rubric.dimensions.all())
    missing = [dimension.key for dimension in dimensions if dimension.pk not in scores]
    if missing:
        raise errors.NotAllScored(
            f"Not scored yet: {', '.join(missing)}. Score every dimension first.", missing=missing
        )
    return scoring.weighted_sum(scoring.Weighted(d.weight_bp, scores[d.pk]) for d in dimensions)


def frozen(review: Review, total: int) -> dict[str, Any]:
    """What a sign-off freezes, in the shape that is hashed into the ledger."""
    return {
        "review": str(review.pk),
        "attempt": str(review.attempt_id),
        "rubric": review.rubric_id,
        "mentor": review.mentor_id,
        "scores": [
            {
                "dimension": row.dimension.key,
                "weight_bp": row.dimension.weight_bp,
                "twentieths": row.twentieths,
                "comment": row.comment,
                "evidence": row.evidence,
            }
            for row in review.scores.select_related("dimension").order_by("dimension__position")
        ],
        "skills": {
            row.skill.skill: row.twentieths
            for row in review.assertions.select_related("skill").order_by("skill__skill")
        },
        "weighted_sum": total,
        "passed": scoring.passed(total, review.rubric.threshold_bp),
        "note_to_learner": review.note_to_learner,
    } | _supersedes(review)


def _supersedes(review: Review) -> dict[str, Any]:
    """Which review an appeal's replaces; it is frozen and ledgered with it."""
    return {"supersedes": str(review.appeal.against_id)} if review.round == Round.APPEAL else {}


def _require_unchanged(attempt: Attempt, review: Review) -> None:
    if not _is_graded(attempt):
        raise errors.WorkChanged(
            "Nothing was signed. A late hand-in was let count, and it is still being graded. "
            "Wait for its verdict in the evidence, and score with it."
        )
    granted_at = attempt.late_writes.aggregate(last=Max("granted_at"))["last"]
    if granted_at is None:
        return
    before = [row.dimension.key for row in review.scores.filter(scored_at__lt=granted_at).select_related("dimension")]
    if before:
        raise errors.WorkChanged(
            f"Nothing was signed. An admin let something late count at {granted_at:%Y-%m-%d %H:%M:%S} UTC, after these "
            f"were scored: {', '.join(before)}. Look at the evidence again and save each score anew, changed or not.",
            granted_at=granted_at.isoformat(),
            dimensions=before,
        )


@transaction.atomic
def sign_off(
    *, review_id: UUID, confirm: bool, read_force_reason: bool, note: str, mentor: User, now: datetime
) -> Review:
    """Freezes the review for good.

    1. Only the holder, in time, with every dimension scored, and with the act confirmed.
    2. Scores are of the work that counts: it is graded, and nothing late was let count since.
    3. A forced hand-in needs the mentor's word that the reason was read.
    4. Scores, comments, citations and skills are hashed; the hash goes on the review and into the ledger.

    Raises:
        NotConfirmed, NotAllScored, WorkChanged, NotPassing, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    attempt, review = hold_claimed(review_id, mentor, now)
    total = total_of(review)
    _require_unchanged(attempt, review)
    passed = scoring.passed(total, review.rubric.threshold_bp)
    shown = scoring.display(total, review.rubric.threshold_bp)
    if not confirm:
        raise errors.NotConfirmed(
            f"Nothing was signed. Signing off freezes {review.scores.count()} scores and "
            f"{review.assertions.count()} skills at {shown}, {'pass' if passed else 'fail'}. "
            f"{_what_can_change_it(review)} Send `confirm: true` to sign off."
        )
    if forced(attempt) and not read_force_reason:
        raise errors.NotConfirmed(
            "Nothing was signed. The learner forced a hand-in past a critical self-check: read the reason, at the top "
            "of the evidence, and send `read_force_reason: true`."
        )
    if review.assertions.exists() and not passed:
        raise errors.NotPassing(
            f"The review stands at {shown}, which does not pass, and it asserts skills. Take the assertions back first."
        )
    review.note_to_learner = note
    content = frozen(review, total)
    sha256 = ledger.content_sha256(content)
    Review.objects.filter(pk=review.pk, state=ReviewState.CLAIMED, mentor=mentor).update(
        state=ReviewState.SIGNED_OFF,
        signed_off_at=now,
        weighted_sum=total,
        passed=passed,
        sha256=sha256,
        note_to_learner=note,
    )
    ledger.append(
        attempt=attempt,
        kind="review.signed_off",
        payload={"review": str(review.pk), "sha256": sha256, "weighted_sum": total, "passed": passed}
        | _supersedes(review),
        actor=mentor,
        at=now,
    )
    review.refresh_from_db()
    return review


def forced(attempt: Attempt) -> bool:
    """Whether any hand-in of the attempt was forced past a critical self-check."""
    return attempt.hand_ins.exclude(force_reason="").exists()


def is_finished(attempt: Attempt) -> bool:
    """Whether the attempt was signed off, so that the next may begin (rule 12), also while an appeal is heard."""
    return Review.objects.filter(attempt=attempt, state=ReviewState.SIGNED_OFF).exists()
