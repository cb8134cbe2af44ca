"""What is told once a review is signed: scores with their reasons, the overall, the appeal, and what stands."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.models import Role, User
from exams.errors import Refusal
from exams.models import Attempt, AttemptState
from exams.twins import Twin
from exams.windows import AttemptVoid
from rubrics import scoring
from rubrics.models import Appeal, Review, ReviewState, Round, Score


class NotSignedOffYet(Refusal):
    """There is no result before sign-off."""


@dataclass(frozen=True)
class Judged:
    """What one signed review says."""

    review: Review
    scores: list[Score]
    overall: Decimal
    overall_display: str
    passed: bool
    skills: dict[str, Decimal]


@dataclass(frozen=True)
class Appealed:
    """Where the appeal of an attempt stands: pending until the second review is signed, then decided."""

    filed_at: datetime
    reason: str
    pending: bool
    where: str


@dataclass(frozen=True)
class Result:
    """The signed review that is an attempt's result, and the standing of the learner's attempts at the same twin.

    Attributes:
        attempt: Of which attempt.
        judged: The review that is the result.
        threshold: What passes.
        best: The attempt that stands; None for mentors, who read no other review than their own.
        appeal: The learner's appeal, if there is one; None for mentors.
        appeal_until: Until when the learner may still appeal; None when there is no more to appeal.
        superseded: The first review once an appeal replaced it, as signed as ever; None for mentors.
    """

    attempt: Attempt
    judged: Judged
    threshold: Decimal
    best: scoring.Standing | None
    appeal: Appealed | None
    appeal_until: datetime | None
    superseded: Judged | None


def of(attempt: Attempt, *, viewer: User | None = None) -> Result:
    """The result of an attempt, as its learner reads it, or this viewer: a mentor reads what they signed themselves.

    Raises:
        AttemptVoid: it does not count, signed off or not.
        NotSignedOffYet: before sign-off; it says where the review stands, and names nobody.
    """
    if attempt.state == AttemptState.VOID:
        raise AttemptVoid(f"This attempt was declared void, so it has no result. The reason: {attempt.void_reason}")
    reviews = Review.objects.select_related("rubric").filter(attempt=attempt).order_by("round")
    of_a_mentor = viewer is not None and viewer.role == Role.MENTOR
    if of_a_mentor:
        reviews = reviews.filter(mentor=viewer)
    signed = [review for review in reviews if review.state == ReviewState.SIGNED_OFF]
    if not signed:
        waiting = reviews.first()
        raise NotSignedOffYet(where_it_stands(waiting), review_state=waiting.state if waiting else "not_open")
    appeal = None if of_a_mentor else Appeal.objects.select_related("review").filter(attempt=attempt).first()
    judged = _judged(signed[-1])
    return Result(
        attempt=attempt,
        judged=judged,
        threshold=Decimal(judged.review.rubric.threshold_bp) / scoring.FULL_WEIGHT,
        best=None if of_a_mentor else _best(attempt),
        appeal=_appealed(appeal) if appeal else None,
        appeal_until=None if of_a_mentor or appeal else _appeal_until(attempt, judged.review),
        superseded=_judged(signed[0]) if len(signed) > 1 else None,
    )


def _judged(review: Review) -> Judged:
    total = review.weighted_sum
    assert total is not None  # noqa: S101 - the database holds a sign-off whole
    return Judged(
        review=review,
        scores=list(review.scores.select_related("dimension").order_by("dimension__position")),
        overall=scoring.overall(total),
        overall_display=scoring.display(total, review.rubric.threshold_bp),
        passed=bool(review.passed),
        skills={
            row.skill.skill: scoring.to_decimal(row.twentieths)
            for row in review.assertions.select_related("skill").order_by("skill__skill")
        },
    )


def _best(attempt: Attempt) -> scoring.Standing | None:
    """The learner's best attempt at the twin; of an attempt that was appealed, the later review counts."""
    signed = Review.objects.filter(
        attempt__learner=attempt.learner_id,
        attempt__twin_slug=attempt.twin_slug,
        attempt__state=AttemptState.CLOSED,
        state=ReviewState.SIGNED_OFF,
    ).order_by("round")
    counting = dict(signed.values_list("attempt__number", "weighted_sum"))
    return scoring.best(scoring.Standing(number, total) for number, total in counting.items() if total is not None)


def _appealed(appeal: Appeal) -> Appealed:
    if appeal.review.state == ReviewState.SIGNED_OFF:
        return Appealed(
            filed_at=appeal.filed_at,
            reason=appeal.reason,
            pending=False,
            where="The appeal is decided: its scores are the result.",
        )
    where = "it waits in the queue for another mentor to claim it"
    if appeal.review.state == ReviewState.CLAIMED and appeal.review.due_at is not None:
        where = f"another mentor is reviewing and has until {appeal.review.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return Appealed(
        filed_at=appeal.filed_at,
        reason=appeal.reason,
        pending=True,
        where=f"An appeal is pending: {where}. Until it is decided this result stands.",
    )


def _appeal_until(attempt: Attempt, first: Review) -> datetime | None:
    within = Twin.from_json(attempt.twin.definition).review.appeal_within
    if within is None or first.signed_off_at is None or first.round != Round.FIRST:
        return None
    return first.signed_off_at + within


def where_it_stands(review: Review | None) -> str:
    """Where the review of an attempt without a result stands, for its learner."""
    if review is None:
        return "There is no result yet: the review opens when the last window has closed and the work is graded."
    if review.state == ReviewState.CLAIMED and review.due_at is not None:
        return f"There is no result yet: a mentor is reviewing and has until {review.due_at:%Y-%m-%d %H:%M:%S} UTC."
    return "There is no result yet: the review waits in the queue for a mentor to claim it."
