"""A closed attempt with its review waiting, by the verbs that make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exams import ledger
from exams.models import Attempt, TwinVersion
from exams.twins import publish as publish_twin
from rubrics import review as verbs
from rubrics.models import Review
from tests.people import Cast

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DIMENSIONS = {
    "diagnosis_speed": "20 %",
    "hotfix_correctness": "25 %",
    "regression_safety": "20 %",
    "postmortem_quality": "20 %",
    "communication": "15 %",
}


def definition(**changes: Any) -> dict[str, Any]:
    """The smallest twin that is reviewed by the rubric of jt-incident-4."""
    return {
        "format": 1,
        "slug": "small-incident",
        "kind": "live-incident",
        "title": "A small incident",
        "situation": "Something is wrong.",
        "level": "beginner",
        "duration": "90 minutes",
        "pace": "live",
        "receives": ["a repository"],
        "does": ["fix it"],
        "earning_criteria": ["it is fixed"],
        "reattempts": 1,
        "review": {"sla": "48 h", "nudges": ["24 h", "40 h"]},
        "rubric": {
            "threshold": "65 %",
            "dimensions": [
                {"key": key, "title": key, "weight": weight, "tests": "it"} for key, weight in DIMENSIONS.items()
            ],
        },
        "stages": [{"key": "live", "title": "Live", "closes": "start + 90 min"}],
        "deliverables": [
            {"key": "diagnosis", "title": "Diagnosis", "stage": "live", "kind": "document", "asks": "why"}
        ],
        "skills": [
            {"key": "llm.safety.hallucination-mitigation", "ceiling": "1.00"},
            {"key": "llm.ops.incident-response", "ceiling": "0.80"},
        ],
        **changes,
    }


@pytest.fixture
def twin(db: None) -> TwinVersion:
    """A published version with its rubric."""
    version, _ = publish_twin(definition(), now=NOON - timedelta(days=30))
    return version


def closed_attempt(twin: TwinVersion, cast: Cast, *, number: int = 1, seed: int = 1) -> Attempt:
    """An attempt of Ada's that was closed an hour before noon."""
    return Attempt.objects.create(
        learner=cast.learner,
        twin=twin,
        twin_slug=twin.slug,
        number=number,
        state="closed",
        incident_class="H1",
        incident_seed=seed,
        started_at=NOON - timedelta(hours=7),
        closed_at=NOON - timedelta(hours=1),
    )


@pytest.fixture
def waiting(twin: TwinVersion, cast: Cast) -> Review:
    """The review of Ada's attempt, open in the queue at noon."""
    attempt = closed_attempt(twin, cast)
    assert verbs.open_waiting(now=NOON) == 1
    return Review.objects.get(attempt=attempt)


@pytest.fixture
def claimed(waiting: Review, cast: Cast) -> Review:
    """The same, claimed by Mona at noon."""
    return verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)


def kinds(review: Review) -> list[str]:
    """What the ledger says happened, in order; the chain is verified on the way."""
    assert ledger.verify(review.attempt_id) is None
    return list(review.attempt.events.values_list("kind", flat=True))
