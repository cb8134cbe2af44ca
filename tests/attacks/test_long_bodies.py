"""A body of as many bytes as are taken, full of the smallest things there are, is refused before each is looked at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from exams.database_clock import database_now
from rubrics.models import Review
from tests.attempts import live_attempt
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from exams.models import Attempt

pytestmark = pytest.mark.django_db

EMPTIES = f"[{','.join(['[]'] * 300_000)}]"
KEYS = f"{{{','.join(f'{chr(34)}{number:x}{chr(34)}:[]' for number in range(90_000))}}}"
BODIES = {
    "diagnoses/": [
        f'{{"component": "index", "failure_class": "H1", "explanation": "x", "repro": {EMPTIES}}}',
        KEYS,
    ],
    "stages/live/hand-in/": [f'{{"self_checks": {KEYS}}}', f'{{"deliverables": {KEYS}}}'],
    "status-updates/": [KEYS],
}


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    return live_attempt(cast.learner)


@pytest.mark.parametrize(("address", "body"), [(address, body) for address, each in BODIES.items() for body in each])
def test_what_a_learner_sends_costs_no_second(cast: Cast, attempt: Attempt, address: str, body: str) -> None:
    began = time.process_time()
    answer = client_of(cast.learner).generic(
        "POST", f"/api/v1/attempts/{attempt.pk}/{address}", body, content_type="application/json"
    )
    assert time.process_time() - began < 1
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("PUT", "scores/communication/", f'{{"score": "0.50", "evidence": {EMPTIES}}}'),
        ("PUT", "assertions/", f'{{"assertions": {EMPTIES}}}'),
    ],
)
def test_nor_what_a_mentor_does(cast: Cast, attempt: Attempt, method: str, address: str, body: str) -> None:
    now = database_now()
    review = Review.objects.create(attempt=attempt, rubric=attempt.twin.rubric, opened_at=now, waiting_since=now)
    began = time.process_time()
    answer = client_of(cast.mentor).generic(
        method, f"/api/v1/reviews/{review.pk}/{address}", body, content_type="application/json"
    )
    assert time.process_time() - began < 1
    assert answer.status_code == 400


def test_how_many_are_taken_is_told(cast: Cast, attempt: Attempt) -> None:
    diagnosis = {"component": "index", "failure_class": "H1", "explanation": "x", "repro": ["x"] * 21}
    told = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/diagnoses/", diagnosis, format="json").json()
    assert "at most 20" in str(told)
    checks = {"self_checks": {str(number): "yes" for number in range(101)}}
    told = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/", checks, format="json")
    assert "at most 100" in str(told.json())
