"""Keeps what a review was judged by: one row, written by the sign-off itself, and never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rubrics.basis.gathering import Gathered, gather, still_holds
from rubrics.models import Basis

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt
    from rubrics.models import Review


def keep(gathered: Gathered | None, *, attempt: Attempt, review: Review, now: datetime) -> Basis:
    """Write it in the transaction that signs; both attempt and review are held.

    Gathering is slow and was done while nothing was held. If it was not, or the ledger has grown by work since, it is
    done now.
    """
    if gathered is None or not still_holds(gathered, attempt):
        gathered = gather(review, now=now)
    return Basis.objects.create(review=review, kept_at=now, content=gathered.text, sha256=gathered.sha256)
