"""What was done to people: who says that they do it, what was recorded, and whether the record is whole.

The rows are written by triggers (`accounts/migrations/0002_acts.py`), so that no way of changing a person goes round
them. What a trigger cannot know is who it was and why: the doorway says so here, for as long as its transaction lasts.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Act

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import User

BEFORE_THE_FIRST = "0" * 64
_SETTINGS = ("hotseat.by", "hotseat.via", "hotseat.reason")


@dataclass(frozen=True)
class Broken:
    """The first act on a person that is not what it was, and how that shows."""

    email: str
    seq: int
    why: str


@contextmanager
def done_by(actor: User | None, *, via: str, reason: str = "") -> Iterator[None]:
    """What the database changes of people within is done by `actor` (None: by somebody at a command line).

    It is one transaction. The inner of two counts, for as long as it lasts.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in _SETTINGS))
        before = cursor.fetchone()
        _say((str(actor.pk) if actor else "", via, reason))
        yield
        _say(before)


def _say(values: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"set_config('{name}', %s, true)" for name in _SETTINGS), values)


def note(*, whom: User, kind: str, changes: dict[str, object], by: User) -> None:
    """Record an act that changes no row of the person."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hotseat_record_act(%s, %s, %s::jsonb, %s)", [whom.pk, kind, json.dumps(changes), by.pk])


def verify(whom: User) -> Broken | None:
    """The first act on a person that is missing or altered; None when the chain is whole.

    The database hashes the same text when an act is written (`hotseat_act_sha256`).
    """
    previous = BEFORE_THE_FIRST
    acts = Act.objects.filter(whom=whom).order_by("seq").annotate(said=Cast("changes", TextField()))
    for expected, act in enumerate(acts, start=1):
        if act.seq != expected:
            return Broken(whom.email, expected, f"it is missing: the next one is {act.seq}")
        if act.previous_sha256 != previous:
            return Broken(whom.email, act.seq, "it does not name the hash of the one before it")
        if _link(act, act.said) != act.sha256:
            return Broken(whom.email, act.seq, "it is not what was recorded")
        previous = act.sha256
    return None


def _link(act: Act, changes: str) -> str:
    parts = (
        act.previous_sha256,
        str(act.whom_id),
        str(act.seq),
        _iso(act.at),
        str(act.by_id) if act.by_id is not None else "nobody",
        act.kind,
        _sha256(act.via),
        _sha256(changes),
        _sha256(act.reason),
    )
    return _sha256("|".join(parts))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
