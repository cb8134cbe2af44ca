"""Gives a published twin version its rubric and its skills on offer, as rows; counts whom the one before judges."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from exams.editions import Judged
from exams.models import Attempt, TwinVersion
from exams.twins import Twin
from rubrics.models import Dimension, Review, ReviewState, Rubric, SkillOnOffer


@transaction.atomic
def publish(version: TwinVersion, twin: Twin) -> None:
    """Writes the rubric once; calling it again for the same version changes nothing."""
    if Rubric.objects.filter(twin=version, published_at__isnull=False).exists():
        return
    rubric = Rubric.objects.create(twin=version, threshold_bp=twin.rubric.threshold_bp)
    Dimension.objects.bulk_create(
        Dimension(rubric=rubric, key=one.key, title=one.title, tests=one.tests, weight_bp=one.weight_bp, position=at)
        for at, one in enumerate(twin.rubric.dimensions)
    )
    SkillOnOffer.objects.bulk_create(
        SkillOnOffer(twin=version, skill=one.key, ceiling_twentieths=one.ceiling_twentieths) for one in twin.skills
    )
    Rubric.objects.filter(pk=rubric.pk).update(published_at=Now())


def how_far_judged(attempts: QuerySet[Attempt]) -> Judged:
    """How many of these a mentor has claimed, in whichever round, and how many have no round left to judge."""
    claimed = Review.objects.filter(state=ReviewState.CLAIMED).values("attempt")
    to_judge = Review.objects.exclude(state=ReviewState.SIGNED_OFF).values("attempt")
    signed_off = Review.objects.filter(state=ReviewState.SIGNED_OFF).values("attempt")
    return Judged(
        under_review=attempts.filter(pk__in=claimed).count(),
        signed_off=attempts.filter(pk__in=signed_off).exclude(pk__in=to_judge).count(),
    )
