"""Moments and shorthands for tests of the work in an attempt that was started at noon."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from exams import live
from exams.models import Event, Upload
from tests.attempts import NOON

if TYPE_CHECKING:
    from datetime import datetime

    from exams.live.drafts import Saved
    from exams.models import Attempt

MICROSECOND = timedelta(microseconds=1)
LIVE_CLOSES = NOON + timedelta(minutes=90)
POSTMORTEM_CLOSES = LIVE_CLOSES + timedelta(hours=4)
EARLY = NOON + timedelta(minutes=5)

# When, relative to a window [opens, closes), and whether it counts there.
EDGES = [
    ("at the start", NOON, True),
    ("one microsecond before the deadline", LIVE_CLOSES - MICROSECOND, True),
    ("at the deadline", LIVE_CLOSES, False),
    ("one microsecond after the deadline", LIVE_CLOSES + MICROSECOND, False),
]


def save(attempt: Attempt, deliverable: str, content: Any, *, at: datetime = EARLY, based_on: int = 0) -> Saved:
    """Save a draft as the learner."""
    return live.save_draft(
        attempt=attempt,
        deliverable=deliverable,
        content=content,
        based_on=based_on,
        actor=attempt.learner,
        received_at=at,
    )


def push(
    attempt: Attempt, new: str, *, at: datetime = EARLY, ref: str = "refs/heads/main", old: str = "0" * 40
) -> Event:
    """Record a push, as the git server does once it has landed."""
    return live.record_push(attempt_id=attempt.pk, ref=ref, old=old, new=new, received_at=at)


def committed(attempt: Attempt, content: bytes, *, name: str = "fix.zip", at: datetime = EARLY) -> Upload:
    """A file that was committed to and has not arrived."""
    return live.commit_upload(
        attempt=attempt,
        name=name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        actor=attempt.learner,
        received_at=at,
    ).upload


def uploaded(attempt: Attempt, content: bytes, *, name: str = "fix.zip", at: datetime = EARLY) -> Upload:
    """A file that was committed to and has arrived."""
    upload = committed(attempt, content, name=name, at=at)
    return live.receive_bytes(
        attempt=attempt, upload_id=upload.pk, content=content, actor=attempt.learner, received_at=at
    ).upload


def events(attempt: Attempt, kind: str) -> list[Event]:
    """The events of one kind."""
    return list(Event.objects.filter(attempt=attempt, kind=kind).order_by("seq"))
