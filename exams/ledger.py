"""The append-only, hash-chained record of an attempt: hold the attempt, append to it, verify it."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exams.models import Attempt, Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User

BEFORE_THE_FIRST = "0" * 64
_SALT_BYTES = 16


class NotRecordable(ValueError):
    """A payload holds something that cannot be written down and read back the same: NaN, NUL, a lone surrogate."""


@dataclass(frozen=True)
class Broken:
    """The first event of a ledger that is not what it was, and how that shows."""

    attempt_id: uuid.UUID
    seq: int
    why: str


def iso(at: datetime) -> str:
    """A moment as the ledger writes it: UTC, microseconds, ``2026-11-21T09:30:00.000000Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hold(attempt_id: uuid.UUID) -> Attempt:
    """The attempt, locked until the transaction ends; whoever writes to an attempt holds it first.

    Raises:
        Attempt.DoesNotExist: there is no such attempt.
    """
    return Attempt.objects.select_for_update(of=("self",)).select_related("twin", "learner").get(pk=attempt_id)


def append(
    *,
    attempt: Attempt,
    kind: str,
    payload: Mapping[str, Any],
    actor: User | None,
    at: datetime,
    visible: bool = True,
    receipt: bool = False,
) -> Event:
    """Record one thing that happened. The attempt must be held; `actor` None is the platform itself.

    What a learner may not read is salted: they are given its hash, so that they can check the chain, and there must be
    no finding out by trying which of a few possible payloads has that hash.

    Raises:
        NotRecordable: the payload cannot be written down.
    """
    stored = plain(payload)
    if not visible:
        stored["salt"] = secrets.token_hex(_SALT_BYTES)
    last = Event.objects.filter(attempt=attempt).order_by("-seq").values_list("seq", "sha256").first()
    event = Event(
        attempt=attempt,
        seq=last[0] + 1 if last else 1,
        at=at,
        actor=actor,
        kind=kind,
        payload=stored,
        visible_to_learner=visible,
        is_receipt=receipt,
        payload_sha256=hashlib.sha256(canonical(stored)).hexdigest(),
        previous_sha256=last[1] if last else BEFORE_THE_FIRST,
    )
    event.sha256 = link(event)
    event.save(force_insert=True)
    return event


def plain(value: Any) -> Any:
    """The JSON form of a payload, such that the database gives back the same: moments and ids as text, 2.0 as 2."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return _number(value)
        case str() | uuid.UUID():
            return _text(str(value))
        case datetime():
            return iso(value)
        case dict():
            return {_text(str(key)): plain(held) for key, held in value.items()}
        case list() | tuple():
            return [plain(held) for held in value]
    raise NotRecordable(f"A payload holds a {type(value).__name__}, which has no JSON form.")


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise NotRecordable("A payload holds a number that is not finite.")
    return int(value) if value.is_integer() else value


def _text(value: str) -> str:
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise NotRecordable("A payload holds text with NUL or half a character.")
    return value


def canonical(payload: Any) -> bytes:
    """The one byte form of a payload: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        plain(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_sha256(value: Any) -> str:
    """SHA-256, in hex, of bytes as they are, of text as UTF-8, of anything else in its canonical form."""
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return hashlib.sha256(value.encode() if isinstance(value, str) else canonical(value)).hexdigest()


def link(event: Event) -> str:
    """The hash of an event. The database computes the same text in `hotseat_event_sha256` and refuses any other."""
    text = "|".join(
        (
            event.previous_sha256,
            str(event.attempt_id),
            str(event.seq),
            iso(event.at),
            str(event.actor_id) if event.actor_id is not None else "platform",
            event.kind,
            "visible" if event.visible_to_learner else "hidden",
            "receipt" if event.is_receipt else "note",
            event.payload_sha256,
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def verify(attempt_id: uuid.UUID) -> Broken | None:
    """The first event of an attempt's ledger that is missing or altered; None when the chain is whole.

    1. Numbers run from one without a gap.
    2. Each event names the hash of the one before it.
    3. Its payload has the hash it says.
    4. Its own hash is that of its text.
    """
    previous = BEFORE_THE_FIRST
    events = Event.objects.filter(attempt_id=attempt_id).order_by("seq").iterator(chunk_size=500)
    for expected, event in enumerate(events, start=1):
        if event.seq != expected:
            return Broken(attempt_id, expected, f"it is missing: the next event is {event.seq}")
        if event.previous_sha256 != previous:
            return Broken(attempt_id, event.seq, "it does not name the hash of the event before it")
        if hashlib.sha256(canonical(event.payload)).hexdigest() != event.payload_sha256:
            return Broken(attempt_id, event.seq, "its payload is not the one that was recorded")
        if link(event) != event.sha256:
            return Broken(attempt_id, event.seq, "its time, actor, kind or flags are not the ones that were recorded")
        previous = event.sha256
    return None
