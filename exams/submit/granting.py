"""An admin lets a late write count, once, with a reason; it counts from the moment it really arrived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from exams import collecting, ledger, start
from exams.content import check_text
from exams.definitions import deliverable_of
from exams.errors import Refusal
from exams.live.diagnoses import record_diagnosis
from exams.live.drafts import checked, record_draft
from exams.live.updates import record_update
from exams.models import LateWrite, StageState
from exams.submit.hand_ins import Parcel, write
from exams.windows import require_begun

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from accounts.models import User
    from exams.models import Event

REASON_CHARACTERS = 2_000
GRANTED = "late_write.granted"


class NoSuchLateWrite(Refusal):
    """There is no such late write."""


class AlreadyGranted(Refusal):
    """Somebody has let it count before."""


class GrantNeedsReason(Refusal):
    """A grant without a reason, or with one that is too long."""


class CannotBeGranted(Refusal):
    """The late write lacks something that even a grant cannot supply."""


@dataclass(frozen=True)
class Granted:
    """A late write that counts now, and the ledger's event."""

    late: LateWrite
    event: Event


def grant_late(*, late_write_id: uuid.UUID, reason: str, actor: User, now: datetime) -> Granted:
    """Let a late write count, as if it had come in time but with the time at which it came.

    Raises:
        NoSuchLateWrite: there is none of that id.
        AlreadyGranted: it counts already; the facts say by whom and when.
        GrantNeedsReason: the reason is empty or too long.
        AttemptVoid: the attempt does not count.
        CannotBeGranted: it was signed off, or the late write is of a kind that is kept for reading only.
    """
    reason = reason.strip()
    check_text(reason, what="reason")
    if not 1 <= len(reason) <= REASON_CHARACTERS:
        raise GrantNeedsReason(
            f"A grant needs a reason of 1 to {REASON_CHARACTERS} characters; it is kept and shown. Write one.",
            limit=REASON_CHARACTERS,
        )
    found = LateWrite.objects.filter(pk=late_write_id).first()
    if found is None:
        raise NoSuchLateWrite("There is no such late write. Check the address.")
    with transaction.atomic():
        attempt = ledger.hold(found.attempt_id)
        require_begun(attempt)
        if any(finished(attempt) for finished in start.previous_is_finished):
            raise CannotBeGranted(
                "This attempt has been signed off: what was judged stays what it was. Only an appeal can change it."
            )
        granted = LateWrite.objects.filter(pk=late_write_id, granted_at=None).update(
            granted_at=now, granted_by=actor, grant_reason=reason
        )
        late = LateWrite.objects.select_related("stage", "granted_by").get(pk=late_write_id)
        if not granted:
            raise AlreadyGranted(
                f"{late.granted_by} let it count at {ledger.iso(late.granted_at or now)}. Nothing is left to do.",
                granted_by=str(late.granted_by),
                granted_at=ledger.iso(late.granted_at or now),
            )
        late.stage.attempt = attempt
        made = _make_count(late)
        event = ledger.append(
            attempt=attempt,
            kind=GRANTED,
            payload={
                "late_write": late.pk,
                "kind": late.kind,
                "stage": late.stage.key,
                "late_by_seconds": late.late_by.total_seconds(),
                "reason": reason,
                **made,
            },
            actor=actor,
            at=now,
        )
        return Granted(late=late, event=event)


def _make_count(late: LateWrite) -> dict[str, Any]:
    """Write the rows it would have made in time; return what names them."""
    attempt, payload = late.stage.attempt, late.payload
    match late.kind:
        case "hand_in":
            parcel = Parcel.from_json(payload)
            if parcel.unforced:
                # A blocked hand-in says why it passes; here it is the admin, and not the learner, who lets it.
                parcel = replace(parcel, force_reason=f"Let count by an admin: {late.grant_reason}")
            row, submission = write(attempt=attempt, stage=late.stage, parcel=parcel, received_at=late.received_at)
            return {"hand_in": row.pk, "number": row.number, "submission": submission.pk if submission else None}
        case "status_update":
            return {"number": record_update(attempt=attempt, payload=payload, received_at=late.received_at).number}
        case "diagnosis":
            return {"number": record_diagnosis(attempt=attempt, payload=payload, received_at=late.received_at).number}
        case "draft":
            return _make_draft_count(late)
        case other:
            raise CannotBeGranted(f"A late write of kind {other!r} is kept for reading only.")


def _make_draft_count(late: LateWrite) -> dict[str, Any]:
    attempt, payload = late.stage.attempt, late.payload
    deliverable = deliverable_of(attempt, payload["deliverable"])
    draft = record_draft(
        attempt=attempt,
        deliverable=deliverable.key,
        content=checked(payload["content"], deliverable=deliverable, attempt=attempt),
        sha256=late.content_sha256,
        based_on=payload["based_on"],
        conflict=False,
        received_at=late.received_at,
    )
    made: dict[str, Any] = {"deliverable": draft.deliverable, "version": draft.version}
    if late.stage.state == StageState.CLOSED_BY_DEADLINE:
        (again,) = collecting.collect([late.stage])
        made |= {"hand_in": again.hand_in.pk, "number": again.hand_in.number}
    return made
