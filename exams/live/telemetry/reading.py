"""Reads from the rows of an attempt what `measuring` computes from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from exams.definitions import stage_for_questions
from exams.live.telemetry.measuring import measure
from exams.live.telemetry.outcomes import Replayed
from exams.live.telemetry.shapes import Course, Entry, Telemetry, Version
from exams.models import Deployment, DeploymentKind, DeploymentState, Stage
from exams.packs.complaining import CarriedOver, Complaining

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from exams.models import Attempt

UNDECIDED = (DeploymentState.WAITING, DeploymentState.REPLAYING)
_SMALL = ("pk", "number", "kind", "of", "state", "requested_at", "due_at", "live_from")


def of(attempt: Attempt, *, until: datetime) -> Telemetry:
    """What the customers of a started attempt got until before `until`, and never after its live window.

    It ends earlier, which its own `until` says, where it is not known yet: at the opening before the first replay has
    ended, and at `due_at` of a deployment whose replay is late. So what was once told never changes, but for the moment
    that a rollback which was received before a version went live took to be handled.
    """
    stage = Stage.objects.get(attempt=attempt, key=stage_for_questions(attempt))
    until = min(until, stage.closes_at)
    rows = list(Deployment.objects.filter(attempt=attempt).order_by("number").only(*_SMALL))
    known_until = min([until, *(row.due_at for row in rows if row.state in UNDECIDED)], default=stage.opens_at)
    course = _course(attempt, stage)
    nothing = {row.pk for row in rows if row.kind == DeploymentKind.DEPLOY and row.live_from is None}
    live = [
        row for row in rows if row.live_from is not None and row.live_from < known_until and row.of_id not in nothing
    ]
    if not live:
        return measure((), (), course, until=stage.opens_at)
    traffic = traffic_of(attempt.pk)
    versions = [_version(row, rows, len(traffic)) for row in live]
    return measure(traffic, versions, course, until=known_until)


def untouched(attempt: Attempt, *, until: datetime) -> Telemetry:
    """What the same customers would have got until before `until`, had nothing been deployed since the opening."""
    stage = Stage.objects.get(attempt=attempt, key=stage_for_questions(attempt))
    first = Deployment.objects.filter(attempt=attempt, kind=DeploymentKind.INITIAL).only(*_SMALL).first()
    if first is None or first.live_from is None:
        return Telemetry(stage.opens_at, stage.opens_at)
    course = _course(attempt, stage)
    traffic = traffic_of(attempt.pk)
    version = _version(first, [first], len(traffic))
    return measure(traffic, [version], course, until=min(until, stage.closes_at))


def deployed_at(attempt: Attempt, at: datetime) -> Deployment | None:
    """The deployment that customers get at a moment; None for an attempt from before there were deployments.

    One whose replay is late is not live before that has ended.
    """
    rows = Deployment.objects.filter(attempt=attempt).select_related("of")
    live = customers_got(rows, at=at).order_by("-live_from", "-requested_at", "-number").first()
    return live or rows.filter(kind=DeploymentKind.INITIAL).first()


def customers_got(rows: QuerySet[Deployment], *, at: datetime) -> QuerySet[Deployment]:
    """Those that went live until a moment: not a rollback to one that came to nothing, or is not known yet."""
    known = Q(of=None) | Q(of__kind=DeploymentKind.INITIAL) | Q(of__live_from__isnull=False)
    return rows.filter(known, live_from__lte=at)


def _course(attempt: Attempt, stage: Stage) -> Course:
    return Course(
        begins_at=stage.opens_at,
        percent=attempt.multiplier_percent,
        seed=attempt.incident_seed,
        complaining=Complaining.of(attempt.truth),
        carried=CarriedOver.of(attempt.truth),
    )


@lru_cache(maxsize=64)
def traffic_of(attempt_id: uuid.UUID) -> tuple[Entry, ...]:
    """What customers ask in an attempt, as it was kept with the first replay.

    Raises:
        Deployment.DoesNotExist: it has not been drawn yet.
    """
    kept: Any = Deployment.objects.get(attempt_id=attempt_id, number=0, traffic__isnull=False).traffic
    return tuple(Entry(*row) for row in kept)


def _version(row: Deployment, rows: Sequence[Deployment], questions: int) -> Version:
    release = row if row.of_id is None else next(each for each in rows if each.pk == row.of_id)
    assert row.live_from is not None  # noqa: S101 - the caller chose those that have one
    replayed = _replayed(row.attempt_id, release.pk, questions)
    return Version(row.number, release.number, row.live_from, replayed, row.requested_at)


@lru_cache(maxsize=256)
def _replayed(attempt_id: uuid.UUID, deployment_id: int, questions: int) -> Replayed:
    kept: Any = Deployment.objects.get(attempt_id=attempt_id, pk=deployment_id).outcomes
    return Replayed.from_json(kept, questions=questions)
