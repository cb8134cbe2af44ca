"""What publishing a twin would change, and for whom: told before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from exams.models import Attempt, AttemptState, StockedIncident, StockState, WaitingStart
from exams.twins import Twin, planned
from exams.twins.differences import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet


@dataclass(frozen=True)
class Judged:
    """Of closed attempts: how many a mentor has before them, and how many are signed off for good."""

    under_review: int
    signed_off: int


# How far judgement has come is known to rubrics, which exams cannot import: it adds its counting here.
how_far_judged: list[Callable[[QuerySet[Attempt]], Judged]] = []


@dataclass(frozen=True)
class Keeps:
    """How many attempts stay with the edition that they began with. Void ones do not count."""

    live: int
    handed_in: int  # closed, and no mentor has them yet
    under_review: int
    signed_off: int


@dataclass(frozen=True)
class Gets:
    """Who meets the new edition although they have met the twin before it: attempts, learners, and incidents.

    `prepared` attempts are set aside at the next press of start, `drawn` incidents of the stock are drawn anew.
    """

    prepared: int
    waiting: int
    may_sit_again: int
    drawn: int


@dataclass(frozen=True)
class Change:
    """A twin as it would be published: from which edition to which, what differs, whom it concerns.

    `before` is None for a twin that is not published now; `back` says that the content is that of an earlier edition.
    """

    slug: str
    before: int | None
    after: int
    back: bool
    differs: tuple[str, ...]
    keeps: Keeps
    gets: Gets

    @property
    def is_one(self) -> bool:
        """Whether anything changes at all."""
        return self.before != self.after


def change(definition: Mapping[str, Any]) -> Change:
    """What publishing this definition now would change. Nothing is written.

    Raises:
        pydantic.ValidationError: the definition does not keep the format.
    """
    plan = planned(definition)
    attempts = Attempt.objects.filter(twin_slug=plan.slug).exclude(twin=plan.same)
    return Change(
        slug=plan.slug,
        before=plan.now.version if plan.now else None,
        after=plan.number,
        back=plan.same is not None and plan.same != plan.now,
        differs=tuple(differences(plan.now.definition, definition)) if plan.now else (),
        keeps=_keeps(attempts),
        gets=Gets(
            prepared=attempts.filter(state=AttemptState.READY).count(),
            waiting=WaitingStart.objects.filter(twin__slug=plan.slug).exclude(twin=plan.same).count(),
            may_sit_again=_may_sit_again(Twin.from_json(definition)),
            drawn=StockedIncident.objects.filter(twin__slug=plan.slug, state=StockState.READY)
            .exclude(twin=plan.same)
            .count(),
        ),
    )


def _keeps(attempts: QuerySet[Attempt]) -> Keeps:
    closed = attempts.filter(state=AttemptState.CLOSED)
    judged = [each(closed) for each in how_far_judged]
    under_review, signed_off = sum(each.under_review for each in judged), sum(each.signed_off for each in judged)
    return Keeps(
        live=attempts.filter(state=AttemptState.LIVE).count(),
        handed_in=closed.count() - under_review - signed_off,
        under_review=under_review,
        signed_off=signed_off,
    )


def _may_sit_again(twin: Twin) -> int:
    """Learners who have sat it, and have attempts left by what the new edition allows."""
    sat = Attempt.objects.filter(twin_slug=twin.slug, state__in=[AttemptState.LIVE, AttemptState.CLOSED])
    each = sat.values("learner").annotate(attempts=Count("pk"))
    return each.filter(attempts__lt=twin.attempts_allowed).count()
