"""How long a claim is waited for, how often a run is tried again, and how long runs take before any was seen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from exams.models import SubmissionPurpose

if TYPE_CHECKING:
    from collections.abc import Mapping

# Read as `patience.LEASE` wherever they are used, never imported by name: who changes one here changes what is done.
LEASE = timedelta(seconds=30)
MOST_CLAIMS = 5
BACKOFF: tuple[timedelta, ...] = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(seconds=60),
)
# Who was served before that counts as not served: it is about who waits today.
SERVED_WITHIN = timedelta(hours=2)
NEAR_DEADLINE = timedelta(minutes=10)
HIDDEN_CELLS_YIELD = timedelta(minutes=30)
EXPECTED_SECONDS: Mapping[str, float] = {SubmissionPurpose.RUN: 10.0, SubmissionPurpose.HAND_IN: 30.0}
