"""Whose turn it is: the order in which waiting runs are taken.

The rule, which the guides tell learners in the same words:

0. **The last word before a deadline.** The newest hand-in of a stage that closes within ten minutes, if none of that
   stage was run in these minutes: one run for each stage, the nearest deadline first.
1. **Everything people wait for**, practice runs and visible cells of hand-ins alike, by turns: whoever was served the
   longest ago (or not at all) is next, however often anybody asks. Equal are told apart by the nearer deadline, then
   by who asked first.
2. **Hidden cells**, which run after the window has closed and which nobody waits for at the screen. Half an hour after
   the closing they go by turns with the rest, so that a day full of exams does not keep them for ever.
3. Hidden cells of hand-ins that a later one replaced: they decide nothing.

A run in its turn starts after at most one run of each other learner, and one more of those who are at a deadline: who
has been served has been served later than anybody who still waits, so they come after them. One run of a learner is
in flight at a time, so workers that are free go to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from exams.models import HandIn, Stage, SubmissionPurpose
from grading.models import GradingRun, RunState
from grading.queue import patience

if TYPE_CHECKING:
    from datetime import datetime

AT_DEADLINE, BY_TURNS, HIDDEN, REPLACED = range(4)


def in_order(now: datetime) -> QuerySet[GradingRun]:
    """Waiting runs, the next first, with their `turn` (a number of the rule above) and when their learner was `served`.

    After each run that starts the order is another one: `foreseeing` tells how it goes on.
    """
    later = HandIn.objects.filter(
        stage=OuterRef("submission__hand_in__stage"), number__gt=OuterRef("submission__hand_in__number")
    )
    deadline = Stage.objects.filter(attempt=OuterRef("submission__attempt")).values("attempt")
    served = GradingRun.objects.filter(learner=OuterRef("learner"), started_at__gt=now - patience.SERVED_WITHIN)
    of_stage = GradingRun.objects.filter(
        submission__hand_in__stage=OuterRef("submission__hand_in__stage"),
        started_at__gte=OuterRef("submission__hand_in__stage__closes_at") - patience.NEAR_DEADLINE,
    )
    closes_at = "submission__hand_in__stage__closes_at"
    closed = Q(submission__purpose=SubmissionPurpose.HAND_IN, **{f"{closes_at}__lte": now})
    near = Q(**{f"{closes_at}__gt": now, f"{closes_at}__lte": now + patience.NEAR_DEADLINE})
    return (
        GradingRun.objects.filter(state=RunState.WAITING)
        .annotate(
            turn=Case(
                When(Exists(later.filter(by_deadline=False)) & ~Q(visible_verdict=""), then=Value(REPLACED)),
                When(closed & Q(**{f"{closes_at}__gt": now - patience.HIDDEN_CELLS_YIELD}), then=Value(HIDDEN)),
                When(near & ~Exists(later) & ~Exists(of_stage), then=Value(AT_DEADLINE)),
                default=Value(BY_TURNS),
                output_field=IntegerField(),
            ),
            served=Subquery(
                served.order_by().values("learner").annotate(last=Max("started_at")).values("last")[:1],
                output_field=DateTimeField(null=True),
            ),
            deadline=Subquery(deadline.annotate(first=Min("closes_at")).values("first")[:1]),
        )
        .annotate(since=Case(When(turn=AT_DEADLINE, then=None), default=F("served"), output_field=DateTimeField()))
        .order_by("turn", F("since").asc(nulls_first=True), F("deadline").asc(nulls_last=True), "created_at", "pk")
    )
