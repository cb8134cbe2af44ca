"""The feed of an attempt: its ledger as one person may read it, in pages, and a ticket to have it streamed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet

from exams.access import only_judgements_of, sees_hidden
from exams.errors import Refusal
from exams.ledger import iso
from exams.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from exams.models import Attempt

CHANNEL = "hotseat_events"
TICKET_LASTS = timedelta(seconds=60)
MOST_AT_ONCE = 500
# Events that hold what a review judges, under `review` in their payload: see `access.only_judgements_of`.
JUDGEMENTS = ("review.scored", "review.asserted", "review.signed_off")
_SALT = "exams.feed.ticket"


class TicketRefused(Refusal):
    """A stream was asked for with a ticket that is not ours, is for another attempt, or has run out."""


class FeedAway(Refusal):
    """The stream cannot reach the database: our fault; the pages may still answer."""


@dataclass(frozen=True)
class Reader:
    """Who a stream is for.

    Attributes:
        attempt_id: Of which attempt.
        user_id: Which person.
        hidden: Whether events kept from learners are included.
        review: The one review whose judgements are included; None when all are.
    """

    attempt_id: UUID
    user_id: int
    hidden: bool
    review: str | None = None


def reader_of(attempt: Attempt, user: User | AnonymousUser) -> Reader:
    """What this person may read of an attempt that they reach."""
    return Reader(attempt.pk, user.pk or 0, sees_hidden(user), only_judgements_of(user, attempt))


def readable(reader: Reader) -> QuerySet[Event]:
    """The events that are for this reader, in order. The stream asks the same in SQL."""
    events = Event.objects.filter(attempt_id=reader.attempt_id).order_by("seq")
    if not reader.hidden:
        events = events.filter(visible_to_learner=True)
    if reader.review is not None:
        events = events.filter(~Q(kind__in=JUDGEMENTS) | Q(payload__review=reader.review))
    return events


def page(attempt: Attempt, user: User | AnonymousUser, *, after: int, limit: int) -> list[dict[str, Any]]:
    """The events this person may read with a number above `after`, at most `limit` of them."""
    reader = reader_of(attempt, user)
    events = readable(reader).filter(seq__gt=after).select_related("actor")
    return [
        row(
            seq=event.seq,
            at=event.at,
            kind=event.kind,
            payload=event.payload,
            actor_id=event.actor_id,
            actor_role=event.actor.role if event.actor else None,
            receipt=event.is_receipt,
            reader=reader,
        )
        for event in events[:limit]
    ]


def row(
    *,
    seq: int,
    at: datetime,
    kind: str,
    payload: Any,
    actor_id: int | None,
    actor_role: str | None,
    receipt: bool,
    reader: Reader,
) -> dict[str, Any]:
    """One event as it is shown: the actor by what they are to the reader, never by name."""
    actor = "platform" if actor_id is None else "you" if actor_id == reader.user_id else str(actor_role)
    return {"seq": seq, "at": iso(at), "kind": kind, "actor": actor, "receipt": receipt, "payload": payload}


def ticket(attempt: Attempt, user: User, *, now: datetime) -> tuple[str, datetime]:
    """A signed ticket that opens this attempt's stream for this person, and when it ends.

    The end is a moment of the database's clock and is compared with it, whatever the hosts' own clocks say.
    """
    ends_at = now + TICKET_LASTS
    reader = reader_of(attempt, user)
    content = {
        "attempt": str(attempt.pk),
        "user": user.pk,
        "hidden": reader.hidden,
        "review": reader.review,
        "ends_at": iso(ends_at),
    }
    return signing.Signer(salt=_SALT).sign(json.dumps(content, separators=(",", ":"))), ends_at


def admit(signed: str, attempt_id: UUID, *, now: datetime) -> Reader:
    """Whom a ticket is for.

    Raises:
        TicketRefused: it opens nothing, or nothing any more.
    """
    try:
        content = json.loads(signing.Signer(salt=_SALT).unsign(signed))
    except (signing.BadSignature, ValueError):
        raise TicketRefused("This ticket is not one of ours. Ask for a new one and open the stream with it.") from None
    if content["attempt"] != str(attempt_id):
        raise TicketRefused("This ticket is for another attempt. Ask for one for this attempt.")
    if now >= datetime.fromisoformat(content["ends_at"]):
        raise TicketRefused("This ticket has run out; it opens a stream for a minute. Ask for a new one.")
    return Reader(UUID(content["attempt"]), content["user"], content["hidden"], content.get("review", ""))
