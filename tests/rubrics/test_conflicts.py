"""A conflict of interest keeps a mentor from a learner until it is ended, in the verb and in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from exams.database_clock import database_now
from rubrics import errors
from rubrics import review as verbs
from rubrics.models import ConflictOfInterest, Review, ReviewState
from tests.people import Cast
from tests.rubrics.conftest import NOON

pytestmark = pytest.mark.django_db


def test_who_is_in_conflict_may_claim_once_it_is_ended_and_not_before(waiting: Review, cast: Cast) -> None:
    conflict = ConflictOfInterest.objects.create(
        mentor=cast.mentor, learner=cast.learner, reason="Cousins.", declared_by=cast.admin
    )
    with pytest.raises(errors.Conflicted):
        verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)
    whole = {"mentor": cast.mentor, "claimed_at": NOON, "due_at": NOON + timedelta(hours=48)}
    with pytest.raises(IntegrityError, match="conflict of interest"), transaction.atomic():
        Review.objects.filter(pk=waiting.pk).update(state=ReviewState.CLAIMED, **whole)
    conflict.ended_at, conflict.ended_by, conflict.end_reason = database_now(), cast.admin, "Not cousins."
    conflict.save()
    assert verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON).mentor == cast.mentor
