"""Who sees which reviews: the queue for claiming, one's own, and what an attempt shows to the mentor who judges it."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Role, User
from exams.access import NothingHere, note_admin
from exams.models import Attempt, AttemptState
from rubrics import appeals
from rubrics.models import Review, ReviewState


def queue(*, viewer: User, which: str) -> QuerySet[Review]:
    """The rows a mentor or admin may see: `open` for claiming, and the viewer's own (`mine`, `overdue`, `done`).

    What waits to be claimed is shown to a mentor without the appeals that somebody else has to hear.
    """
    rows = Review.objects.select_related("attempt", "mentor", "rubric", "appeal").filter(
        attempt__state=AttemptState.CLOSED
    )
    if viewer.role not in {Role.MENTOR, Role.ADMIN}:
        return rows.none()
    match which:
        case "mine":
            return rows.filter(state=ReviewState.CLAIMED, mentor=viewer).order_by("due_at", "id")
        case "done":
            done = rows.filter(state=ReviewState.SIGNED_OFF)
            mine = done if viewer.role == Role.ADMIN else done.filter(mentor=viewer)
            return mine.order_by("-signed_off_at", "id")
        case "overdue":
            return _claimable(rows, viewer).filter(times_overdue__gt=0).order_by("waiting_since", "id")
        case "claimed" if viewer.role == Role.ADMIN:
            return rows.filter(state=ReviewState.CLAIMED).order_by("due_at", "id")
        case _:
            return _claimable(rows, viewer).order_by("waiting_since", "id")


def _claimable(rows: QuerySet[Review], viewer: User) -> QuerySet[Review]:
    waiting = rows.filter(state=ReviewState.OPEN)
    return waiting.exclude(pk__in=appeals.not_for(viewer)) if viewer.role == Role.MENTOR else waiting


def may_see(user: User, attempt: Attempt) -> bool:
    """A mentor reaches an attempt while they hold its review, and what they signed."""
    return (
        user.role == Role.MENTOR
        and Review.objects.filter(
            attempt=attempt, mentor=user, state__in=[ReviewState.CLAIMED, ReviewState.SIGNED_OFF]
        ).exists()
    )


def own_review(user: User, attempt: Attempt) -> UUID | None:
    """The review of an attempt that is this mentor's: the only one whose scores they are shown, whoever else judged it.

    One person never has two: who held the first does not hear the appeal.
    """
    mine = Review.objects.filter(
        attempt=attempt, mentor=user, state__in=[ReviewState.CLAIMED, ReviewState.SIGNED_OFF]
    ).values_list("pk", flat=True)
    return mine.first()


def held_by(user: User, review_id: UUID) -> Review:
    """The review, for the mentor who holds or signed it, or an admin, whose reading is noted.

    Raises:
        NothingHere: for everybody else.
    """
    review = (
        Review.objects.select_related("attempt__twin", "attempt__learner", "rubric", "mentor", "appeal")
        .filter(pk=review_id)
        .first()
    )
    if review is None or not (user.role == Role.ADMIN or (user.role == Role.MENTOR and review.mentor_id == user.pk)):
        raise NothingHere("There is no such review among those you have claimed. Claim it from the queue first.")
    note_admin(user, review.attempt)
    return review
