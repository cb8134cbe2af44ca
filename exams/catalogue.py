"""Which twins are shown to whom, and how often they were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q

from exams.models import Attempt, AttemptState, TwinVersion
from exams.start import NoSuchTwin, published

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

_BEGUN = Q(started_at__isnull=False)


def listed() -> QuerySet[TwinVersion]:
    """The published twins, one version each; demonstration twins only where demonstrations are on."""
    versions = TwinVersion.objects.filter(retired_at=None)
    return versions if settings.HOTSEAT_DEMO else versions.exclude(definition__contains={"demo": True})


def shown(slug: str) -> TwinVersion:
    """The version of a twin whose page may be shown.

    Raises:
        NoSuchTwin: it is not published, or not shown here.
    """
    version = published(slug)
    if not listed().filter(pk=version.pk).exists():
        raise NoSuchTwin(f"There is no twin {slug!r} in the catalogue here.")
    return version


def taken(slug: str) -> int:
    """How many people have started a twin."""
    return Attempt.objects.filter(_BEGUN, twin_slug=slug).values("learner").distinct().count()


def taken_by_slug() -> dict[str, int]:
    """How many people have started each twin."""
    counted = Attempt.objects.filter(_BEGUN).values("twin_slug").annotate(people=Count("learner", distinct=True))
    return {row["twin_slug"]: row["people"] for row in counted}


def attempts_used(learner: User, slug: str) -> int:
    """How many attempts of a learner count against what the twin allows."""
    counting = [AttemptState.LIVE, AttemptState.CLOSED]
    return Attempt.objects.filter(learner=learner, twin_slug=slug, state__in=counting).count()
