"""Which saved versions have an entry of their own in the ledger: all that a person saves, not all that a script can.

No save is refused (0012). One that comes faster than anybody types is kept as a version like any other, and belongs to
the entry that its deliverable had last; the next entry says how many had none. What is used is always in the ledger:
each hand-in, also that of the deadline, has the hash of what it took.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from exams import receipts
from exams.clock import Window
from exams.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from exams.models import Attempt, Draft
    from exams.receipts import Receipt
    from exams.windows import Arrival

SAVED = "draft.saved"
CONFLICTED = "draft.conflicted"
# A client saves two seconds after a pause in typing, and on every blur: who does nothing else stays within this.
IN_A_ROW = 60
SPAN = timedelta(minutes=2)
# Two and a half hours of such typing without a stop. An attempt has no more than this many, and then one of each
# deliverable in `ELSE_EVERY`.
MOST = 5_000
ELSE_EVERY = timedelta(seconds=30)


def last_entry(attempt: Attempt, deliverable: str, *, until_version: int | None = None) -> Event | None:
    """The last entry of a deliverable's versions, or of those up to one."""
    found = _entries(attempt).filter(payload__deliverable=deliverable)
    if until_version is not None:
        found = found.filter(payload__version__lte=until_version)
    return found.order_by("-seq").first()


def has_its_own(attempt: Attempt, last: Event | None, *, received_at: datetime) -> bool:
    """Whether a version that was just received gets an entry; `last` is its deliverable's. The attempt must be held."""
    if last is None or last.at <= received_at - ELSE_EVERY:
        return True
    so_many_ago = _entries(attempt).order_by("-seq").values_list("at", flat=True)[IN_A_ROW - 1 : IN_A_ROW].first()
    return (so_many_ago is None or so_many_ago <= received_at - SPAN) and _entries(attempt).count() < MOST


def receipt_of(draft: Draft, arrival: Arrival) -> Receipt:
    """The receipt of a kept version, the same however often it is asked for."""
    entry = last_entry(arrival.attempt, draft.deliverable, until_version=draft.version)
    if entry is None:  # it came late and was granted: what it was received as has a receipt
        entry = Event.objects.filter(attempt=arrival.attempt).earliest("seq")
    given = receipts.give(entry, arrival.stage, now=draft.received_at)
    if entry.payload.get("version") == draft.version:
        return given
    window = Window(arrival.stage.opens_at, arrival.stage.closes_at)
    received = receipts.in_words(draft.received_at, arrival.attempt.learner.time_zone)
    left = window.time_left(draft.received_at)
    return replace(
        given,
        received_at=draft.received_at,
        content_sha256=draft.content_sha256,
        time_left_seconds=left.total_seconds(),
        message=f"Received at {received} and kept as version {draft.version}. You save faster than the record has an "
        f"entry for each, so this one goes with number {entry.seq}. "
        f"It counts; {receipts.length_in_words(left)} are left in the {arrival.stage.key} stage.",
    )


def _entries(attempt: Attempt) -> QuerySet[Event]:
    return Event.objects.filter(attempt=attempt, kind__in=(SAVED, CONFLICTED))
