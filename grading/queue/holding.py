"""Until when the hidden cells of a hand-in are held back: the closing of its stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from exams.models import Stage
from exams.windows import window_of

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Submission


def told_at(submission: Submission) -> datetime | None:
    """When the hidden cells of a hand-in may be run and told: the closing of its stage. None for a practice run."""
    return None if submission.hand_in is None else submission.hand_in.stage.closes_at


def has_nothing_to_run(now: datetime) -> Q:
    """The visible cells were run, and the hidden ones must not be yet."""
    return ~Q(visible_verdict="") & Q(submission__hand_in__stage__closes_at__gt=now)


def is_open(submission: Submission, now: datetime) -> bool:
    """Whether the stage of a hand-in is open at `now`; read afresh, since an extension moves it."""
    if submission.hand_in_id is None:
        return False
    return window_of(Stage.objects.get(hand_ins=submission.hand_in_id)).lateness(now) is None
