"""What a learner is told once a review is signed: scores with their reasons, the overall, and which attempt stands."""

from dataclasses import dataclass
from decimal import Decimal

from exams.errors import Refusal
from exams.models import Attempt, AttemptState
from exams.windows import AttemptVoid
from rubrics import scoring
from rubrics.models import Review, ReviewState, Score


class NotSignedOffYet(Refusal):
    """There is no result before sign-off."""


@dataclass(frozen=True)
class Result:
    """A signed review, and the standing of the learner's attempts at the same twin."""

    attempt: Attempt
    review: Review
    scores: list[Score]
    overall: Decimal
    overall_display: str
    threshold: Decimal
    passed: bool
    best: scoring.Standing
    skills: dict[str, Decimal]
    sha256: str


def of(attempt: Attempt) -> Result:
    """The result of an attempt.

    Raises:
        AttemptVoid: it does not count, signed off or not.
        NotSignedOffYet: before sign-off; it says where the review stands, and names nobody.
    """
    if attempt.state == AttemptState.VOID:
        raise AttemptVoid(f"This attempt was declared void, so it has no result. The reason: {attempt.void_reason}")
    review = Review.objects.select_related("rubric").filter(attempt=attempt).first()
    if review is None or review.state != ReviewState.SIGNED_OFF or review.weighted_sum is None:
        raise NotSignedOffYet(_where_it_stands(review), review_state=review.state if review else "not_open")
    signed = Review.objects.filter(
        attempt__learner=attempt.learner_id,
        attempt__twin_slug=attempt.twin_slug,
        attempt__state="closed",
        state=ReviewState.SIGNED_OFF,
        weighted_sum__isnull=False,
    ).values_list("attempt__number", "weighted_sum")
    standings = [scoring.Standing(number, total) for number, total in signed if total is not None]
    best = scoring.best(standings) or scoring.Standing(attempt.number, review.weighted_sum)
    threshold_bp = review.rubric.threshold_bp
    return Result(
        attempt=attempt,
        review=review,
        scores=list(review.scores.select_related("dimension").order_by("dimension__position")),
        overall=scoring.overall(review.weighted_sum),
        overall_display=scoring.display(review.weighted_sum, threshold_bp),
        threshold=Decimal(threshold_bp) / scoring.FULL_WEIGHT,
        passed=bool(review.passed),
        best=best,
        skills={
            row.skill.skill: scoring.to_decimal(row.twentieths)
            for row in review.assertions.select_related("skill").order_by("skill__skill")
        },
        sha256=review.sha256,
    )


def _where_it_stands(review: Review | None) -> str:
    if review is None:
        return "There is no result yet: the review opens when the last window has closed and the work is graded."
    if review.state == ReviewState.CLAIMED and review.due_at is not None:
        return f"There is no result yet: a mentor is reviewing and has until {review.due_at:%Y-%m-%d %H:%M:%S} UTC."
    return "There is no result yet: the review waits in the queue for a mentor to claim it."
