"""Skills that a mentor attests on a passing review, each up to its ceiling (rule 26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from exams import ledger
from rubrics import errors, scoring
from rubrics.models import Review, SkillAssertion, SkillOnOffer
from rubrics.review import hold_claimed, total_of


@dataclass(frozen=True)
class Asserted:
    """A skill and the weight a mentor gives it, as a decimal."""

    skill: str
    weight: Decimal


@transaction.atomic
def assert_skills(
    *, review_id: UUID, asserted: Sequence[Asserted], mentor: User, now: datetime
) -> list[SkillAssertion]:
    """Replaces the draft of asserted skills: a subset of those on offer, each weight in (0, ceiling] in 0.05 steps.

    Raises:
        NotAllScored, NotPassing, SkillNotOnOffer, OverCeiling, NotAStep, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    attempt, review = hold_claimed(review_id, mentor, now)
    if asserted:
        total = total_of(review)
        if not scoring.passed(total, review.rubric.threshold_bp):
            raise errors.NotPassing(
                f"This review stands at {scoring.display(total, review.rubric.threshold_bp)}, below the "
                f"{review.rubric.threshold_bp / 10_000:.2f} that passes. Skills are asserted on a passing review only."
            )
    on_offer = {offer.skill: offer for offer in SkillOnOffer.objects.filter(twin=attempt.twin)}
    rows = [_assertion(review, on_offer, one) for one in asserted]
    SkillAssertion.objects.filter(review=review).delete()
    SkillAssertion.objects.bulk_create(rows)
    ledger.append(
        attempt=attempt,
        kind="review.asserted",
        payload={"review": str(review.pk), "skills": {row.skill.skill: row.twentieths for row in rows}},
        actor=mentor,
        at=now,
        visible=False,
    )
    return rows


def _assertion(review: Review, on_offer: dict[str, SkillOnOffer], one: Asserted) -> SkillAssertion:
    offer = on_offer.get(one.skill)
    if offer is None:
        raise errors.SkillNotOnOffer(f"{one.skill!r} is not on offer here. On offer: {', '.join(sorted(on_offer))}.")
    ceiling = scoring.to_decimal(offer.ceiling_twentieths)
    if one.weight > ceiling:
        raise errors.OverCeiling(
            f"{one.weight.normalize():f} is above the ceiling of {one.skill}, which is {ceiling}. Choose at most that.",
            skill=one.skill,
            ceiling=str(ceiling),
        )
    try:
        twentieths = scoring.to_twentieths(one.weight)
    except scoring.NotAStepError as refused:
        raise errors.NotAStep(str(refused), nearest=[f"{step:.2f}" for step in refused.nearest]) from refused
    if twentieths == 0:
        raise errors.NotAStep(f"A weight of 0 asserts nothing: leave {one.skill} out.", nearest=["0.05"])
    return SkillAssertion(
        review=review, skill=offer, twentieths=twentieths, ceiling_twentieths=offer.ceiling_twentieths
    )
