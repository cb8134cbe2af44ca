"""Gives a published twin version its rubric and its skills on offer, as rows that the database can hold to."""

from django.db import transaction
from django.db.models.functions import Now

from exams.models import TwinVersion
from exams.twins import Twin
from rubrics.models import Dimension, Rubric, SkillOnOffer


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
