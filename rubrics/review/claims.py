"""Who holds a review: claimed, handed back, given to somebody by an admin; one mentor at a time, on a clock."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Role, User
from exams import ledger
from exams.access import NothingHere
from exams.models import Attempt, AttemptState
from exams.twins import Twin
from rubrics import appeals, errors, sla
from rubrics.models import ConflictOfInterest, Review, ReviewState, Round
from rubrics.review.queue import held_by

MOVES: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.OPEN: frozenset({ReviewState.CLAIMED}),
    ReviewState.CLAIMED: frozenset({ReviewState.OPEN, ReviewState.SIGNED_OFF, ReviewState.CLAIMED}),
    ReviewState.SIGNED_OFF: frozenset(),
}


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
    _hand_over(review, mentor, now + Twin.from_json(attempt.twin.definition).review.sla, now)
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
            f"This review is signed off: its scores, comments and skills are frozen. {what_can_change_it(review)}"
        )
    if review.mentor_id != mentor.pk or review.due_at is None:
        raise errors.NotYours("Another mentor holds this review now; your draft is kept with it.")
    if now >= review.due_at:
        raise errors.ClaimRanOut(
            f"Your claim ran out at {review.due_at:%Y-%m-%d %H:%M:%S} UTC. The review is back in the queue with "
            "your draft kept: claim it again if it is still there."
        )
    return attempt, review


def what_can_change_it(review: Review) -> str:
    """Tell a mentor, in a sentence, what could still change a review that is signed."""
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
    _hand_over(review, to, now + Twin.from_json(attempt.twin.definition).review.sla, now)
    ledger.append(
        attempt=attempt,
        kind="review.reassigned",
        payload={"review": str(review.pk), "to": to.pk, "reason": reason},
        actor=admin,
        at=now,
        visible=False,
    )
    return review
