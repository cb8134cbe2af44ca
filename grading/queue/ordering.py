"""Whose turn it is: the order in which waiting runs are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Exists, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value, When

from exams.models import HandIn, Stage, SubmissionPurpose
from grading.models import GradingRun, RunState
from grading.queue import patience

if TYPE_CHECKING:
    from datetime import datetime


def in_order(now: datetime) -> QuerySet[GradingRun]:
    """Waiting runs, the next first.

    Hand-ins before practice runs; learners whose last run did not start just now before those whose did, so that
    nobody who asks often keeps the others waiting; last the hidden cells of hand-ins that a later one replaced, which
    decide nothing. Among these whoever is nearest the deadline; then the oldest.
    """
    later = HandIn.objects.filter(
        stage=OuterRef("submission__hand_in__stage"), number__gt=OuterRef("submission__hand_in__number")
    )
    deadline = Stage.objects.filter(attempt=OuterRef("submission__attempt")).values("attempt")
    served = GradingRun.objects.filter(learner=OuterRef("learner"), started_at__gt=now - patience.SERVED_RECENTLY)
    return (
        GradingRun.objects.filter(state=RunState.WAITING)
        .annotate(
            turn=Case(
                When(Exists(later.filter(by_deadline=False)) & ~Q(visible_verdict=""), then=Value(3)),
                When(submission__purpose=SubmissionPurpose.HAND_IN, then=Value(0)),
                When(Exists(served), then=Value(2)),
                default=Value(1),
                output_field=IntegerField(),
            ),
            deadline=Subquery(deadline.annotate(first=Min("closes_at")).values("first")[:1]),
        )
        .order_by("turn", F("deadline").asc(nulls_last=True), "created_at", "pk")
    )
