"""Scores a review dimension by dimension, each with its reasons; drafts until sign-off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from exams import ledger
from exams.models import Attempt, Event, Submission
from rubrics import errors, scoring
from rubrics.models import Dimension, Score
from rubrics.review.claims import hold_claimed

MAX_EVIDENCE = 40
MAX_COMMENT = 10_000


@dataclass(frozen=True)
class Cited:
    """A piece of evidence: what kind of thing, and which one of this attempt."""

    kind: str  # event | run | text
    ref: str
    note: str = ""

    def as_json(self) -> dict[str, str]:
        """How it is stored and shown."""
        return {"kind": self.kind, "ref": self.ref, "note": self.note}


@transaction.atomic
def score(
    *,
    review_id: UUID,
    dimension: str,
    value: Decimal,
    comment: str,
    evidence: Sequence[Cited],
    mentor: User,
    now: datetime,
) -> Score:
    """Drafts the score of one dimension; drafts are saved as they are made and stay the mentor's until sign-off.

    Raises:
        NotAStep, SaysNothing, UnknownDimension, UnknownEvidence, NotYours, ClaimRanOut, AlreadySignedOff.
    """
    try:
        twentieths = scoring.to_twentieths(value)
    except scoring.NotAStepError as refused:
        raise errors.NotAStep(str(refused), nearest=[f"{step:.2f}" for step in refused.nearest]) from refused
    if not comment.strip() and not evidence:
        raise errors.SaysNothing(
            f"The score of {dimension} says nothing about why. Add a comment, or cite at least one piece of evidence."
        )
    attempt, review = hold_claimed(review_id, mentor, now)
    row = Dimension.objects.filter(rubric=review.rubric, key=dimension).first()
    if row is None:
        keys = ", ".join(review.rubric.dimensions.values_list("key", flat=True))
        raise errors.UnknownDimension(f"This rubric has no dimension {dimension!r}. It has: {keys}.")
    _exists(attempt, evidence)
    saved, _ = Score.objects.update_or_create(
        review=review,
        dimension=row,
        defaults={
            "twentieths": twentieths,
            "comment": comment.strip(),
            "evidence": [cited.as_json() for cited in evidence],
            "scored_by": mentor,
            "scored_at": now,
        },
    )
    ledger.append(
        attempt=attempt,
        kind="review.scored",
        payload={"review": str(review.pk), "dimension": dimension, "twentieths": twentieths},
        actor=mentor,
        at=now,
        visible=False,
    )
    return saved


def _exists(attempt: Attempt, evidence: Sequence[Cited]) -> None:
    seqs = {int(cited.ref) for cited in evidence if cited.kind == "event" and cited.ref.isdecimal()}
    known = set(Event.objects.filter(attempt=attempt, seq__in=seqs).values_list("seq", flat=True))
    runs = {str(pk) for pk in Submission.objects.filter(attempt=attempt).values_list("pk", flat=True)}
    for cited in evidence:
        match cited.kind:
            case "event":
                ok = cited.ref.isdecimal() and int(cited.ref) in known
            case "run":
                ok = cited.ref in runs
            case _:
                ok = bool(cited.ref.strip())
        if not ok:
            raise errors.UnknownEvidence(
                f"There is no {cited.kind} {cited.ref!r} in this attempt. Cite an event by its number, a run by its "
                "id, or quote a text.",
                kind=cited.kind,
                ref=cited.ref,
            )
