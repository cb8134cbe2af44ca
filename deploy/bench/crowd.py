"""Live attempts in any number, written in a few statements: the incident itself is not part of what is measured."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from accounts.models import User
from exams import clock, start
from exams.models import Attempt, AttemptState, Draft, Stage
from exams.twins import Twin

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import TwinVersion

TWIN = "jt-incident-4"


def learners(number: int) -> list[User]:
    """That many learners who have started nothing."""
    batch = secrets.token_hex(3)
    return User.objects.bulk_create(
        User(email=f"{batch}-{each}@bench.hotseat.test", name=f"Learner {each}") for each in range(number)
    )


def live_attempts(
    number: int,
    *,
    version: TwinVersion,
    started_at: datetime,
    incident_class: str = "H1",
    with_drafts: bool = True,
) -> list[Attempt]:
    """That many learners, each with an attempt started then and, if asked for, a diagnosis and a hotfix saved."""
    attempts = Attempt.objects.bulk_create(
        Attempt(
            learner=learner,
            twin=version,
            twin_slug=version.slug,
            number=1,
            state=AttemptState.LIVE,
            incident_class=incident_class,
            incident_seed=7,
            started_at=started_at,
        )
        for learner in learners(number)
    )
    windows = clock.schedule(Twin.from_json(version.definition).plans, started_at, 100)
    Stage.objects.bulk_create(
        Stage(attempt=attempt, key=each.key, position=position, opens_at=each.opens_at, closes_at=each.closes_at)
        for attempt in attempts
        for position, each in enumerate(windows, start=1)
    )
    if with_drafts:
        Draft.objects.bulk_create(
            Draft(
                attempt=attempt,
                deliverable=deliverable,
                version=1,
                content=content,
                content_sha256="0" * 64,
                received_at=started_at,
            )
            for attempt in attempts
            for deliverable, content in (("diagnosis", "retrieval"), ("hotfix", {"mode": "repo_url"}))
        )
    return attempts


def live_until(number: int, closes_at: datetime) -> list[Attempt]:
    """The same of the twin that is measured, with the start that makes the first window close then."""
    version = start.published(TWIN)
    first = clock.schedule(Twin.from_json(version.definition).plans, closes_at, 100)[0]
    return live_attempts(number, version=version, started_at=closes_at - (first.closes_at - closes_at))
