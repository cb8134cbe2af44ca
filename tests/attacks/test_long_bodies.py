"""A body of as many bytes as are taken, full of the smallest things there are, is refused before each is looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from rest_framework.fields import Field

from exams.database_clock import database_now
from rubrics.models import Review
from tests.attempts import live_attempt
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from exams.models import Attempt

pytestmark = pytest.mark.django_db

EMPTIES = f"[{','.join(['[]'] * 300_000)}]"
KEYS = f"{{{','.join(f'{chr(34)}{number:x}{chr(34)}:[]' for number in range(90_000))}}}"
FEW = 50  # fields of a body and what stands in them, where nothing is too long
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


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many parts of a body were looked at, one by one."""
    counted: Counter[str] = Counter()
    run_validation = Field.run_validation

    def counting(self: Field[object, object, object, object], *given: object, **named: object) -> object:
        counted["fields"] += 1
        return run_validation(self, *given, **named)

    monkeypatch.setattr(Field, "run_validation", counting)
    return counted


@pytest.mark.parametrize(("address", "body"), [(address, body) for address, each in BODIES.items() for body in each])
def test_what_a_learner_sends_is_not_looked_through(
    cast: Cast, attempt: Attempt, looks: Counter[str], address: str, body: str
) -> None:
    answer = client_of(cast.learner).generic(
        "POST", f"/api/v1/attempts/{attempt.pk}/{address}", body, content_type="application/json"
    )
    assert looks["fields"] < FEW
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("scores/communication/", f'{{"score": "0.50", "evidence": {EMPTIES}}}'),
        ("assertions/", f'{{"assertions": {EMPTIES}}}'),
    ],
)
def test_nor_what_a_mentor_does(cast: Cast, attempt: Attempt, looks: Counter[str], address: str, body: str) -> None:
    now = database_now()
    review = Review.objects.create(attempt=attempt, rubric=attempt.twin.rubric, opened_at=now, waiting_since=now)
    answer = client_of(cast.mentor).generic(
        "PUT", f"/api/v1/reviews/{review.pk}/{address}", body, content_type="application/json"
    )
    assert looks["fields"] < FEW
    assert answer.status_code == 400


def test_how_many_are_taken_is_told(cast: Cast, attempt: Attempt) -> None:
    diagnosis = {"component": "index", "failure_class": "H1", "explanation": "x", "repro": ["x"] * 21}
    told = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/diagnoses/", diagnosis, format="json").json()
    assert "at most 20" in str(told)
    checks = {"self_checks": {str(number): "yes" for number in range(101)}}
    told = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/", checks, format="json")
    assert "at most 100" in str(told.json())
