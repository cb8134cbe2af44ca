"""The mentor's own clock: nudges on the way, and back to the queue when it runs out (rule 23)."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail

from accounts.models import Role, User
from exams import ledger
from exams.models import Attempt, AttemptState
from exams.one_by_one import one_by_one
from exams.twins import Twin
from rubrics.models import Notice, Review, ReviewState


def nudge(*, now: datetime) -> int:
    """Writes each nudge whose moment has come; the unique key makes a second sweeper harmless. Returns how many."""
    running = Review.objects.filter(
        state=ReviewState.CLAIMED, due_at__gt=now, attempt__state=AttemptState.CLOSED
    ).select_related("mentor", "attempt__twin")
    found = {review.pk: review for review in running}
    return one_by_one(found, lambda pk: _nudge(found[pk], now), what="the mentor of review %s cannot be nudged")


def _nudge(review: Review, now: datetime) -> int:
    if review.mentor is None or review.claimed_at is None:
        return 0
    written = 0
    for after in Twin.from_json(review.attempt.twin.definition).review.nudges:
        if now >= review.claimed_at + after:
            _, created = Notice.objects.get_or_create(
                review=review,
                claimed_at=review.claimed_at,
                kind=Notice.Kind.NUDGE,
                after=after,
                to=review.mentor,
                defaults={"created_at": now},
            )
            written += created
    return written


def expire(*, now: datetime) -> int:
    """Puts each overdue review back into the queue with its draft kept and tells the admins. Returns how many."""
    overdue = Review.objects.filter(
        state=ReviewState.CLAIMED, due_at__lte=now, attempt__state=AttemptState.CLOSED
    ).values_list("pk", flat=True)
    return one_by_one(overdue, lambda pk: _expire(pk, now), what="review %s is overdue and cannot be put back")


def _expire(review_id: UUID, now: datetime) -> bool:
    attempt_id = Review.objects.values_list("attempt_id", flat=True).get(pk=review_id)
    attempt = ledger.hold(attempt_id)
    review = Review.objects.select_for_update().get(pk=review_id)
    if review.state != ReviewState.CLAIMED or review.due_at is None or now < review.due_at:
        return False
    put_back(attempt=attempt, review=review, now=now)
    return True


def put_back(*, attempt: Attempt, review: Review, now: datetime) -> None:
    """Puts one overdue review back, draft and all, and tells the admins. Both rows must be held."""
    mentor_id, claimed_at, due_at = review.mentor_id, review.claimed_at, review.due_at
    assert claimed_at is not None and due_at is not None  # noqa: S101, PT018 - the database holds a claim whole
    Review.objects.filter(pk=review.pk, state=ReviewState.CLAIMED).update(
        state=ReviewState.OPEN, mentor=None, claimed_at=None, due_at=None, times_overdue=review.times_overdue + 1
    )
    Notice.objects.bulk_create(
        [
            Notice(
                review=review,
                claimed_at=claimed_at,
                kind=Notice.Kind.OVERDUE,
                after=due_at - claimed_at,
                to=admin,
                created_at=now,
            )
            for admin in User.objects.filter(role=Role.ADMIN, is_active=True)
        ],
        ignore_conflicts=True,
    )
    ledger.append(
        attempt=attempt,
        kind="review.overdue",
        payload={"review": str(review.pk), "mentor": mentor_id, "due_at": due_at},
        actor=None,
        at=now,
        visible=False,
    )


SUBJECTS = {
    Notice.Kind.NUDGE: "A review you claimed is waiting for your sign-off",
    Notice.Kind.OVERDUE: "A review is overdue and back in the queue",
}


def send_notices(*, now: datetime, limit: int = 100) -> int:
    """Sends what was written and not sent yet; a mail server that is away is tried again by the next sweep."""
    sent = 0
    for notice in Notice.objects.filter(sent_at=None).select_related("review", "to").order_by("id")[:limit]:
        # Marked first: a crash between the two loses one e-mail (the queue still shows it), never repeats it for ever.
        if not Notice.objects.filter(pk=notice.pk, sent_at=None).update(sent_at=now):
            continue
        try:
            send_mail(
                f"[Hotseat] {SUBJECTS[Notice.Kind(notice.kind)]}",
                f"Review {notice.review_id} was claimed at {notice.claimed_at:%Y-%m-%d %H:%M} UTC.\n"
                f"{settings.HOTSEAT_PUBLIC_URL}/api/v1/reviews/{notice.review_id}/\n",
                None,
                [notice.to.email],
            )
        except OSError:
            Notice.objects.filter(pk=notice.pk).update(sent_at=None)
            raise
        sent += 1
    return sent
