"""Ends an attempt that should not count: by an admin, with a reason, for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from exams import ledger
from exams.access import require_admin
from exams.errors import Refusal
from exams.models import Attempt, AttemptState

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from accounts.models import User


class AlreadyVoid(Refusal):
    """The attempt was voided before."""


class ReasonMissing(Refusal):
    """An act that changes what counts needs a reason in words."""


def void(*, attempt_id: uuid.UUID, actor: User, reason: str, now: datetime) -> Attempt:
    """READY, LIVE or CLOSED → VOID, ledgered with who and why. What was recorded is kept.

    Raises:
        AdminsOnly: the actor is no admin.
        ReasonMissing: no reason is given.
        AlreadyVoid: it was void already; the first reason stands.
    """
    require_admin(actor)
    if not reason.strip():
        raise ReasonMissing("Say why this attempt should not count; the learner and the mentor will read it.")
    with transaction.atomic():
        attempt = ledger.hold(attempt_id)
        if attempt.state == AttemptState.VOID:
            raise AlreadyVoid(f"This attempt is void already: {attempt.void_reason}", attempt=str(attempt.pk))
        was = attempt.state
        Attempt.objects.filter(pk=attempt.pk, state=was).update(state=AttemptState.VOID, void_reason=reason.strip())
        ledger.append(
            attempt=attempt,
            kind="attempt.voided",
            payload={"reason": reason.strip(), "was": was},
            actor=actor,
            at=now,
        )
        attempt.refresh_from_db()
    return attempt
