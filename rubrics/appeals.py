"""A learner's one appeal: another mentor judges the attempt afresh, and what they sign is the result (rule 25).

Lock order as everywhere: attempt (by the ledger), then review.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from exams import ledger
from exams.access import own_attempt
from exams.clock import Window
from exams.content import check_text
from exams.models import Attempt, AttemptState, Event
from exams.receipts import in_words
from exams.twins import Twin
from exams.windows import AttemptVoid
from rubrics import errors
from rubrics.models import Appeal, Review, ReviewState, Round
from rubrics.result import NotSignedOffYet, where_it_stands

FILED = "appeal.filed"
REASON_CHARACTERS = 4_000


@dataclass(frozen=True)
class Filed:
    """An appeal that was just filed, and the event that says so."""

    appeal: Appeal
    event: Event


def window(*, first: Review, within: timedelta | None) -> Window | None:
    """When a signed review may be appealed: [sign-off, sign-off + `within`); None while unsigned or never."""
    if first.signed_off_at is None or within is None:
        return None
    return Window(first.signed_off_at, first.signed_off_at + within)


def within(attempt: Attempt) -> timedelta | None:
    """How long after sign-off the attempt's version of the twin takes an appeal; None when it takes none."""
    return Twin.from_json(attempt.twin.definition).review.appeal_within


@transaction.atomic
def file(*, attempt_id: UUID, reason: str, confirm: bool, learner: User, now: datetime) -> Filed:
    """Records the appeal and opens the review that hears it, in one transaction.

    1. Only the learner whose attempt it is; it is not void, signed off, not appealed yet, and the window holds.
    2. With a reason, and confirmed: what the second mentor signs is the result, higher or lower.
    3. A second review opens in the queue; the first stays signed, and stands until the second is.

    Raises:
        NothingHere: not the learner's own.
        AttemptVoid: nothing of it counts.
        NotSignedOffYet, AppealsNotOffered, AlreadyAppealed, AppealWindowClosed, AppealNeedsReason, AppealNotConfirmed.
        ContentUnusable: the reason is no text.
    """
    reason = reason.strip()
    check_text(reason, what="reason")
    attempt = ledger.hold(own_attempt(learner, attempt_id).pk)
    first = _appealable(attempt, now)
    if not 1 <= len(reason) <= REASON_CHARACTERS:
        raise errors.AppealNeedsReason(
            f"An appeal needs a reason of 1 to {REASON_CHARACTERS} characters. Write what was judged wrongly, and "
            "where your work shows it.",
            limit=REASON_CHARACTERS,
        )
    if not confirm:
        raise errors.AppealNotConfirmed(
            "Nothing was filed. You may appeal once. Another mentor scores the whole attempt afresh, and those scores "
            "become its result whether they are higher or lower. Send `confirm: true` to appeal."
        )
    second = Review.objects.create(
        attempt=attempt, round=Round.APPEAL, rubric_id=first.rubric_id, opened_at=now, waiting_since=now
    )
    appeal = Appeal.objects.create(attempt=attempt, against=first, review=second, reason=reason, filed_at=now)
    event = ledger.append(
        attempt=attempt,
        kind=FILED,
        payload={
            "appeal": appeal.pk,
            "against": first.pk,
            "review": second.pk,
            "reason": reason,
            "content_sha256": ledger.content_sha256(reason),
        },
        actor=learner,
        at=now,
        receipt=True,
    )
    ledger.append(attempt=attempt, kind="review.opened", payload={"review": second.pk}, actor=None, at=now)
    return Filed(appeal, event)


def _appealable(attempt: Attempt, now: datetime) -> Review:
    """The signed first review of a held attempt, when it may be appealed at `now`."""
    if attempt.state == AttemptState.VOID:
        raise AttemptVoid(
            f"This attempt was declared void, so there is nothing to appeal. The reason: {attempt.void_reason}"
        )
    first = Review.objects.filter(attempt=attempt, round=Round.FIRST).first()
    if first is None or first.state != ReviewState.SIGNED_OFF or first.signed_off_at is None:
        raise NotSignedOffYet(
            f"{where_it_stands(first)} You can appeal once it is signed off.",
            review_state=first.state if first else "not_open",
        )
    earlier = Appeal.objects.filter(attempt=attempt).first()
    if earlier is not None:
        raise errors.AlreadyAppealed(
            f"You appealed at {in_words(earlier.filed_at, attempt.learner.time_zone)}; an attempt is appealed once. "
            "Its result says what became of it.",
            filed_at=ledger.iso(earlier.filed_at),
        )
    open_ = window(first=first, within=within(attempt))
    if open_ is None:
        raise errors.AppealsNotOffered("This twin takes no appeals: the signed review is the result.")
    if not open_.opened(now):
        raise NotSignedOffYet(
            "Your appeal arrived before the sign-off. Read the result first, then decide.",
            review_state=first.state,
        )
    if not open_.holds(now):
        raise errors.AppealWindowClosed(
            f"The time to appeal ended at {in_words(open_.closes_at, attempt.learner.time_zone)}. The signed review "
            "stands.",
            closed_at=ledger.iso(open_.closes_at),
        )
    return first


def not_for(mentor: User) -> list[UUID]:
    """The reviews of appeals that wait to be claimed, but not by this mentor, who held the first review."""
    waiting = Appeal.objects.filter(review__state=ReviewState.OPEN).select_related("against")
    events = _handed_to(mentor).filter(attempt__in=waiting.values("attempt"))
    held = set(events.values_list("payload__review", flat=True))
    return [each.review_id for each in waiting if each.against.mentor_id == mentor.pk or str(each.against_id) in held]


def _handed_to(mentor: User) -> QuerySet[Event]:
    """The events by which reviews came into somebody's hands: claimed, or given by an admin."""
    return Event.objects.filter(
        Q(kind="review.claimed", actor=mentor) | Q(kind="review.reassigned", payload__to=mentor.pk)
    )


def require_fresh_eyes(*, attempt: Attempt, review: Review, mentor: User) -> None:
    """An appeal is heard by somebody who has not seen the first scores: not who signed them, nor who ever held them.

    Raises:
        HeldTheFirst: this mentor claimed, or was given, the first review.
    """
    if review.round != Round.APPEAL:
        return
    first = Review.objects.get(attempt=attempt, round=Round.FIRST)
    held = _handed_to(mentor).filter(attempt=attempt, payload__review=str(first.pk))
    if first.mentor_id == mentor.pk or held.exists():
        raise errors.HeldTheFirst(
            f"{mentor.name} held the first review of this attempt; an appeal is heard by a mentor who has not seen "
            "those scores. Choose another."
        )
