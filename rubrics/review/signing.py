"""Freezes a review for good: what it judged by, scores, comments, citations and skills, hashed into the ledger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from exams import ledger
from exams.models import Attempt
from rubrics import basis, errors, scoring
from rubrics.models import Review, ReviewState, Round
from rubrics.review.claims import hold_claimed, what_can_change_it
from rubrics.review.opening import is_graded
from rubrics.review.queue import held_by


def total_of(review: Review) -> int:
    """The weighted sum of a fully scored review.

    Raises:
        NotAllScored: naming what is missing.
    """
    scores = {row.dimension_id: row.twentieths for row in review.scores.all()}
    dimensions = list(review.rubric.dimensions.all())
    missing = [dimension.key for dimension in dimensions if dimension.pk not in scores]
    if missing:
        raise errors.NotAllScored(
            f"Not scored yet: {', '.join(missing)}. Score every dimension first.", missing=missing
        )
    return scoring.weighted_sum(scoring.Weighted(d.weight_bp, scores[d.pk]) for d in dimensions)


def frozen(review: Review, total: int) -> dict[str, Any]:
    """What a sign-off freezes, in the shape that is hashed into the ledger; of what it judged by, the hash."""
    return {
        "review": str(review.pk),
        "attempt": str(review.attempt_id),
        "rubric": review.rubric_id,
        "mentor": review.mentor_id,
        "scores": [
            {
                "dimension": row.dimension.key,
                "weight_bp": row.dimension.weight_bp,
                "twentieths": row.twentieths,
                "comment": row.comment,
                "evidence": row.evidence,
            }
            for row in review.scores.select_related("dimension").order_by("dimension__position")
        ],
        "skills": {
            row.skill.skill: row.twentieths
            for row in review.assertions.select_related("skill").order_by("skill__skill")
        },
        "weighted_sum": total,
        "passed": scoring.passed(total, review.rubric.threshold_bp),
        "note_to_learner": review.note_to_learner,
        "evidence_sha256": review.basis.sha256,
    } | _supersedes(review)


def _supersedes(review: Review) -> dict[str, Any]:
    """Which review an appeal's replaces; it is frozen and ledgered with it."""
    return {"supersedes": str(review.appeal.against_id)} if review.round == Round.APPEAL else {}


def _require_unchanged(attempt: Attempt, review: Review) -> None:
    if not is_graded(attempt):
        raise errors.WorkChanged(
            "Nothing was signed. A late hand-in was let count, and it is still being graded. "
            "Wait for its verdict in the evidence, and score with it."
        )
    granted_at = attempt.late_writes.aggregate(last=Max("granted_at"))["last"]
    if granted_at is None:
        return
    before = [row.dimension.key for row in review.scores.filter(scored_at__lt=granted_at).select_related("dimension")]
    if before:
        raise errors.WorkChanged(
            f"Nothing was signed. An admin let something late count at {granted_at:%Y-%m-%d %H:%M:%S} UTC, after these "
            f"were scored: {', '.join(before)}. Look at the evidence again and save each score anew, changed or not.",
            granted_at=granted_at.isoformat(),
            dimensions=before,
        )


def sign_off(
    *, review_id: UUID, confirm: bool, read_force_reason: bool, note: str, mentor: User, now: datetime
) -> Review:
    """Freezes the review for good.

    1. Only the holder, in time, with every dimension scored, and with the act confirmed.
    2. Scores are of the work that counts: it is graded, and nothing late was let count since.
    3. A forced hand-in needs the mentor's word that the reason was read.
    4. What it is judged by was computed before, while nothing was held, since that is slow; and is again if work came.
    5. Evidence, scores, comments, citations and skills are kept and hashed; the hash goes on the review and into the
       ledger. Evidence that cannot be computed is our fault and holds up nobody: that, and why, is kept instead.

    Raises:
        NotConfirmed, NotAllScored, WorkChanged, NotPassing, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    found = held_by(mentor, review_id)
    gathered = basis.gather(found, now=now) if confirm and _may_be_signed(found, mentor) else None
    with transaction.atomic():
        attempt, review, total = _ready(review_id, mentor, now, confirm=confirm, read_force_reason=read_force_reason)
        basis.keep(gathered, attempt=attempt, review=review, now=now)
        return _freeze(attempt, review, total, note=note, mentor=mentor, now=now)


def _may_be_signed(review: Review, mentor: User) -> bool:
    """Whether it is worth computing what it is judged by; asked without a lock, so that it decides nothing else."""
    held = review.state == ReviewState.CLAIMED and review.mentor_id == mentor.pk
    return held and review.scores.count() == review.rubric.dimensions.count()


def _ready(
    review_id: UUID, mentor: User, now: datetime, *, confirm: bool, read_force_reason: bool
) -> tuple[Attempt, Review, int]:
    """Everything that may stand in the way; attempt and review are held from here on."""
    attempt, review = hold_claimed(review_id, mentor, now)
    total = total_of(review)
    _require_unchanged(attempt, review)
    passed = scoring.passed(total, review.rubric.threshold_bp)
    shown = scoring.display(total, review.rubric.threshold_bp)
    if not confirm:
        raise errors.NotConfirmed(
            f"Nothing was signed. Signing off freezes {review.scores.count()} scores and "
            f"{review.assertions.count()} skills at {shown}, {'pass' if passed else 'fail'}. "
            f"{what_can_change_it(review)} Send `confirm: true` to sign off."
        )
    if forced(attempt) and not read_force_reason:
        raise errors.NotConfirmed(
            "Nothing was signed. The learner forced a hand-in past a critical self-check: read the reason, at the top "
            "of the evidence, and send `read_force_reason: true`."
        )
    if review.assertions.exists() and not passed:
        raise errors.NotPassing(
            f"The review stands at {shown}, which does not pass, and it asserts skills. Take the assertions back first."
        )
    return attempt, review, total


def _freeze(attempt: Attempt, review: Review, total: int, *, note: str, mentor: User, now: datetime) -> Review:
    passed = scoring.passed(total, review.rubric.threshold_bp)
    review.note_to_learner = note
    sha256 = ledger.content_sha256(frozen(review, total))
    Review.objects.filter(pk=review.pk, state=ReviewState.CLAIMED, mentor=mentor).update(
        state=ReviewState.SIGNED_OFF,
        signed_off_at=now,
        weighted_sum=total,
        passed=passed,
        sha256=sha256,
        note_to_learner=note,
    )
    ledger.append(
        attempt=attempt,
        kind="review.signed_off",
        payload={
            "review": str(review.pk),
            "sha256": sha256,
            "evidence_sha256": review.basis.sha256,
            "weighted_sum": total,
            "passed": passed,
        }
        | _supersedes(review),
        actor=mentor,
        at=now,
    )
    review.refresh_from_db()
    return review


def forced(attempt: Attempt) -> bool:
    """Whether any hand-in of the attempt was forced past a critical self-check."""
    return attempt.hand_ins.exclude(force_reason="").exists()


def is_finished(attempt: Attempt) -> bool:
    """Whether the attempt was signed off, so that the next may begin (rule 12), also while an appeal is heard."""
    return Review.objects.filter(attempt=attempt, state=ReviewState.SIGNED_OFF).exists()
