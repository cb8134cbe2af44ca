"""What the database keeps row by row it also keeps from being emptied at once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

pytestmark = pytest.mark.django_db

KEPT = [
    "rubrics_basis",
    "rubrics_dimension",
    "rubrics_review",
    "rubrics_rubric",
    "rubrics_score",
    "rubrics_skillassertion",
    "grading_cell",
    "grading_gradingrun",
    "grading_reproreduction",
]


@pytest.mark.parametrize("table", KEPT)
def test_no_record_is_emptied(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hotseat.allow_truncate = 'off'")  # as everywhere but in tests
        with pytest.raises(IntegrityError, match="is a record: it is never emptied"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
